/*
 * The hashes of a file's extents, and which of them travel in the manifest.
 */
#ifndef ZLLM_EXTENTS_HASH_H
#define ZLLM_EXTENTS_HASH_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct extents;
struct oid;

/* Whether all of a file that was scanned will travel in the manifest (extents_hash()
 * says what does). */
bool extents_all_inline(const struct extents *x);

/* Who is told how far a pass has come: now and then, bytes done in all. */
struct extents_progress {
	void (*told)(void *ctx, uint64_t bytes);
	void *ctx;
};

/*
 * One pass over the file: cuts what has no structure into chunks, fills `id`
 * and `sum` of every extent, decides which travel in the manifest, and gives
 * the SHA-256 of the whole file. Extents with a record get an empty finding. Memory is
 * a few MiB whatever the size, beside the list. The hash of the whole and those of the
 * extents run on two threads.
 *
 * Inline are: a file without tensors (model_format.h) smaller than EXTENT_INLINE_CHUNK,
 * whole; and, in order, extents of a model smaller than EXTENT_INLINE_TENSOR as long as
 * they add up to EXTENT_INLINE_TOTAL at most; and all that are empty.
 *
 * 0; ERR_MISMATCH when the file is no longer x->size bytes long; ERR_IO;
 * ERR_NOMEM. On failure `x` has the extents that it had. `progress` may be NULL.
 */
int extents_hash(int fd, struct extents *x, struct oid *whole,
                 const struct extents_progress *progress, struct err *err);

#endif
