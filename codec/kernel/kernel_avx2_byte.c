/* 8-bit values by AVX2: distances are tokens as they are. */
#include "codec/kernel/kernel_avx2.h"

#if defined(__x86_64__)

#include "codec/kernel/kernel_portable.h"
#include "codec/kernel/permute8.h"

#define TARGET TARGET_AVX2
#define INLINE static inline TARGET __attribute__((always_inline))

enum { VALUES = 32, HALF = 16 };

INLINE __m256i sign_bit(void)
{
	return _mm256_set1_epi8((char)0x80);
}

/* All ones where the sign is set. */
INLINE __m256i signs(__m256i v)
{
	return _mm256_cmpgt_epi8(_mm256_setzero_si256(), v);
}

INLINE __m256i distances(__m256i v, __m256i b)
{
	v = _mm256_xor_si256(v, _mm256_or_si256(signs(v), sign_bit()));
	v = _mm256_xor_si256(v, signs(b));
	__m256i d = _mm256_sub_epi8(v, _mm256_or_si256(b, sign_bit()));
	return _mm256_xor_si256(_mm256_add_epi8(d, d), signs(d));
}

TARGET void kernel_avx2_split8(const uint8_t *src, const uint8_t *base, size_t n,
                               uint16_t *tokens)
{
	size_t i = 0;

	for (; i + VALUES <= n; i += VALUES) {
		__m256i z = distances(load(src + i), load(base + i));
		store(tokens + i, _mm256_cvtepu8_epi16(_mm256_castsi256_si128(z)));
		store(tokens + i + HALF,
		      _mm256_cvtepu8_epi16(_mm256_extracti128_si256(z, 1)));
	}
	kernel_portable.split8(src + i, base + i, n - i, tokens + i);
}

INLINE __m256i values(__m256i z, __m256i b)
{
	__m256i one = _mm256_set1_epi8(1);
	__m256i minus = _mm256_sub_epi8(_mm256_setzero_si256(), _mm256_and_si256(z, one));
	__m256i half = _mm256_and_si256(_mm256_srli_epi16(z, 1), _mm256_set1_epi8(0x7f));
	__m256i v = _mm256_add_epi8(_mm256_or_si256(b, sign_bit()),
	                            _mm256_xor_si256(half, minus));

	v = _mm256_xor_si256(v, signs(b));
	/* Positive where the top bit is set: that bit off; else all bits. */
	__m256i turn = _mm256_cmpgt_epi8(v, _mm256_set1_epi8(-1));
	return _mm256_xor_si256(v, _mm256_or_si256(turn, sign_bit()));
}

TARGET void kernel_avx2_merge8(const uint16_t *tokens, const uint8_t *base, size_t n,
                               uint8_t *dst)
{
	size_t i = 0;

	for (; i + VALUES <= n; i += VALUES) {
		__m256i z = _mm256_packus_epi16(load(tokens + i),
		                                load(tokens + i + HALF));
		z = _mm256_permute4x64_epi64(z, 0xd8);
		store(dst + i, values(z, load(base + i)));
	}
	kernel_portable.merge8(tokens + i, base + i, n - i, dst + i);
}

TARGET void kernel_avx2_place8(const struct placing *p, const uint8_t *base, size_t n,
                               uint16_t *ctx)
{
	__m256i mask = _mm256_set1_epi8((char)p->mask);
	__m256i last = _mm256_set1_epi8(KERNEL_WINDOW - 1);
	__m128i shift = _mm_cvtsi32_si128((int)p->shift);
	size_t i = 0;

	for (; i + VALUES <= n; i += VALUES) {
		unsigned class = p->block_class[i / KERNEL_BLOCK];
		__m128i narrow = _mm_loadu_si128((const __m128i *)p->table[class]);
		/* The mask drops what comes from the byte above. */
		__m256i e = _mm256_srl_epi16(load(base + i), shift);
		e = _mm256_subs_epu8(_mm256_and_si256(e, mask),
		                     _mm256_set1_epi8((char)p->low[class]));
		e = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(narrow),
		                        _mm256_min_epu8(e, last));
		store(ctx + i, _mm256_cvtepu8_epi16(_mm256_castsi256_si128(e)));
		store(ctx + i + HALF,
		      _mm256_cvtepu8_epi16(_mm256_extracti128_si256(e, 1)));
	}
	if (i == n)
		return;
	/* What is left is less than a vector, and so of one block. */
	struct placing rest = *p;
	rest.block_class += i / KERNEL_BLOCK;
	kernel_portable.place8(&rest, base + i, n - i, ctx + i);
}

#endif
