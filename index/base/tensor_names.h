/*
 * A model's tensors by name, and which of them another tensor may derive from, by its
 * name: the tensor of the same name; the fused tensor that it is a piece of, or its
 * pieces; its twin where head and embedding are tied. The naming rules are the table in
 * tensor_role.c.
 *
 * Thread rule: constant once made; any thread may ask.
 */
#ifndef ZLLM_TENSOR_NAMES_H
#define ZLLM_TENSOR_NAMES_H

#include <stdbool.h>

#include "index/base/tensor_relation.h"

struct err;
struct extents;
struct tensor_names;

/* Those of `model`, which must outlive it. */
int tensor_names_new(const struct extents *model, struct tensor_names **out,
                     struct err *err);
void tensor_names_free(struct tensor_names *n); /* NULL is fine */

/* What in the model `x` may derive from; false where nothing is known. Tensors that
 * travel in a manifest are not bases. */
bool tensor_names_relate(const struct tensor_names *n, const struct extent *x,
                         struct tensor_relation *out);

#endif
