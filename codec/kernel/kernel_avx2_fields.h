/*
 * Planes of fields.h, those of up to eight bits a field, and vectors of a field a
 * byte, 32 of a block's 64 values in each. Private to the AVX2 kernels.
 */
#ifndef ZLLM_KERNEL_AVX2_FIELDS_H
#define ZLLM_KERNEL_AVX2_FIELDS_H

#if defined(__x86_64__)

#include "codec/kernel/permute8.h"

/* Fields 32 * half .. + 31 of 64, of a plane of 4, 2 or 1 bits, one a byte. */
PERMUTE8 __m256i plane4(const uint8_t *raw, int half)
{
	return _mm256_and_si256(_mm256_srli_epi64(load(raw), 4 * half),
	                        _mm256_set1_epi8(15));
}

PERMUTE8 __m256i plane2(const uint8_t *raw, int half)
{
	__m256i v = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)raw));

	v = _mm256_srlv_epi64(_mm256_srli_epi64(v, 4 * half),
	                      _mm256_set_epi64x(2, 2, 0, 0));
	return _mm256_and_si256(v, _mm256_set1_epi8(3));
}

PERMUTE8 __m256i plane1(const uint8_t *raw, int half)
{
	__m256i v = _mm256_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)raw));

	v = _mm256_srlv_epi64(_mm256_srli_epi64(v, 4 * half),
	                      _mm256_set_epi64x(3, 2, 1, 0));
	return _mm256_and_si256(v, _mm256_set1_epi8(1));
}

PERMUTE8 __m256i fields(const uint8_t *raw, unsigned width, int half)
{
	__m256i v = _mm256_setzero_si256();
	int shift = 0;

	if (width & 8)
		v = load(raw + 32 * half);
	if (width & 4) {
		v = plane4(raw, half);
		raw += 32;
		shift = 4;
	}
	if (width & 2) {
		/* Fields are small: no bit crosses into the next byte. */
		v = _mm256_or_si256(
			v, _mm256_sll_epi64(plane2(raw, half), _mm_cvtsi32_si128(shift)));
		raw += 16;
		shift += 2;
	}
	if (width & 1)
		v = _mm256_or_si256(
			v, _mm256_sll_epi64(plane1(raw, half), _mm_cvtsi32_si128(shift)));
	return v;
}

/* Halves of 64 fields onto each other: planes of four, two and one bits. */
PERMUTE8 __m256i fold4(__m256i a, __m256i b)
{
	return _mm256_or_si256(a, _mm256_slli_epi64(b, 4));
}

PERMUTE8 __m128i fold2(__m256i half)
{
	return _mm_or_si128(_mm256_castsi256_si128(half),
	                    _mm_slli_epi64(_mm256_extracti128_si256(half, 1), 2));
}

PERMUTE8 uint64_t fold1(__m128i quarter)
{
	return (uint64_t)_mm_cvtsi128_si64(quarter) |
	       (uint64_t)_mm_extract_epi64(quarter, 1) << 1;
}

/* The bits [shift, shift + bits) of bytes that have no others above. */
PERMUTE8 __m256i bits_of(__m256i v, unsigned shift, unsigned bits)
{
	return _mm256_and_si256(_mm256_srl_epi64(v, _mm_cvtsi32_si128((int)shift)),
	                        _mm256_set1_epi8((char)((1 << bits) - 1)));
}

PERMUTE8 void store_fields(__m256i a, __m256i b, unsigned width, uint8_t *raw)
{
	unsigned shift = 0;

	if (width & 8) {
		_mm256_storeu_si256((__m256i *)raw, a);
		_mm256_storeu_si256((__m256i *)(raw + 32), b);
	}
	if (width & 4) {
		_mm256_storeu_si256((__m256i *)raw,
		                    fold4(bits_of(a, 0, 4), bits_of(b, 0, 4)));
		raw += 32;
		shift = 4;
	}
	if (width & 2) {
		__m256i half = fold4(bits_of(a, shift, 2), bits_of(b, shift, 2));
		_mm_storeu_si128((__m128i *)raw, fold2(half));
		raw += 16;
		shift += 2;
	}
	if (width & 1) {
		__m256i half = fold4(bits_of(a, shift, 1), bits_of(b, shift, 1));
		_mm_storel_epi64((__m128i *)raw, bytes8(fold1(fold2(half))));
	}
}

#endif

#endif
