/*
 * What a check found, one thing each: a record, an object's manifest, a key. Each is told
 * once, however many objects need it; whom it touches is found afterwards (fsck_touch.h).
 */
#ifndef ZLLM_FSCK_FINDING_H
#define ZLLM_FSCK_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "codec/common/sha256.h"
#include "index/fsck/fsck_copies.h"
#include "index/store/store_keys.h"

struct err;

enum fsck_kind {
	FSCK_MANIFEST_DAMAGED, /* what lies at an object's key is not its manifest */
	FSCK_MANIFEST_FALSE,   /* its records are whole, and make up another object */
	FSCK_MANIFEST_MISSING, /* an owner names the object, or who asked for it */
	FSCK_RECORD_WRONG,     /* damaged, another blob's, or not a plain value */
	FSCK_RECORD_MISSING,   /* a manifest lists the blob */
	FSCK_BASE_MISSING,     /* a delta is there that nobody can decode without it */
	FSCK_BASE_NOT_SOLO,    /* it can be decoded, by way of another delta */
	FSCK_IN_TRASH,         /* out of sight, and whole: readers find it */
	FSCK_UNREADABLE,       /* nothing can be said: permissions, a newer version */
	FSCK_FOREIGN,          /* a key that is not one of ours: nobody's business */
	FSCK_KINDS
};

/* "record-damaged" and so on: as --json has it, and docs/store.md explains it. */
const char *fsck_kind_name(enum fsck_kind kind);

/* Whether objects suffer from it; what does not is a remark. */
bool fsck_kind_hurts(enum fsck_kind kind);

struct fsck_finding {
	enum fsck_kind kind;
	bool hurts;     /* some object is not whole for it */
	bool is_object; /* `id` is an object's, else a blob's; of neither for a key that is
	                  * nobody's */
	bool set_aside;   /* what was wrong is in trash/ */
	bool repaired;    /* by this run, and proved */
	unsigned id_size; /* bytes of it that are known: a base may be known by its key */
	struct oid id;
	char key[KEY_MAX]; /* where it lies, or should; "" when not known */
	char *text;        /* one sentence; owned */
	int code;          /* the error that it is */
	enum fsck_source copy; /* where it was mended from, or where a copy seems to be */
	char *why;             /* it was not mended; owned; NULL: there is no copy */
};

enum { FSCK_FINDINGS_MAX = 10000 }; /* more are counted, and are found by the next run */

struct fsck_findings {
	struct fsck_finding *list; /* owned */
	size_t count, cap;
	size_t left_out;
};

void fsck_findings_wipe(struct fsck_findings *f);

/* Adds it unless there is one of that kind, id and key, or one that says already that the
 * blob's record is wrong or missing, where that is all it says; `text` is copied. *out, which
 * may be NULL, is that one, valid until the next is added; NULL where there are too many. 0
 * or ERR_NOMEM. */
int fsck_findings_add(struct fsck_findings *f, const struct fsck_finding *one,
                      struct fsck_finding **out, struct err *err);

#endif
