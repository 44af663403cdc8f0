/*
 * Which tensors are worth comparing by what they hold, whatever their names: those of one
 * kin-key, whose sketches (tensor_sketch.h) are made of the same places.
 *
 * Pure; any thread at any time.
 */
#ifndef ZLLM_KIN_KEY_H
#define ZLLM_KIN_KEY_H

#include <stdbool.h>
#include <stdint.h>

struct extent;
struct tensor_sketch;

/*
 * Made of the class of the dtype (BF16, FP16 and FP32 are one), of all dimensions but the
 * leading one, and of the places of the sketch. Its upper 16 bits are 0, which tells a
 * marker by values from one by name (kin_marker.h). `x` is a tensor.
 */
uint64_t kin_key(const struct extent *x);

/* Whether a key of a marker looks like a kin-key: always for one, and for one in 65536 of
 * the name-keys. */
bool kin_key_fits(uint64_t key);

/* Whether `x` is a tensor with a record whose sketch tells it from others: a matrix of
 * zeros or ones is as near to any other as to its base. */
bool kin_is_telling(const struct extent *x);

/* The signs of the sketch's values, a bit each. Of tensors that are near most are equal,
 * of others half: a comparison in two instructions. */
uint32_t kin_signs(const struct extent *x);

#endif
