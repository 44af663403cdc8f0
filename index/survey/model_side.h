/*
 * One side of a comparison: the files that make up a model, local or in a store, and
 * the bytes of their tensors. Shards are parts of one side.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_MODEL_SIDE_H
#define ZLLM_MODEL_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/manifest/manifest.h"
#include "index/survey/local_model.h"

struct blob_source;
struct err;
struct transfer;

/* One file of it. */
struct side_part {
	char *name; /* its path, for people; owned */
	char *file; /* where its bytes lie locally; owned; NULL: in the store */
	struct local_model local;
	struct manifest manifest; /* where the store has it */
	bool stored;              /* `manifest` is filled: ids are known */
	const struct extents *extents;
	struct oid oid;
	bool named; /* `oid` is known */
};

struct model_side {
	const struct transfer *transfer; /* whose store has what is not local */
	struct side_part **parts;        /* owned, and each of them */
	size_t count;
};

#define MODEL_SIDE_INIT          \
	{                        \
		.transfer = NULL \
	}

void model_side_wipe(struct model_side *s);

/* Adds the local file `file`; `oid` is what it should hold, or NULL: not known. */
int model_side_add_file(struct model_side *s, const char *name, const char *file,
                        const struct oid *oid, struct err *err);

/* Adds an object of the store. ERR_MISSING where it has none of that oid. */
int model_side_add_object(struct model_side *s, const char *name, const struct oid *oid,
                          struct err *err);

/* Fills oid and named of every part: reads local files whose oid is not known. */
int model_side_name(struct model_side *s, struct err *err);

/* Opens the bytes of an extent of a part: where it is not local, from the store of `t`,
 * as a base's. The caller closes it, before the part goes. */
int side_part_open(const struct side_part *part, const struct transfer *t,
                   const struct extent *x, struct blob_source **out, struct err *err);

#endif
