/*
 * The prediction of a delta, made window by window out of its bases' bytes, wherever
 * these come from: whole bases, cast ones, parts of several (codec/parts.h).
 *
 * Reading the blob in order, each part reads its base in order too, in blocks that
 * are kept from one window to the next: no byte of a base is asked for twice by the
 * same part, however its rows lie, and memory is one block for each part.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_PREDICTOR_H
#define ZLLM_PREDICTOR_H

#include <stddef.h>
#include <stdint.h>

#include "codec/record.h"
#include "index/blob/blob_source.h"

struct bases;
struct err;
struct predictor;

/* Where bytes of bases come from. */
struct predictor_source {
	const struct bases *bases; /* of the basis; they outlive the predictor */
	blob_source_read_fn *read; /* in order, where they are to be proved */
	size_t block;              /* bytes to read at a time for a part */
};

/* For a blob of `dtype`. `basis` is without a fault (record.h) and copied.
 * ERR_DAMAGED where a base is too short for the parts. */
int predictor_new(const struct record_basis *basis, enum dtype dtype,
                  const struct predictor_source *source, struct predictor **out,
                  struct err *err);
void predictor_free(struct predictor *p); /* NULL is fine */

/* Makes the prediction of the `n` bytes at `start`, which is at a value; zeros where
 * there is none. */
int predictor_read(struct predictor *p, uint64_t start, size_t n, uint8_t *dst,
                   struct err *err);

#endif
