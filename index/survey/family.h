/*
 * The family of an object: what derives from what in a store, by the bases that
 * manifests name. An object's parent is the one that holds most of the bases of its
 * tensors; one that has no deltas, but shares at least half of its tensors with an
 * older object, hangs on that.
 *
 * All manifests of the store are read, but little of each is kept: eight bytes for a
 * tensor and eight for a base.
 */
#ifndef ZLLM_FAMILY_H
#define ZLLM_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/model/model_format.h"
#include "index/survey/word_diff.h"

struct err;
struct transfer;

enum {
	FAMILY_NONE = -1,
	FAMILY_OBJECTS_MAX = 1 << 20, /* manifests that are read */
	FAMILY_WORDS_MAX = 1 << 24    /* tensors and bases kept of them all */
};

struct family_member {
	struct oid oid;
	uint64_t size;  /* bytes */
	int64_t mtime;  /* when it was pushed, seconds since 1970 */
	char *path;     /* as its manifest notes it; owned; NULL: not known */
	char *commit;   /* likewise */
	char *base_oid; /* likewise: what was taken for its base */
	uint32_t first; /* where its words begin */
	enum model_kind model;
	uint32_t tensors; /* records of its own or shared; an opaque file's chunks */
	uint32_t deltas;  /* of them, those that have a base */
	int parent;       /* index, or FAMILY_NONE */
	uint32_t edge;    /* tensors that tie it to its parent */
	bool shares;      /* tied by equal tensors, not by deltas */
	bool related;     /* of the family that was asked for */
};

/* What an object has in common with others, relatives or not. */
struct family_sharing {
	uint32_t shared; /* of its tensors or chunks: those that others have, too */
	uint32_t most;   /* of these, those of `with` */
	int with;        /* the object that has most of them, or FAMILY_NONE */
};

struct family {
	struct family_member *list; /* owned; all objects with records, by oid */
	size_t count;
	size_t members;                /* related ones */
	int root;                      /* the oldest ancestor of the one asked for */
	struct family_sharing sharing; /* of the one asked for */
	bool cut;                      /* the store holds more than is looked at */
};

#define FAMILY_INIT          \
	{                    \
		.list = NULL \
	}

/* Finds the family of `oid`. ERR_MISSING where the store does not have it. Manifests
 * that cannot be read are passed over. */
int family_find(const struct transfer *t, const struct oid *oid, struct family *out,
                struct err *err);
void family_wipe(struct family *f);

/* What a member takes in the store, and how far it is from its parent. */
struct family_distance {
	uint64_t stored; /* bytes of its records; those that others share included */
	struct word_count sampled; /* of some tensors; no words: none */
};

/* Looks at the records of member `i`, and at samples of those that are tied to its
 * parent. */
int family_measure(const struct transfer *t, const struct family *f, int i,
                   struct family_distance *out, struct err *err);

#endif
