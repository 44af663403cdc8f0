/* Contents that codecs of floats must carry: what is special in a format, what
 * trained weights look like, and what nothing looks like. Used by test_ulp.c and
 * test_float.c. */
#ifndef ZLLM_TEST_FLOAT_CASES_H
#define ZLLM_TEST_FLOAT_CASES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "codec/dtype.h"

static inline uint64_t case_next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Zeros, infinities, NaNs with payloads, subnormals of both signs: the patterns
 * around the ends of every exponent, whatever the format. */
static inline void case_special(uint8_t *src, uint8_t *base, size_t n)
{
	static const uint32_t patterns[] = {
		0x00000000, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00001, 0xffffffff,
		0x00000001, 0x80000001, 0x007fffff, 0x7f7fffff, 0x7c007c00, 0xfc00fc01,
		0x00010001, 0x80018001, 0x7fff7fff, 0x3f803f80
	};
	uint64_t seed = 4;

	for (size_t i = 0; i < n; i++) {
		src[i] = (uint8_t)(patterns[case_next(&seed) % 16] >> 8 * (i % 4));
		base[i] = (uint8_t)(patterns[case_next(&seed) % 16] >> 8 * (i % 4));
	}
}

static inline void case_noise(uint8_t *src, uint8_t *base, size_t n)
{
	uint64_t seed = 5;

	for (size_t i = 0; i < n; i++) {
		src[i] = (uint8_t)case_next(&seed);
		base[i] = (uint8_t)case_next(&seed);
	}
}

/* Exponents in a narrow band, and differences of a few units, some larger. */
static inline void case_tuned(uint8_t *src, uint8_t *base, size_t n, size_t unit)
{
	uint64_t seed = 6;

	memset(src, 0, n);
	memset(base, 0, n);
	for (size_t i = 0; i + unit <= n; i += unit) {
		uint32_t e = 0x3c000000u + (uint32_t)(case_next(&seed) % 16 << 22);
		uint32_t v = e | (uint32_t)(case_next(&seed) << 31) |
		             (uint32_t)(case_next(&seed) & 0x3fffff);
		uint32_t far = case_next(&seed) % 8 == 0 ? 1u << case_next(&seed) % 16
		                                         : 1;
		v >>= 8 * (4 - unit);
		uint32_t w = v + (uint32_t)(case_next(&seed) % 32) * far;
		for (size_t k = 0; k < unit; k++) {
			base[i + k] = (uint8_t)(v >> 8 * k);
			src[i + k] = (uint8_t)(w >> 8 * k);
		}
	}
}

/* As after a late checkpoint: one value in a hundred moved, by one unit. */
static inline void case_sparse(uint8_t *src, uint8_t *base, size_t n, size_t unit)
{
	uint64_t seed = 7;

	case_tuned(src, base, n, unit);
	memcpy(src, base, n);
	for (size_t i = 0; i + unit <= n; i += unit)
		if (case_next(&seed) % 100 == 0)
			src[i] ^= 1;
}

enum { CASES = 4 };

static inline void case_fill(unsigned which, uint8_t *src, uint8_t *base, size_t n,
                             enum dtype dtype)
{
	size_t unit = dtype_unit(dtype);

	switch (which) {
	case 0:
		case_special(src, base, n);
		break;
	case 1:
		case_noise(src, base, n);
		break;
	case 2:
		case_tuned(src, base, n, unit);
		break;
	default:
		case_sparse(src, base, n, unit);
		break;
	}
}

static const enum dtype case_dtypes[] = {
	DTYPE_BF16,        DTYPE_F16,         DTYPE_F32, DTYPE_F8_E4M3, DTYPE_F8_E5M2,
	DTYPE_F8_E4M3FNUZ, DTYPE_F8_E5M2FNUZ, DTYPE_I8,  DTYPE_U8
};

enum { CASE_DTYPES = sizeof(case_dtypes) / sizeof(case_dtypes[0]) };

/* Bytes; lengths in values around those of steps, blocks, chunks and small
 * frames are made of these by the tests. */
static const size_t case_values[] = { 1,     2,     63,    64,    65,    127,
	                              128,   129,   1000,  4095,  4096,  4097,
	                              16383, 16384, 16385, 16447, 40000, 262144 };

enum { CASE_VALUES = sizeof(case_values) / sizeof(case_values[0]) };

#endif
