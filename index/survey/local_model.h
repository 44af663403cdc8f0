/*
 * A model in a local file, outside any store: its extents, and where in it a blob
 * or a tensor lies.
 * Thread rule: constant once opened and hashed.
 */
#ifndef ZLLM_LOCAL_MODEL_H
#define ZLLM_LOCAL_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/model/extent.h"

struct err;
struct local_range;

struct local_model {
	const char *path; /* not owned */
	int fd;           /* -1 when there is none */
	uint64_t size;    /* bytes */
	struct extents extents;
	struct oid oid; /* of the whole file, once hashed */

	struct local_range *ranges; /* by id, once hashed; owned */
	size_t range_count;
};

#define LOCAL_MODEL_INIT               \
	{                              \
		.path = NULL, .fd = -1 \
	}

/* Opens the file and finds its extents by its content. ERR_INPUT where something other
 * than a file is at `path`. */
int local_model_open(const char *path, struct local_model *out, struct err *err);

/* The same, taking the file for one array of that dtype: a tensor with an empty name
 * and one dimension. */
int local_model_open_array(const char *path, enum dtype dtype, struct local_model *out,
                           struct err *err);

void local_model_close(struct local_model *m);

/* Reads the whole file: fills oid, and id and sum of every extent. */
int local_model_hash(struct local_model *m, struct err *err);

/* As transfer.local_blob; `ctx` is a hashed model. The whole file is a blob, too. */
int local_model_find(void *ctx, const struct oid *id, const char **path, uint64_t *offset,
                     uint64_t *size);

#endif
