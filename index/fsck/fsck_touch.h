/*
 * Whom findings touch: the objects that hold a blob, or a blob whose record stands on it;
 * the tensors; the repositories that own these objects. Found for all findings together,
 * by one more look at the manifests and the owners' markers.
 */
#ifndef ZLLM_FSCK_TOUCH_H
#define ZLLM_FSCK_TOUCH_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"
#include "codec/common/sha256.h"
#include "codec/common/xxh128.h"
#include "codec/dtype.h"
#include "index/store/store_keys.h"

struct err;
struct fsck_finding;
struct fsck_findings;
struct fsck_listing;
struct transfer;

/* An extent that is a blob of interest. */
struct fsck_use {
	struct oid id;   /* the blob */
	size_t object;   /* which of the objects */
	uint64_t offset; /* in the object, bytes */
	uint64_t size;   /* bytes */
	struct xxh128 sum;
	enum dtype dtype;
	struct key_record remembered; /* as the manifest has its record */
	char *tensor;                 /* its name, or NULL; owned */
};

struct fsck_touched {
	struct oid oid;
	uint64_t size; /* bytes; UINT64_MAX where no manifest says it */
};

struct fsck_owner {
	struct oid oid;
	char repo[REPO_ID_HEX + 1];
};

enum { FSCK_USES_MAX = 500000 }; /* more are not looked for */

struct fsck_touch {
	struct fsck_use *uses; /* in order of ids; owned */
	size_t use_count, use_cap;
	struct buf objects; /* of struct fsck_touched */
	struct buf owners;  /* of struct fsck_owner, in order of oids */
	struct buf edges; /* of a base's prefix and a blob that stands on it, in order */
};

#define FSCK_TOUCH_INIT              \
	{                            \
		.objects = BUF_INIT, \
		.owners = BUF_INIT,  \
		.edges = BUF_INIT    \
	}

/* Whose manifests are read: those of the listing, or the named ones. */
struct fsck_scope {
	const struct transfer *transfer;
	const struct fsck_listing *listing;
	const struct oid *named; /* NULL: all */
	size_t named_count;
};

/* 0 also where manifests cannot be read: those are passed over. `t` is empty; the caller
 * wipes it. */
int fsck_touch_find(struct fsck_touch *t, const struct fsck_scope *scope,
                    const struct fsck_findings *findings, struct err *err);
void fsck_touch_wipe(struct fsck_touch *t);

size_t fsck_touched_count(const struct fsck_touch *t);
const struct fsck_touched *fsck_touched(const struct fsck_touch *t, size_t object);

/* The uses of the blob whose id begins with `n` bytes of `id`. */
const struct fsck_use *fsck_uses_of(const struct fsck_touch *t, const uint8_t *id,
                                    size_t n, size_t *count);

/* The owners of an object; *count is how many. */
const struct fsck_owner *fsck_owners_of(const struct fsck_touch *t, const struct oid *oid,
                                        size_t *count);

/* Adds to `uses` a const struct fsck_use * for each use that one finding of a blob touches,
 * in order of objects. 0 or ERR_NOMEM. */
int fsck_touched_by(const struct fsck_touch *t, const struct fsck_finding *one,
                    struct buf *uses, struct err *err);

/* Whether any blob stands on the one whose id begins so: then its record is to be solo. */
int fsck_is_base(const struct fsck_touch *t, const uint8_t prefix[KEY_BASE_PREFIX]);

#endif
