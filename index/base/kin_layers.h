/*
 * How the layers of one model lie in another, learned from tensors that were matched by
 * their values: which layer became which, and which tensor of a layer is called how. So a
 * tensor of which no sketch tells enough is found by its neighbours, and a shift of layers
 * is one shift, also where a layer between two is not sure.
 *
 *     layers.4.mlp.up_proj   <- layers.6.feed_forward.w3     matched
 *     layers.4.mlp.gate_proj <- ?                            layers.6.feed_forward.w1
 *     layers.5.mlp.up_proj   <- ?                            layers.7.feed_forward.w3
 *
 * Thread rule: one thread makes and teaches it; then any may ask.
 */
#ifndef ZLLM_KIN_LAYERS_H
#define ZLLM_KIN_LAYERS_H

#include <stddef.h>

struct err;
struct extent;
struct extents;
struct kin_layers;

/* Tensors that belong together. */
struct kin_pair {
	const struct extent *x, *base;
};

/* Of the tensors of `model`, the bases, which must outlive it. */
int kin_layers_new(const struct extents *model, struct kin_layers **out, struct err *err);
void kin_layers_free(struct kin_layers *l); /* NULL is fine */

/* Learns from these pairs, in place of all before; most of them decide. */
int kin_layers_learn(struct kin_layers *l, const struct kin_pair *pairs, size_t count,
                     struct err *err);

/* The tensor of the model that `x` should derive from by what was learned; NULL where that
 * says nothing. */
const struct extent *kin_layers_propose(const struct kin_layers *l,
                                        const struct extent *x);

#endif
