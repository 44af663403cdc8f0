/* 16-bit floats apart and together by AVX2: 64 at once. */
#include "codec/kernel_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/kernel_portable.h"
#include "codec/permute8.h"

#define TARGET TARGET_AVX2
#define INLINE static inline TARGET __attribute__((always_inline))

enum { VALUES = 16 };

/* Fields 32 * half .. + 31 of 64, of a plane of 4, 2 or 1 bits, one a byte. */
INLINE __m256i plane4(const uint8_t *raw, int half)
{
	return _mm256_and_si256(_mm256_srli_epi64(load(raw), 4 * half),
	                        _mm256_set1_epi8(15));
}

INLINE __m256i plane2(const uint8_t *raw, int half)
{
	__m256i v = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)raw));

	v = _mm256_srlv_epi64(_mm256_srli_epi64(v, 4 * half),
	                      _mm256_set_epi64x(2, 2, 0, 0));
	return _mm256_and_si256(v, _mm256_set1_epi8(3));
}

INLINE __m256i plane1(const uint8_t *raw, int half)
{
	__m256i v = _mm256_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)raw));

	v = _mm256_srlv_epi64(_mm256_srli_epi64(v, 4 * half),
	                      _mm256_set_epi64x(3, 2, 1, 0));
	return _mm256_and_si256(v, _mm256_set1_epi8(1));
}

INLINE __m256i fields(const uint8_t *raw, unsigned width, int half)
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

INLINE __m256i join(unsigned shift, __m256i symbols, __m128i bytes)
{
	__m256i raw = _mm256_cvtepu8_epi16(bytes);
	__m128i by = _mm_cvtsi32_si128((int)shift);
	__m256i low_mask = _mm256_set1_epi16((short)((1 << shift) - 1));
	__m256i v = _mm256_sll_epi16(symbols, by);

	v = _mm256_or_si256(v, _mm256_and_si256(raw, low_mask));
	return _mm256_or_si256(v, _mm256_slli_epi16(_mm256_srl_epi16(raw, by), 15));
}

TARGET void kernel_avx2_join16(unsigned shift, const uint16_t *symbols,
                               const uint8_t *raw, size_t blocks, uint8_t *dst)
{
	unsigned width = shift + 1;

	if (width > 8) {
		kernel_portable.join16(shift, symbols, raw, blocks, dst);
		return;
	}
	for (; blocks > 0; blocks--, raw += 8 * width) {
		for (int half = 0; half < 2; half++, symbols += 32, dst += 64) {
			__m256i v = fields(raw, width, half);
			__m256i a = join(shift, load(symbols), _mm256_castsi256_si128(v));
			__m256i b = join(shift, load(symbols + VALUES),
			                 _mm256_extracti128_si256(v, 1));
			_mm256_storeu_si256((__m256i *)dst, a);
			_mm256_storeu_si256((__m256i *)(dst + 32), b);
		}
	}
}

/* Halves of 64 fields onto each other: planes of four, two and one bits. */
INLINE __m256i fold4(__m256i a, __m256i b)
{
	return _mm256_or_si256(a, _mm256_slli_epi64(b, 4));
}

INLINE __m128i fold2(__m256i half)
{
	return _mm_or_si128(_mm256_castsi256_si128(half),
	                    _mm_slli_epi64(_mm256_extracti128_si256(half, 1), 2));
}

INLINE uint64_t fold1(__m128i quarter)
{
	return (uint64_t)_mm_cvtsi128_si64(quarter) |
	       (uint64_t)_mm_extract_epi64(quarter, 1) << 1;
}

/* The bits [shift, shift + bits) of bytes that have no others above. */
INLINE __m256i bits_of(__m256i v, unsigned shift, unsigned bits)
{
	return _mm256_and_si256(_mm256_srl_epi64(v, _mm_cvtsi32_si128((int)shift)),
	                        _mm256_set1_epi8((char)((1 << bits) - 1)));
}

INLINE void store_fields(__m256i a, __m256i b, unsigned width, uint8_t *raw)
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

/* Stores the symbols of 32 values, and returns their fields. */
INLINE __m256i cut(unsigned shift, const uint8_t *src, uint16_t *symbols)
{
	__m128i by = _mm_cvtsi32_si128((int)shift);
	__m256i low_mask = _mm256_set1_epi16((short)((1 << shift) - 1));
	__m256i fields[2];

	for (int k = 0; k < 2; k++) {
		__m256i v = load(src + 32 * k);
		__m256i size = _mm256_and_si256(v, _mm256_set1_epi16(0x7fff));
		__m256i sign = _mm256_sll_epi16(_mm256_srli_epi16(v, 15), by);
		_mm256_storeu_si256((__m256i *)(symbols + k * VALUES),
		                    _mm256_srl_epi16(size, by));
		fields[k] = _mm256_or_si256(_mm256_and_si256(v, low_mask), sign);
	}
	__m256i packed = _mm256_packus_epi16(fields[0], fields[1]);
	return _mm256_permute4x64_epi64(packed, 0xd8);
}

TARGET void kernel_avx2_cut16(unsigned shift, const uint8_t *src, size_t blocks,
                              uint16_t *symbols, uint8_t *raw)
{
	unsigned width = shift + 1;

	if (width > 8) {
		kernel_portable.cut16(shift, src, blocks, symbols, raw);
		return;
	}
	for (; blocks > 0; blocks--, symbols += 64, raw += 8 * width, src += 128) {
		__m256i a = cut(shift, src, symbols);
		__m256i b = cut(shift, src + 64, symbols + 2 * VALUES);
		store_fields(a, b, width, raw);
	}
}

#endif
