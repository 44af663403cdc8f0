/*
 * A tensor of three dimensions or more is mostly a stack: the experts of a layer, or the
 * layers of a model, in one. In other files the same tensors lie one by one; so a stack is
 * cut along its leading dimension, and each slice is a tensor like any other: equal ones are
 * one blob, whichever form they have, and one finds its base in the other.
 *
 *     model.layers.0.mlp.experts.gate_up_proj [128, 1536, 2048]
 *     model.layers.0.mlp.experts.0.gate_proj        [768, 2048]
 *     model.layers.0.mlp.experts.0.up_proj          [768, 2048]
 *     ...
 *     model.layers.0.mlp.experts.127.up_proj        [768, 2048]
 *
 * Where the name says that each slice is two tensors, one after another, it is cut in two.
 *
 * Pure but for memory; any thread.
 */
#ifndef ZLLM_STACK_CUT_H
#define ZLLM_STACK_CUT_H

#include <stdbool.h>

struct err;
struct extent;
struct extents;

/* Whether `x` is a stack: a tensor with a name, of three dimensions or more, of which the
 * first is 2 or more, and whose slices are large enough for records of their own. */
bool stack_fits(const struct extent *x);

/* Whether any of them is one. */
bool stacks_any(const struct extents *x);

/*
 * Cuts the stacks of a model that was scanned and not hashed yet; those of which `keep`
 * (one for each extent; NULL: none) is true stay whole. Of safetensors only, whose header
 * says all names before the first tensor. 0, or ERR_NOMEM with `x` as it was.
 */
int stacks_cut(struct extents *x, const bool *keep, struct err *err);

#endif
