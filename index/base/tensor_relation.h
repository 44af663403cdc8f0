/*
 * How a tensor may derive from tensors of another model: which basis, if any, maps
 * them onto it. Names (tensor_names.h) and shapes decide what is worth a trial
 * (base_choice.h); a trial decides what is taken, so a wrong guess costs time and never
 * a byte.
 *
 *     same      the same shape and dtype
 *     cast      the same shape, another float dtype
 *     rows      more rows or fewer: a vocabulary that was grown
 *     window    one more dimension is longer or shorter: padding
 *     piece     a range of a fused tensor's rows or columns (q_proj of qkv_proj)
 *     fused     two or three tensors one after another (qkv_proj of q, k, v)
 *     tied      head and embedding of one vocabulary, one for the other
 *
 * Fusions that interleave heads (GPT-NeoX's query_key_value, InternLM's wqkv) are not
 * recognised: a shape does not say how many heads there are. The record format could
 * hold them (codec/parts.h).
 *
 * Pure; any thread at any time.
 */
#ifndef ZLLM_TENSOR_RELATION_H
#define ZLLM_TENSOR_RELATION_H

#include <stdbool.h>

#include "codec/record.h"

struct extent;

enum relation_kind {
	RELATION_SAME,
	RELATION_CAST,
	RELATION_ROWS,
	RELATION_WINDOW,
	RELATION_PIECE,
	RELATION_FUSED,
	RELATION_TIED
};

struct tensor_relation {
	enum relation_kind kind;
	const struct extent *bases[RECORD_BASES_MAX]; /* basis.base_count of them */
	struct record_basis basis; /* ids and dtypes are those of the bases */
};

/* Whether `base` may predict `x` by its shape and dtype alone, whatever their names:
 * same, cast, rows or window. Rows and windows may be cast, too. */
bool relation_by_shape(const struct extent *x, const struct extent *base,
                       struct tensor_relation *out);

/* Whether `x` may be a piece of `fused` along the one dimension in which their shapes
 * differ: number `place` of pieces as long as itself, from 0; or counted from the end,
 * where -1 is the last. */
bool relation_to_fused(const struct extent *x, const struct extent *fused, int place,
                       struct tensor_relation *out);

/* Whether `x` may be the `count` tensors `parts` one after another along the one
 * dimension in which their shapes differ. A part that has no record, being inline, or
 * that is equal to one before it is left bare. */
bool relation_to_parts(const struct extent *x, const struct extent *const *parts,
                       unsigned count, struct tensor_relation *out);

#endif
