/*
 * Relatives: the manifests of the objects that hints name, searched for tensors
 * like those that are about to be stored: of the same name, or of one that tells that
 * they belong together (tensor_names.h), and of a shape and dtype that fit.
 *
 * Thread rule: constant once loaded; any thread may ask.
 */
#ifndef ZLLM_RELATIVES_H
#define ZLLM_RELATIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/tensor_relation.h"

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

/* A tensor, or several, that may serve as base. */
struct relative {
	struct tensor_relation relation;
	const struct base_hint *hint; /* the object it was found in */
};

/* Reads manifests in the order of the hints until each of the `count` tensors in
 * `wanted` has found its like. Hints that the store does not know, or whose
 * manifest is damaged, are passed over. `hints` must outlive the relatives. */
int relatives_load(const struct transfer *t, const struct base_hints *hints,
                   const struct extent *const *wanted, size_t count,
                   struct relatives **out, struct err *err);
void relatives_free(struct relatives *r);

/* The likes of the tensor `x` (one of `wanted`), best first; returns how many. */
size_t relatives_like(const struct relatives *r, const struct extent *x,
                      struct relative out[RELATIVES_LIKES_MAX]);

/* Where a local file should hold the blob `id`: 0 with its path, offset and size,
 * or 1 when none is known. */
int relatives_local(const struct relatives *r, const struct oid *id, const char **path,
                    uint64_t *offset, uint64_t *size);

#endif
