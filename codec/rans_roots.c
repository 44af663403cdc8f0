/*
 * Neighbouring symbols are about as frequent as each other, so a root is written
 * as its distance from the mean of the two before it; after two zeros comes the
 * number of further zeros. A root is sqrt(count) / 1.5: finer steps cost more in
 * table than they gain in values, coarser ones lose more than they save (measured
 * on the trained pairs: 0.043 % of raw less than frequencies of 11 bits).
 */
#include "codec/rans_roots.h"

#include <string.h>

#include "codec/bits.h"
#include "codec/kernel/rans.h"
#include "codec/rans_table.h"
#include "codec/rice.h"

/* The whole part of the square root of `x` < 2^24. */
static unsigned whole_root(uint32_t x)
{
	unsigned root = 0;

	for (unsigned bit = 1u << 11; bit > 0; bit >>= 1)
		if ((root + bit) * (root + bit) <= x)
			root += bit;
	return root;
}

void rans_roots_of(const uint32_t *counts, unsigned n, uint16_t *roots)
{
	for (unsigned i = 0; i < n; i++) {
		/* Twice the root, rounded: (2 sqrt(c) / 1.5 + 1) / 2. */
		unsigned root = counts[i] ? (whole_root(counts[i] * 16 / 9) + 1) / 2 : 0;
		roots[i] = (uint16_t)(counts[i] && !root ? 1 : root);
	}
}

/* Bits of the number of a symbol among `n`. */
static unsigned symbol_bits(unsigned n)
{
	return n < 2 ? 0 : 32u - (unsigned)__builtin_clz(n - 1);
}

static bool in_run(const uint16_t *roots, unsigned i)
{
	return i == 0 || (i >= 2 && roots[i - 1] == 0 && roots[i - 2] == 0);
}

static unsigned guess(const uint16_t *roots, unsigned i)
{
	return i == 1 ? roots[0] : (roots[i - 1] + roots[i - 2] + 1u) / 2;
}

void rans_roots_put(struct bits_writer *to, const uint16_t *roots, unsigned n)
{
	unsigned mean = RICE_MEAN_FIRST, run_mean = RICE_MEAN_FIRST, last = n - 1;

	while (last > 0 && roots[last] == 0)
		last--;
	bits_put(to, last, symbol_bits(n));
	for (unsigned i = 0; i <= last; i++) {
		unsigned v;
		if (in_run(roots, i)) {
			unsigned run = 0;
			for (; roots[i] == 0; i++)
				run++;
			rice_put(to, run, run_mean);
			rice_follow(&run_mean, run);
			v = roots[i] - 1u;
		} else {
			v = rice_fold(roots[i], guess(roots, i));
		}
		rice_put(to, v, mean);
		rice_follow(&mean, v);
	}
}

bool rans_roots_get(struct bits_reader *from, uint16_t *roots, unsigned n)
{
	unsigned mean = RICE_MEAN_FIRST, run_mean = RICE_MEAN_FIRST;
	unsigned last = bits_get(from, symbol_bits(n));

	memset(roots, 0, n * sizeof(*roots));
	if (last >= n)
		return false;
	for (unsigned i = 0; i <= last; i++) {
		bool after_run = in_run(roots, i);
		if (after_run) {
			unsigned run = rice_get(from, run_mean);
			rice_follow(&run_mean, run);
			if (run > last - i)
				return false;
			i += run;
		}
		unsigned v = rice_get(from, mean);
		rice_follow(&mean, v);
		unsigned root = after_run ? v + 1 : rice_unfold(v, guess(roots, i));
		if (root > ROOT_MAX || from->bad)
			return false;
		roots[i] = (uint16_t)root;
	}
	return roots[last] > 0;
}

void rans_roots_freq(const uint16_t *roots, unsigned n, uint16_t *freq)
{
	uint32_t squares[RANS_SYMBOLS];

	for (unsigned i = 0; i < n; i++)
		squares[i] = (uint32_t)roots[i] * roots[i];
	rans_table_fit(squares, n, freq);
}
