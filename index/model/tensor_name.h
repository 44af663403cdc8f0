/*
 * Tensors of one purpose have different names in different files: a model inside
 * another ("language_model."), a wrapper ("module.", "_orig_mod."), an adapter
 * ("base_model.model."), or the habit of a library ("transformer.").
 *
 * Pure; any thread at any time.
 */
#ifndef ZLLM_TENSOR_NAME_H
#define ZLLM_TENSOR_NAME_H

#include <stdbool.h>
#include <stdint.h>

struct extent;

/* The part of `name` after all prefixes that differ in practice; never empty unless
 * `name` is. Points into `name`. */
const char *tensor_name_core(const char *name);

/* Whether the tensor is a vocabulary: an embedding, or the head that may be tied to
 * it. They share one name-key. */
bool tensor_name_is_vocabulary(const char *name);

/*
 * The name-key: tensors that may be bases of one another share it. Made of the name's
 * core, of the class of the dtype (BF16, FP16 and FP32 are one) and of all dimensions
 * but the leading one, which grows with a vocabulary. `x` has a name.
 */
uint64_t tensor_name_key(const struct extent *x);

#endif
