#include "codec/factors.h"

enum {
	PARAMETER_BITS = 4,
	ALL_ZERO = 15, /* as parameter: no bits follow */
	ONES_MAX = 16, /* ones that announce a plain number */
	PLAIN_BITS = 16
};

/* 0, -1, 1, -2, 2, ... as 0, 1, 2, 3, 4, ... */
static uint32_t fold(int16_t v)
{
	return v < 0 ? (uint32_t)(-2 * (int32_t)v - 1) : (uint32_t)(2 * (int32_t)v);
}

static int16_t unfold(uint32_t z)
{
	return (int16_t)(z % 2 ? -(int32_t)(z / 2) - 1 : (int32_t)(z / 2));
}

static unsigned bits_of(uint32_t z, unsigned k)
{
	return z >> k < ONES_MAX ? (z >> k) + 1 + k : ONES_MAX + PLAIN_BITS;
}

/* The parameter that makes least of the numbers, and what. */
static unsigned best_parameter(const int16_t *v, size_t count, size_t step, size_t *bits)
{
	size_t sum[ALL_ZERO] = { 0 };
	uint32_t any = 0;
	unsigned best = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t z = fold(v[i * step]);
		any |= z;
		for (unsigned k = 0; k < ALL_ZERO; k++)
			sum[k] += bits_of(z, k);
	}
	*bits = 0;
	if (!any)
		return ALL_ZERO;
	for (unsigned k = 1; k < ALL_ZERO; k++)
		if (sum[k] < sum[best])
			best = k;
	*bits = sum[best];
	return best;
}

size_t factors_bits(const int16_t *v, size_t count, size_t step)
{
	size_t bits;

	best_parameter(v, count, step, &bits);
	return bits + PARAMETER_BITS;
}

void factors_put(struct bits_writer *to, const int16_t *v, size_t count, size_t step)
{
	size_t bits;
	unsigned k = best_parameter(v, count, step, &bits);

	bits_put(to, k, PARAMETER_BITS);
	for (size_t i = 0; i < count && k != ALL_ZERO; i++) {
		uint32_t z = fold(v[i * step]), ones = z >> k;
		if (ones >= ONES_MAX) {
			bits_put(to, (1u << ONES_MAX) - 1, ONES_MAX);
			bits_put(to, z, PLAIN_BITS);
			continue;
		}
		bits_put(to, (1u << ones) - 1, ones + 1);
		bits_put(to, z & ((1u << k) - 1), k);
	}
}

static uint32_t get_folded(struct bits_reader *from, unsigned k)
{
	uint32_t low;
	unsigned ones = bits_get_rice(from, ONES_MAX, k, &low);

	/* At most 15 * 2^14 + 2^14 - 1: more than 16 bits, which are damage. */
	return ones == ONES_MAX ? bits_get(from, PLAIN_BITS) : (uint32_t)ones << k | low;
}

uint32_t factors_get(struct bits_reader *from, int16_t *v, size_t count, size_t step)
{
	unsigned k = bits_get(from, PARAMETER_BITS);
	uint32_t greatest = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t z = k == ALL_ZERO || from->bad ? 0 : get_folded(from, k);
		if (z > UINT16_MAX) {
			from->bad = true;
			z = 0;
		}
		v[i * step] = unfold(z);
		uint32_t size = (z + 1) / 2;
		greatest = size > greatest ? size : greatest;
	}
	return greatest;
}
