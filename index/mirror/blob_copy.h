/*
 * Copying blobs from one store into another, each once, and a delta's bases before it.
 * Thread rule: any number of threads; two that want the same blob copy it once.
 */
#ifndef ZLLM_BLOB_COPY_H
#define ZLLM_BLOB_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct blob_copy;
struct content_part;
struct err;
struct extent;
struct store;
struct transfer;

/* What is given stays the caller's. */
int blob_copy_new(const struct transfer *from, struct store *to, struct blob_copy **out,
                  struct err *err);
void blob_copy_free(struct blob_copy *c); /* NULL is fine */

/* Sees to it that the target has a record of the blob of `x`, and of all that it needs,
 * and gives its content to `part`: as it is copied, or read from the target where that
 * had it. ERR_MISSING when the source has none. */
int blob_copy_one(struct blob_copy *c, const struct extent *x, struct content_part *part,
                  struct err *err);

/* What was copied so far; not while threads are at it. */
void blob_copy_count(const struct blob_copy *c, size_t *records, uint64_t *bytes);

#endif
