/* 16-bit floats apart and together by AVX-512: 64 at once. */
#include "codec/kernel/kernel_avx512.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/kernel/kernel_portable.h"

#define TARGET TARGET_AVX512
#define INLINE static inline TARGET __attribute__((always_inline))

enum { VALUES = 32 };

/* A plane of 64 fields of `bits` bits, one a byte. */
INLINE __m512i plane(const uint8_t *raw, unsigned bits)
{
	switch (bits) {
	case 4:
		return _mm512_and_si512(
			_mm512_srlv_epi64(_mm512_broadcast_i64x4(_mm256_loadu_si256(
						  (const __m256i *)raw)),
		                          _mm512_set_epi64(4, 4, 4, 4, 0, 0, 0, 0)),
			_mm512_set1_epi8(15));
	case 2:
		return _mm512_and_si512(
			_mm512_srlv_epi64(_mm512_broadcast_i64x2(
						  _mm_loadu_si128((const __m128i *)raw)),
		                          _mm512_set_epi64(6, 6, 4, 4, 2, 2, 0, 0)),
			_mm512_set1_epi8(3));
	default:
		return _mm512_and_si512(
			_mm512_srlv_epi64(_mm512_broadcastq_epi64(
						  _mm_loadl_epi64((const __m128i *)raw)),
		                          _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0)),
			_mm512_set1_epi8(1));
	}
}

INLINE __m512i fields(const uint8_t *raw, unsigned width)
{
	__m512i v = _mm512_setzero_si512();
	unsigned shift = 0;

	if (width & 8)
		v = _mm512_loadu_si512(raw);
	if (width & 4) {
		v = plane(raw, 4);
		raw += 32;
		shift = 4;
	}
	if (width & 2) {
		/* Fields are small: no bit crosses into the next byte. */
		v = _mm512_or_si512(v, _mm512_sll_epi64(plane(raw, 2),
		                                        _mm_cvtsi32_si128((int)shift)));
		raw += 16;
		shift += 2;
	}
	if (width & 1)
		v = _mm512_or_si512(v, _mm512_sll_epi64(plane(raw, 1),
		                                        _mm_cvtsi32_si128((int)shift)));
	return v;
}

INLINE __m512i join(unsigned shift, __m512i symbols, __m256i bytes)
{
	__m512i raw = _mm512_cvtepu8_epi16(bytes);
	__m128i by = _mm_cvtsi32_si128((int)shift);
	__m512i low_mask = _mm512_set1_epi16((short)((1 << shift) - 1));
	__m512i v = _mm512_sll_epi16(symbols, by);

	v = _mm512_or_si512(v, _mm512_and_si512(raw, low_mask));
	return _mm512_or_si512(v, _mm512_slli_epi16(_mm512_srl_epi16(raw, by), 15));
}

TARGET void kernel_avx512_join16(unsigned shift, const uint16_t *symbols,
                                 const uint8_t *raw, size_t blocks, uint8_t *dst)
{
	unsigned width = shift + 1;

	if (width > 8) {
		kernel_portable.join16(shift, symbols, raw, blocks, dst);
		return;
	}
	for (; blocks > 0; blocks--, symbols += 64, raw += 8 * width, dst += 128) {
		__m512i v = fields(raw, width);
		_mm512_storeu_si512(dst, join(shift, _mm512_loadu_si512(symbols),
		                              _mm512_castsi512_si256(v)));
		_mm512_storeu_si512(dst + 64,
		                    join(shift, _mm512_loadu_si512(symbols + VALUES),
		                         _mm512_extracti64x4_epi64(v, 1)));
	}
}

/* Half of a vector of fields onto the other half, moved up by `bits`. */
INLINE __m256i fold4(__m512i v)
{
	return _mm256_or_si256(_mm512_castsi512_si256(v),
	                       _mm256_slli_epi64(_mm512_extracti64x4_epi64(v, 1), 4));
}

INLINE __m128i fold2(__m512i v)
{
	__m256i half = fold4(v);

	return _mm_or_si128(_mm256_castsi256_si128(half),
	                    _mm_slli_epi64(_mm256_extracti128_si256(half, 1), 2));
}

INLINE uint64_t fold1(__m512i v)
{
	__m128i quarter = fold2(v);

	return (uint64_t)_mm_cvtsi128_si64(quarter) |
	       (uint64_t)_mm_extract_epi64(quarter, 1) << 1;
}

/* The bits [shift, shift + bits) of bytes that have no others above. */
INLINE __m512i bits_of(__m512i v, unsigned shift, unsigned bits)
{
	return _mm512_and_si512(_mm512_srl_epi64(v, _mm_cvtsi32_si128((int)shift)),
	                        _mm512_set1_epi8((char)((1 << bits) - 1)));
}

INLINE void store_fields(__m512i v, unsigned width, uint8_t *raw)
{
	unsigned shift = 0;

	if (width & 8)
		_mm512_storeu_si512(raw, v);
	if (width & 4) {
		_mm256_storeu_si256((__m256i *)raw, fold4(bits_of(v, 0, 4)));
		raw += 32;
		shift = 4;
	}
	if (width & 2) {
		_mm_storeu_si128((__m128i *)raw, fold2(bits_of(v, shift, 2)));
		raw += 16;
		shift += 2;
	}
	if (width & 1) {
		_mm_storel_epi64((__m128i *)raw, _mm_cvtsi64_si128((long long)fold1(
							 bits_of(v, shift, 1))));
	}
}

/* Stores the symbols of 32 values, and returns their fields. */
INLINE __m256i cut(unsigned shift, __m512i v, uint16_t *symbols)
{
	__m128i by = _mm_cvtsi32_si128((int)shift);
	__m512i low_mask = _mm512_set1_epi16((short)((1 << shift) - 1));
	__m512i size = _mm512_and_si512(v, _mm512_set1_epi16(0x7fff));
	__m512i sign = _mm512_sll_epi16(_mm512_srli_epi16(v, 15), by);

	_mm512_storeu_si512(symbols, _mm512_srl_epi16(size, by));
	return _mm512_cvtepi16_epi8(_mm512_or_si512(_mm512_and_si512(v, low_mask), sign));
}

TARGET void kernel_avx512_cut16(unsigned shift, const uint8_t *src, size_t blocks,
                                uint16_t *symbols, uint8_t *raw)
{
	unsigned width = shift + 1;

	if (width > 8) {
		kernel_portable.cut16(shift, src, blocks, symbols, raw);
		return;
	}
	for (; blocks > 0; blocks--, symbols += 64, raw += 8 * width, src += 128) {
		__m256i a = cut(shift, _mm512_loadu_si512(src), symbols);
		__m256i b = cut(shift, _mm512_loadu_si512(src + 64), symbols + VALUES);
		store_fields(_mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1), width,
		             raw);
	}
}

#endif
