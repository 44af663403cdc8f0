/*
 * Relatives: the manifests of the objects that hints name, searched for tensors
 * like those that are about to be stored: of the same name, or of one that tells that
 * they belong together (tensor_names.h), and of a shape and dtype that fit; and, whatever
 * the names, those that are near by what they hold (kin_match.h). Which of the two is taken
 * their distance decides.
 *
 * Thread rule: one thread loads; then any thread may ask.
 */
#ifndef ZLLM_RELATIVES_H
#define ZLLM_RELATIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/base/tensor_relation.h"
#include "index/model/tensor_sketch.h"

struct base_hint;
struct base_hints;
struct err;
struct extent;
struct relatives;
struct transfer;

enum { RELATIVES_LIKES_MAX = 3 };

/* Whether the tensor `base` may predict the tensor `x`: the shape and the dtype
 * allow it. Names are for the caller. */
bool relatives_alike(const struct extent *x, const struct extent *base);

/* A tensor, or several, that may serve as base, or whose own bases may. */
struct relative {
	struct tensor_relation relation;
	const struct base_hint *hint; /* the object it was found in */
	struct sketch_gap gap;        /* known only where one tensor predicts all, or all
	                               * but rows that are new */
	bool by_values;               /* found by what it holds, not by its name */
};

/* None yet. `wanted` and its extents must outlive the relatives; so must all hints. */
int relatives_new(const struct extent *const *wanted, size_t count,
                  struct relatives **out, struct err *err);
void relatives_free(struct relatives *r);

/*
 * Reads manifests in the order of the hints until each wanted tensor is satisfied:
 * has found a like that is near enough by their sketches, or whose distance nothing
 * tells; and one that is not a delta that took more than half of what it takes solo: then
 * the bases of others (the card's, a sibling) are worth a trial, too. When only a few bytes are left unsatisfied, only a few more are read. Hints
 * that the store does not know, or whose manifest is damaged, are passed over.
 */
int relatives_load(struct relatives *r, const struct transfer *t,
                   const struct base_hints *hints, struct err *err);

/* Whether the wanted tensor `x` is satisfied, and whether nearly all are, by bytes. */
bool relatives_satisfied(const struct relatives *r, const struct extent *x);
bool relatives_suffice(const struct relatives *r);

/* Whether for nearly all, by bytes, something near was found, be they satisfied or not. */
bool relatives_found(const struct relatives *r);

/* How many manifests were asked for so far. */
size_t relatives_requests(const struct relatives *r);

/*
 * The likes of the tensor `x` (one of `wanted`), ranked: the user's first, then by
 * distance where sketches tell it, then by source and the order of the hints; of those
 * that stand on the same base, one. Returns how many.
 */
size_t relatives_like(const struct relatives *r, const struct extent *x,
                      struct relative out[RELATIVES_LIKES_MAX]);

/* Where a local file should hold the blob `id`: 0 with its path, offset and size,
 * or 1 when none is known. */
int relatives_local(const struct relatives *r, const struct oid *id, const char **path,
                    uint64_t *offset, uint64_t *size);

#endif
