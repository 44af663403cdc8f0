/*
 * A tensor's name as a place in its model: the layer, by its number, and the rest.
 *
 *     model.layers.17.self_attn.q_proj.weight
 *     |head........|  |tail..................|
 *                  layer
 *
 * The layer is the first part of the name, between dots, that is a number; other numbers
 * (of experts) belong to the tail. Pure; any thread at any time.
 */
#ifndef ZLLM_LAYER_NAME_H
#define ZLLM_LAYER_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct layer_name {
	const char *head; /* not ended by a NUL; points into the name */
	size_t head_length;
	uint32_t layer;
	const char *tail;
};

/* False where no part of the name is a number below 10^9. */
bool layer_name_of(const char *name, struct layer_name *out);

/* Orders by head; negative, 0 or positive. */
int layer_name_compare_head(const struct layer_name *a, const struct layer_name *b);

/* Orders by head, then layer. */
int layer_name_compare_layer(const struct layer_name *a, const struct layer_name *b);

/* Orders by head, then tail. */
int layer_name_compare_role(const struct layer_name *a, const struct layer_name *b);

#endif
