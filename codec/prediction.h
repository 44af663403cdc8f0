/*
 * What a delta's bytes are predicted to be: those of its base, or the base's
 * values cast to its own dtype (record.h, enum prediction). What the base does not
 * have is zeros.
 *
 * Pure; any thread at any time.
 */
#ifndef ZLLM_PREDICTION_H
#define ZLLM_PREDICTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/dtype.h"

struct record_base;

/* Bytes of the base. */
struct prediction_span {
	uint64_t start;
	size_t size;
};

/* Which bytes of `base` predict the `n` bytes at `start` of a blob of `dtype`;
 * `start` is at a value. A start beyond 2^64 comes out as UINT64_MAX, which no base
 * has. */
struct prediction_span prediction_span(const struct record_base *base, enum dtype dtype,
                                       uint64_t start, size_t n);

/* Whether the base's bytes are the prediction as they are. */
bool prediction_is_plain(const struct record_base *base, enum dtype dtype);

/* Makes the prediction of `n` bytes out of the span's bytes where it is not plain. */
void prediction_cast(const struct record_base *base, enum dtype dtype,
                     const uint8_t *span, uint8_t *out, size_t n);

#endif
