/* 16-bit floats apart and together by AVX2: 64 at once. */
#include "codec/kernel/kernel_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/kernel/kernel_avx2_fields.h"
#include "codec/kernel/kernel_portable.h"
#include "codec/kernel/permute8.h"

#define TARGET TARGET_AVX2
#define INLINE static inline TARGET __attribute__((always_inline))

enum { VALUES = 16 };

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
