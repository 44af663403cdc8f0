#include "codec/cast.h"

#include "codec/common/le.h"

/* ---------------------------------------------------------------- one value */

static inline uint32_t f32_of_bf16(uint16_t v)
{
	return (uint32_t)v << 16;
}

static inline uint16_t bf16_of_f32(uint32_t v)
{
	bool nan = (v & 0x7fffffff) > 0x7f800000;
	uint32_t rounded = (v + 0x7fff + (v >> 16 & 1)) >> 16;

	return nan ? 0x7fc0 : (uint16_t)rounded;
}

static inline uint32_t f32_of_f16(uint16_t v)
{
	uint32_t sign = (uint32_t)(v & 0x8000) << 16;
	uint32_t exponent = v >> 10 & 31, mantissa = v & 0x3ff;

	if (exponent == 31)
		return sign | 0x7f800000 | mantissa << 13;
	if (exponent)
		return sign | (exponent + 112) << 23 | mantissa << 13;
	if (!mantissa)
		return sign;
	/* A subnormal: mantissa times 2^-24, its first bit becoming the hidden one. */
	uint32_t top = 31 - (uint32_t)__builtin_clz(mantissa);
	return sign | (top + 103) << 23 | (mantissa << (23 - top) & 0x7fffff);
}

/* Drops the low `bits` bits, rounding to nearest, ties to even. */
static inline uint32_t round_off(uint32_t v, unsigned bits)
{
	uint32_t half = 1u << (bits - 1);

	return (v + half - 1 + (v >> bits & 1)) >> bits;
}

static inline uint16_t f16_of_f32(uint32_t v)
{
	uint16_t sign = (uint16_t)(v >> 16 & 0x8000);
	uint32_t magnitude = v & 0x7fffffff;

	if (magnitude > 0x7f800000)
		return sign | 0x7e00;
	if (magnitude >= 0x477ff000) /* rounds to 2^16 or more */
		return sign | 0x7c00;
	if (magnitude >= 0x38800000) /* 2^-14: normal; a carry moves the exponent up */
		return sign | (uint16_t)(round_off(magnitude, 13) - (112 << 10));
	if (magnitude < 0x33000000) /* below half of the smallest subnormal */
		return sign;
	uint32_t exponent = magnitude >> 23;
	uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
	return sign | (uint16_t)round_off(mantissa, 126 - exponent);
}

/* ---------------------------------------------------------------- many values */

static inline uint32_t load_wide(enum dtype from, const uint8_t *src, size_t i)
{
	if (from == DTYPE_F32)
		return le32_load(src + 4 * i);
	uint16_t narrow = le16_load(src + 2 * i);
	return from == DTYPE_BF16 ? f32_of_bf16(narrow) : f32_of_f16(narrow);
}

static inline void store_narrow(enum dtype to, uint32_t wide, uint8_t *dst, size_t i)
{
	if (to == DTYPE_F32)
		le32_store(dst + 4 * i, wide);
	else
		le16_store(dst + 2 * i,
		           to == DTYPE_BF16 ? bf16_of_f32(wide) : f16_of_f32(wide));
}

/* Inlined with constant dtypes, so that the compiler makes a loop of each pair. */
static inline __attribute__((always_inline)) void cast_all(enum dtype from, enum dtype to,
                                                           const uint8_t *src,
                                                           size_t count, uint8_t *dst)
{
	for (size_t i = 0; i < count; i++)
		store_narrow(to, load_wide(from, src, i), dst, i);
}

static bool is_cast_dtype(enum dtype dtype)
{
	return dtype == DTYPE_F32 || dtype == DTYPE_BF16 || dtype == DTYPE_F16;
}

bool cast_exists(enum dtype from, enum dtype to)
{
	return from != to && is_cast_dtype(from) && is_cast_dtype(to);
}

void cast_values(enum dtype from, enum dtype to, const uint8_t *src, size_t count,
                 uint8_t *dst)
{
	if (from == DTYPE_F32 && to == DTYPE_BF16)
		cast_all(DTYPE_F32, DTYPE_BF16, src, count, dst);
	else if (from == DTYPE_F32)
		cast_all(DTYPE_F32, DTYPE_F16, src, count, dst);
	else if (from == DTYPE_BF16 && to == DTYPE_F32)
		cast_all(DTYPE_BF16, DTYPE_F32, src, count, dst);
	else if (from == DTYPE_BF16)
		cast_all(DTYPE_BF16, DTYPE_F16, src, count, dst);
	else if (to == DTYPE_F32)
		cast_all(DTYPE_F16, DTYPE_F32, src, count, dst);
	else
		cast_all(DTYPE_F16, DTYPE_BF16, src, count, dst);
}
