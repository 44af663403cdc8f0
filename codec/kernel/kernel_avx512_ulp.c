/* Distances of 16-bit values, and their contexts, by AVX-512: 32 at once. */
#include "codec/kernel/kernel_avx512.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/kernel/kernel_portable.h"
#include "codec/kernel/ulp_token.h"

#define TARGET TARGET_AVX512
#define INLINE static inline TARGET __attribute__((always_inline))

enum { GROUP = 16, VALUES = 32 };

/* Nibbles 4s..4s+3 of the distances in `mask`, one after another. */
INLINE void put_nibbles(struct nibbles *to, unsigned s, __m512i z, __mmask32 mask)
{
	__m512i nibble = _mm512_and_si512(_mm512_srli_epi16(z, 4 * s),
	                                  _mm512_set1_epi16(15));
	__m256i bytes = _mm512_cvtepi16_epi8(nibble);

	_mm256_storeu_si256((__m256i *)to->at[s],
	                    _mm256_maskz_compress_epi8(mask, bytes));
	to->at[s] += _mm_popcnt_u32(mask);
}

/* The next nibbles of a stream, where `mask` is set, one a number. */
INLINE __m512i get_nibbles(struct nibbles *from, unsigned s, __mmask32 mask)
{
	__m256i bytes = _mm256_loadu_si256((const __m256i *)from->at[s]);

	from->at[s] += _mm_popcnt_u32(mask);
	return _mm512_cvtepu8_epi16(_mm256_maskz_expand_epi8(mask, bytes));
}

INLINE __m512i sign_bit(void)
{
	return _mm512_set1_epi16((short)0x8000);
}

INLINE __m512i distances(__m512i v, __m512i b)
{
	__m512i mirror = _mm512_srai_epi16(b, 15);

	v = _mm512_xor_si512(v, _mm512_or_si512(_mm512_srai_epi16(v, 15), sign_bit()));
	v = _mm512_xor_si512(v, mirror);
	__m512i d = _mm512_sub_epi16(v, _mm512_or_si512(b, sign_bit()));
	return _mm512_xor_si512(_mm512_slli_epi16(d, 1), _mm512_srai_epi16(d, 15));
}

TARGET void kernel_avx512_split16(const uint8_t *src, const uint8_t *base, size_t n,
                                  uint16_t *tokens, struct nibbles *nibbles)
{
	struct nibbles to = *nibbles;
	size_t i = 0;

	for (; i + VALUES <= n; i += VALUES) {
		__m512i z = distances(_mm512_loadu_si512(src + 2 * i),
		                      _mm512_loadu_si512(base + 2 * i));
		__mmask32 k1 = _mm512_cmpge_epu16_mask(z, _mm512_set1_epi16(32));
		__mmask32 k2 = _mm512_cmpge_epu16_mask(z, _mm512_set1_epi16(512));
		__mmask32 k3 = _mm512_cmpge_epu16_mask(z, _mm512_set1_epi16(8192));
		__m512i t = _mm512_mask_srli_epi16(z, k1, z, 4);
		t = _mm512_mask_srli_epi16(t, k2, z, 8);
		t = _mm512_mask_srli_epi16(t, k3, z, 12);
		__m512i each = _mm512_set1_epi16(TOKEN_EACH);
		t = _mm512_mask_add_epi16(t, k1, t, each);
		t = _mm512_mask_add_epi16(t, k2, t, each);
		t = _mm512_mask_add_epi16(t, k3, t, each);
		_mm512_storeu_si512(tokens + i, t);
		put_nibbles(&to, 0, z, k1);
		put_nibbles(&to, 1, z, k2);
		put_nibbles(&to, 2, z, k3);
	}
	*nibbles = to;
	kernel_portable.split16(src + 2 * i, base + 2 * i, n - i, tokens + i, nibbles);
}

/* Where tokens stand for two nibbles or three: their distances, `low` having the
 * lowest nibbles. */
INLINE __m512i far_distances(__m512i z, __m512i t, __mmask32 k2, __m512i low,
                             struct nibbles *from)
{
	__mmask32 k3 = _mm512_cmpge_epu16_mask(t, _mm512_set1_epi16(92));
	__m512i next = get_nibbles(from, 1, k2), last = get_nibbles(from, 2, k3);
	__m512i two = _mm512_sub_epi16(t, _mm512_set1_epi16(2 * TOKEN_EACH));
	__m512i three = _mm512_sub_epi16(t, _mm512_set1_epi16(3 * TOKEN_EACH));

	low = _mm512_or_si512(low, _mm512_slli_epi16(next, 4));
	last = _mm512_or_si512(low, _mm512_slli_epi16(last, 8));
	z = _mm512_mask_mov_epi16(z, k2, _mm512_or_si512(_mm512_slli_epi16(two, 8), low));
	return _mm512_mask_mov_epi16(z, k3,
	                             _mm512_or_si512(_mm512_slli_epi16(three, 12), last));
}

/* One nibble is common, and goes without a branch; more are rare enough for one. */
INLINE __m512i distances_of(__m512i t, struct nibbles *from)
{
	__mmask32 k1 = _mm512_cmpge_epu16_mask(t, _mm512_set1_epi16(TOKEN_DIRECT));
	__mmask32 k2 = _mm512_cmpge_epu16_mask(t, _mm512_set1_epi16(62));
	__m512i low = get_nibbles(from, 0, k1);
	__m512i one = _mm512_sub_epi16(t, _mm512_set1_epi16(TOKEN_EACH));
	__m512i z = _mm512_or_si512(_mm512_mask_slli_epi16(t, k1, one, 4), low);

	return k2 ? far_distances(z, t, k2, low, from) : z;
}

TARGET void kernel_avx512_merge16(const uint16_t *tokens, const uint8_t *base, size_t n,
                                  struct nibbles *nibbles, uint8_t *dst)
{
	struct nibbles from = *nibbles;
	size_t i = 0;

	for (; i + VALUES <= n; i += VALUES) {
		__m512i z = distances_of(_mm512_loadu_si512(tokens + i), &from);
		__m512i b = _mm512_loadu_si512(base + 2 * i);
		__m512i minus = _mm512_sub_epi16(
			_mm512_setzero_si512(),
			_mm512_and_si512(z, _mm512_set1_epi16(1)));
		__m512i d = _mm512_xor_si512(_mm512_srli_epi16(z, 1), minus);
		__m512i v = _mm512_add_epi16(_mm512_or_si512(b, sign_bit()), d);
		v = _mm512_xor_si512(v, _mm512_srai_epi16(b, 15));
		/* Positive where the top bit is set: 0x8000 off; else all bits:
		 * ~(v ^ (top & 0x7fff)), one instruction. */
		v = _mm512_ternarylogic_epi32(v, _mm512_srai_epi16(v, 15),
		                              _mm512_set1_epi16(0x7fff), 0x87);
		_mm512_storeu_si512(dst + 2 * i, v);
	}
	*nibbles = from;
	kernel_portable.merge16(tokens + i, base + 2 * i, n - i, nibbles, dst + 2 * i);
}

TARGET void kernel_avx512_place16(const struct placing *p, const uint8_t *base, size_t n,
                                  uint16_t *ctx)
{
	__m512i tables[KERNEL_CLASSES], lows[KERNEL_CLASSES];
	__m512i mask = _mm512_set1_epi16((short)p->mask);
	__m512i last = _mm512_set1_epi16(KERNEL_WINDOW - 1);
	__m128i shift = _mm_cvtsi32_si128((int)p->shift);
	size_t i = 0;

	for (int k = 0; k < KERNEL_CLASSES; k++) {
		__m128i narrow = _mm_loadu_si128((const __m128i *)p->table[k]);
		tables[k] = _mm512_castsi256_si512(_mm256_cvtepu8_epi16(narrow));
		lows[k] = _mm512_set1_epi16(p->low[k]);
	}
	for (; i + VALUES <= n; i += VALUES) {
		unsigned class = p->block_class[i / KERNEL_BLOCK];
		__m512i e = _mm512_srl_epi16(_mm512_loadu_si512(base + 2 * i), shift);
		e = _mm512_subs_epu16(_mm512_and_si512(e, mask), lows[class]);
		e = _mm512_min_epu16(e, last);
		_mm512_storeu_si512(ctx + i, _mm512_permutexvar_epi16(e, tables[class]));
	}
	if (i == n)
		return;
	/* What is left is less than a vector, and so of one block. */
	struct placing rest = *p;
	rest.block_class += i / KERNEL_BLOCK;
	kernel_portable.place16(&rest, base + 2 * i, n - i, ctx + i);
}

TARGET uint32_t kernel_avx512_score(const uint16_t *tokens, const uint16_t *ctx, size_t n)
{
	__m512i sum = _mm512_setzero_si512();
	size_t i = 0;

	for (; i + GROUP <= n; i += GROUP) {
		__m256i t = _mm256_min_epu16(
			_mm256_loadu_si256((const void *)(tokens + i)),
			_mm256_set1_epi16(KERNEL_TOKEN_CAP));
		__m256i c = _mm256_loadu_si256((const void *)(ctx + i));
		__mmask16 k1 = _mm256_cmpge_epu16_mask(t,
		                                       _mm256_set1_epi16(TOKEN_DIRECT));
		t = _mm256_mask_sub_epi16(t, k1, t, _mm256_set1_epi16(TOKEN_EACH));
		t = _mm256_mask_slli_epi16(t, k1, t, 4);
		sum = _mm512_add_epi32(sum, _mm512_sllv_epi32(_mm512_cvtepu16_epi32(t),
		                                              _mm512_cvtepu16_epi32(c)));
	}
	return (uint32_t)_mm512_reduce_add_epi32(sum) +
	       kernel_portable.score(tokens + i, ctx + i, n - i);
}

#endif
