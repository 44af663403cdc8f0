/*
 * A frame's numbers taken apart into byte planes: all first bytes, then all
 * second bytes, and so on. Floats are first rotated left by one bit, which puts
 * the exponent's upper eight bits into the top plane and the sign beside the
 * mantissa; XOR with a base happens on the way.
 *
 *     BF16   s eeeeeeee mmmmmmm  ->  plane 1: eeeeeeee   plane 0: mmmmmmms
 *
 * Pure; any thread.
 */
#ifndef ZLLM_PLANES_H
#define ZLLM_PLANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/dtype.h"

/* How the planes of a frame lie: plane k is the `count` bytes from k * count,
 * holding byte k (little-endian) of every number; the `tail` bytes of a number
 * cut short follow after the last plane. */
struct planes {
	unsigned width; /* planes, that is bytes of a number: 1, 2, 4 or 8 */
	size_t count;   /* whole numbers */
	size_t tail;    /* bytes after them, fewer than `width` */
	bool rotated;
};

/* The planes of `size` bytes of that dtype. C64 is two numbers of four bytes. */
struct planes planes_of(enum dtype dtype, size_t size);

/* Takes `src` apart into `out`, both of the size that `p` was made for. `base`,
 * of that size too, is XORed in first; NULL means none. */
void planes_split(const struct planes *p, const uint8_t *src, const uint8_t *base,
                  uint8_t *out);

/* The inverse: planes_split() of what this writes to `dst` gives `in` again. */
void planes_merge(const struct planes *p, const uint8_t *in, const uint8_t *base,
                  uint8_t *dst);

#endif
