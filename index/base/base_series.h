/*
 * A series: versions of one file, each stored as a delta against the same solo one, the
 * key. Drift makes the deltas dearer. When should a version be stored solo, as a new key,
 * although its delta is still smaller?
 *
 *     key   d1   d2   d3   d4  ...      average of a version so far: (key + d1 + ...) / n
 *     658   140  170  195  214          658, 399, 323, 291, 275 ...
 *                                       the first delta above the average: renew
 *
 * As with machines that wear out: one is replaced when its next year costs more than its
 * average year so far, and for costs that only rise that is the best time there is. For
 * series of 50 with costs of several shapes it stays within 5 % of the best choice of keys
 * (tests/unit/test_base_series.c).
 *
 * Pure; any thread at any time.
 */
#ifndef ZLLM_BASE_SERIES_H
#define ZLLM_BASE_SERIES_H

#include <stdbool.h>

struct extent;

/* How a series stands; the costs in thousandths of the raw size of a version. */
struct base_series {
	unsigned length; /* versions, the key included */
	unsigned spent;  /* what they take together */
};

/* The series that the version `x` is the latest of, as its manifest remembers it. `solo`
 * is what a key costs, where that is not remembered. */
struct base_series base_series_of(const struct extent *x, unsigned solo);

/* Whether a delta of that cost is dear enough for a new key. Never for the first two:
 * these may be a model and a fine-tune, and no series. */
bool base_series_is_dear(const struct base_series *s, unsigned delta);

#endif
