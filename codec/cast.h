/*
 * Conversions between float dtypes, as predictions: the BF16 or FP16 copy of an
 * FP32 model is its rounding, the FP32 copy of a BF16 model its exact widening.
 * Rounding is to nearest, ties to even, as the frameworks do it; integer
 * arithmetic only, so every machine makes the same bytes.
 *
 * Pure; any thread at any time.
 */
#ifndef ZLLM_CAST_H
#define ZLLM_CAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/dtype.h"

/* Whether values of `from` can predict values of `to`: different ones of BF16,
 * F16 and F32. */
bool cast_exists(enum dtype from, enum dtype to);

/* Converts `count` little-endian values of `src` into `dst`. The cast must
 * exist; the two do not overlap. */
void cast_values(enum dtype from, enum dtype to, const uint8_t *src, size_t count,
                 uint8_t *dst);

#endif
