/*
 * Rice numbers whose parameter follows the numbers seen of late: ones for the
 * high part, then the low part as it is; what would take twelve ones is written
 * plainly. docs/format-ulp-float.md has the rule. The caller keeps the mean.
 */
#ifndef ZLLM_RICE_H
#define ZLLM_RICE_H

#include "codec/bits.h"

enum {
	RICE_UNARY_MAX = 12,  /* ones that announce a plain number */
	RICE_PLAIN_BITS = 13, /* bits of that number */
	RICE_MEAN_FIRST = 16  /* twice the mean, before any was seen */
};

/* Bits that are written as they are, for a mean (times two) of late. */
static inline unsigned rice_parameter(unsigned mean)
{
	unsigned third = (mean + 2) / 3; /* rounded up: at most 2^k */

	return third < 2 ? 0 : 32u - (unsigned)__builtin_clz(third - 1);
}

static inline void rice_follow(unsigned *mean, unsigned v)
{
	*mean = *mean - *mean / 2 + v;
}

/* Writes `v`, below 2^13. */
static inline void rice_put(struct bits_writer *to, unsigned v, unsigned mean)
{
	unsigned k = rice_parameter(mean), ones = v >> k;

	if (ones >= RICE_UNARY_MAX) {
		bits_put(to, (1u << RICE_UNARY_MAX) - 1, RICE_UNARY_MAX);
		bits_put(to, v, RICE_PLAIN_BITS);
		return;
	}
	bits_put(to, (1u << ones) - 1, ones + 1);
	bits_put(to, v & ((1u << k) - 1), k);
}

static inline unsigned rice_get(struct bits_reader *from, unsigned mean)
{
	unsigned k = rice_parameter(mean);
	uint32_t low;
	unsigned ones = bits_get_rice(from, RICE_UNARY_MAX, k, &low);

	return ones == RICE_UNARY_MAX ? bits_get(from, RICE_PLAIN_BITS) : ones << k | low;
}

/* A number of either side of a guess `g` as one, small distances first. It
 * cannot be below 0, so beyond twice the guess all are above it. */
static inline unsigned rice_fold(unsigned v, unsigned g)
{
	if (v > 2 * g)
		return v;
	return v >= g ? 2 * (v - g) : 2 * (g - v) - 1;
}

static inline unsigned rice_unfold(unsigned folded, unsigned g)
{
	if (folded > 2 * g)
		return folded;
	return folded % 2 ? g - (folded + 1) / 2 : g + folded / 2;
}

#endif
