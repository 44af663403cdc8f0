/*
 * What a tensor is for, by its name: a query projection, a fused one, an embedding.
 *
 *     model.layers.7.self_attn . qkv_proj . weight
 *     ----------------------->   ^^^^^^^^  ------->
 *     place                      role      suffix
 *
 * Pure; any thread at any time.
 */
#ifndef ZLLM_TENSOR_ROLE_H
#define ZLLM_TENSOR_ROLE_H

#include <stdbool.h>
#include <stddef.h>

enum role {
	ROLE_QUERY,
	ROLE_KEY,
	ROLE_VALUE,
	ROLE_QUERY_KEY_VALUE,
	ROLE_KEY_VALUE,
	ROLE_GATE,
	ROLE_UP,
	ROLE_GATE_UP,
	ROLE_EMBEDDING,
	ROLE_HEAD
};

struct tensor_role {
	enum role role;
	const char *place; /* the name up to the role; not NUL-terminated */
	size_t place_length;
	const char *suffix; /* the name after the role and its dot or underscore */
};

/* False where the name has no role that we know. Points into `name`. */
bool tensor_role_of(const char *name, struct tensor_role *out);

/* Orders by role, suffix, and the numbers in the place, such as that of the layer:
 * what is 0 may belong together, whatever else the two models call it. */
int tensor_role_compare(const struct tensor_role *a, const struct tensor_role *b);

/* The pieces of a fused role, in their order; returns how many, 0 for others. */
unsigned tensor_role_pieces(enum role fused, enum role pieces[3]);

#endif
