/*
 * What a tensor takes, solo or as a delta, guessed from sketches before anything is read.
 * Good enough to choose what is worth a trial; never to choose what is stored.
 *
 *     bits of a value = what its steps say  +  what lies below BF16, which no base predicts
 *
 * Pure; any thread.
 */
#ifndef ZLLM_DELTA_COST_H
#define ZLLM_DELTA_COST_H

#include <stdint.h>

#include "codec/dtype.h"

struct extent;

/* The same as the pieces of a manifest say: what the best codec without a base made of the
 * tensor's samples, or what such tensors mostly take. In thousandths of its size. */
unsigned solo_cost_permille(const struct extent *x);

/* What such tensors mostly take. */
unsigned solo_cost_usual(enum dtype dtype);

/* What the tensor `x`, that takes `solo` thousandths alone, may take as a delta against
 * `base`, in thousandths of its size; UINT32_MAX where their sketches say that it is not
 * worth a trial, or are not of the same places. */
unsigned delta_cost_permille(const struct extent *x, const struct extent *base,
                             unsigned solo);

#endif
