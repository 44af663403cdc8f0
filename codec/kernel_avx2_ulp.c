/* Distances of 16-bit values, and their contexts, by AVX2: 16 at once. */
#include "codec/kernel_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/kernel_portable.h"
#include "codec/permute8.h"
#include "codec/ulp_token.h"

#define TARGET TARGET_AVX2
#define INLINE static inline TARGET __attribute__((always_inline))

enum { LANES = 8, VALUES = 16 };

INLINE __m256i at_least(__m256i v, int limit)
{
	return _mm256_cmpeq_epi16(_mm256_max_epu16(v, _mm256_set1_epi16((short)limit)),
	                          v);
}

/* A bit for each 16-bit number of a comparison. */
INLINE unsigned mask_of(__m256i is)
{
	__m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(is),
	                                _mm256_extracti128_si256(is, 1));

	return (unsigned)_mm_movemask_epi8(bytes);
}

INLINE void put_nibbles(struct nibbles *to, unsigned s, __m256i z, unsigned mask)
{
	__m256i nibble = _mm256_and_si256(_mm256_srli_epi16(z, (int)(4 * s)),
	                                  _mm256_set1_epi16(15));
	__m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(nibble),
	                                 _mm256_extracti128_si256(nibble, 1));

	unsigned low = mask & 0xff, high = mask >> 8;
	__m128i a = _mm_shuffle_epi8(bytes, order8(&permute8_compress[low]));
	bytes = _mm_unpackhi_epi64(bytes, bytes);
	__m128i b = _mm_shuffle_epi8(bytes, order8(&permute8_compress[high]));
	_mm_storel_epi64((__m128i *)to->at[s], a);
	_mm_storel_epi64((__m128i *)(to->at[s] + _mm_popcnt_u32(low)), b);
	to->at[s] += _mm_popcnt_u32(mask);
}

/* The next nibbles of a stream, where `is` has ones, one a number. */
INLINE __m256i get_nibbles(struct nibbles *from, unsigned s, __m256i is)
{
	unsigned mask = mask_of(is), n = (unsigned)_mm_popcnt_u32(mask & 0xff);
	__m128i low = _mm_loadl_epi64((const __m128i *)from->at[s]);
	__m128i high = _mm_loadl_epi64((const __m128i *)(from->at[s] + n));

	low = _mm_shuffle_epi8(low, order8(&permute8_expand[mask & 0xff]));
	high = _mm_shuffle_epi8(high, order8(&permute8_expand[mask >> 8]));
	from->at[s] += _mm_popcnt_u32(mask);
	return _mm256_cvtepu8_epi16(_mm_unpacklo_epi64(low, high));
}

INLINE __m256i sign_bit(void)
{
	return _mm256_set1_epi16((short)0x8000);
}

INLINE __m256i distances(__m256i v, __m256i b)
{
	v = _mm256_xor_si256(v, _mm256_or_si256(_mm256_srai_epi16(v, 15), sign_bit()));
	v = _mm256_xor_si256(v, _mm256_srai_epi16(b, 15));
	__m256i d = _mm256_sub_epi16(v, _mm256_or_si256(b, sign_bit()));
	return _mm256_xor_si256(_mm256_slli_epi16(d, 1), _mm256_srai_epi16(d, 15));
}

TARGET void kernel_avx2_split16(const uint8_t *src, const uint8_t *base, size_t n,
                                uint16_t *tokens, struct nibbles *nibbles)
{
	struct nibbles to = *nibbles;
	__m256i each = _mm256_set1_epi16(TOKEN_EACH);
	size_t i = 0;

	for (; i + VALUES <= n; i += VALUES) {
		__m256i z = distances(load(src + 2 * i), load(base + 2 * i));
		__m256i k1 = at_least(z, 32), k2 = at_least(z, 512),
			k3 = at_least(z, 8192);
		__m256i t = _mm256_blendv_epi8(z, _mm256_srli_epi16(z, 4), k1);
		t = _mm256_blendv_epi8(t, _mm256_srli_epi16(z, 8), k2);
		t = _mm256_blendv_epi8(t, _mm256_srli_epi16(z, 12), k3);
		t = _mm256_add_epi16(t, _mm256_and_si256(k1, each));
		t = _mm256_add_epi16(t, _mm256_and_si256(k2, each));
		t = _mm256_add_epi16(t, _mm256_and_si256(k3, each));
		_mm256_storeu_si256((__m256i *)(tokens + i), t);
		put_nibbles(&to, 0, z, mask_of(k1));
		put_nibbles(&to, 1, z, mask_of(k2));
		put_nibbles(&to, 2, z, mask_of(k3));
	}
	*nibbles = to;
	kernel_portable.split16(src + 2 * i, base + 2 * i, n - i, tokens + i, nibbles);
}

/* Where tokens stand for two nibbles or three: their distances, `low` having the
 * lowest nibbles. */
INLINE __m256i far_distances(__m256i z, __m256i t, __m256i k2, __m256i low,
                             struct nibbles *from)
{
	__m256i k3 = at_least(t, 92);
	__m256i next = get_nibbles(from, 1, k2), last = get_nibbles(from, 2, k3);
	__m256i two = _mm256_sub_epi16(t, _mm256_set1_epi16(2 * TOKEN_EACH));
	__m256i three = _mm256_sub_epi16(t, _mm256_set1_epi16(3 * TOKEN_EACH));

	low = _mm256_or_si256(low, _mm256_slli_epi16(next, 4));
	last = _mm256_or_si256(low, _mm256_slli_epi16(last, 8));
	z = _mm256_blendv_epi8(z, _mm256_or_si256(_mm256_slli_epi16(two, 8), low), k2);
	return _mm256_blendv_epi8(z, _mm256_or_si256(_mm256_slli_epi16(three, 12), last),
	                          k3);
}

/* The distances of tokens, their nibbles taken from the streams. One nibble is
 * common, and goes without a branch; more are rare enough for one. */
INLINE __m256i distances_of(__m256i t, struct nibbles *from)
{
	__m256i k1 = at_least(t, TOKEN_DIRECT), k2 = at_least(t, 62);
	__m256i low = get_nibbles(from, 0, k1);
	__m256i one = _mm256_sub_epi16(t, _mm256_set1_epi16(TOKEN_EACH));
	__m256i z = _mm256_blendv_epi8(t, _mm256_slli_epi16(one, 4), k1);

	z = _mm256_or_si256(z, low);
	return _mm256_testz_si256(k2, k2) ? z : far_distances(z, t, k2, low, from);
}

TARGET void kernel_avx2_merge16(const uint16_t *tokens, const uint8_t *base, size_t n,
                                struct nibbles *nibbles, uint8_t *dst)
{
	struct nibbles from = *nibbles;
	size_t i = 0;

	for (; i + VALUES <= n; i += VALUES) {
		__m256i z = distances_of(load(tokens + i), &from);
		__m256i b = load(base + 2 * i);
		__m256i minus = _mm256_sub_epi16(
			_mm256_setzero_si256(),
			_mm256_and_si256(z, _mm256_set1_epi16(1)));
		__m256i d = _mm256_xor_si256(_mm256_srli_epi16(z, 1), minus);
		__m256i v = _mm256_add_epi16(_mm256_or_si256(b, sign_bit()), d);
		v = _mm256_xor_si256(v, _mm256_srai_epi16(b, 15));
		/* Positive where the top bit is set: 0x8000 off; else all bits. */
		__m256i turn = _mm256_srai_epi16(_mm256_andnot_si256(v, sign_bit()), 15);
		turn = _mm256_or_si256(turn, sign_bit());
		_mm256_storeu_si256((__m256i *)(dst + 2 * i), _mm256_xor_si256(v, turn));
	}
	*nibbles = from;
	kernel_portable.merge16(tokens + i, base + 2 * i, n - i, nibbles, dst + 2 * i);
}

TARGET void kernel_avx2_place16(const struct placing *p, const uint8_t *base, size_t n,
                                uint16_t *ctx)
{
	__m256i tables[KERNEL_CLASSES], lows[KERNEL_CLASSES];
	__m256i mask = _mm256_set1_epi16((short)p->mask);
	__m256i last = _mm256_set1_epi16(KERNEL_WINDOW - 1);
	__m128i shift = _mm_cvtsi32_si128((int)p->shift);
	size_t i = 0;

	for (int k = 0; k < KERNEL_CLASSES; k++) {
		__m128i narrow = _mm_loadu_si128((const __m128i *)p->table[k]);
		tables[k] = _mm256_broadcastsi128_si256(narrow);
		lows[k] = _mm256_set1_epi16(p->low[k]);
	}
	for (; i + VALUES <= n; i += VALUES) {
		unsigned class = p->block_class[i / KERNEL_BLOCK];
		__m256i e = _mm256_srl_epi16(load(base + 2 * i), shift);
		e = _mm256_subs_epu16(_mm256_and_si256(e, mask), lows[class]);
		e = _mm256_shuffle_epi8(tables[class], _mm256_min_epu16(e, last));
		e = _mm256_and_si256(e, _mm256_set1_epi16(0xff));
		_mm256_storeu_si256((__m256i *)(ctx + i), e);
	}
	/* What is left is less than a vector, and so of one block. */
	struct placing rest = *p;
	rest.block_class += i / KERNEL_BLOCK;
	kernel_portable.place16(&rest, base + 2 * i, n - i, ctx + i);
}

TARGET uint32_t kernel_avx2_score(const uint16_t *tokens, const uint16_t *ctx, size_t n)
{
	__m256i sum = _mm256_setzero_si256();
	uint32_t lanes[LANES], total = 0;
	size_t i = 0;

	for (; i + LANES <= n; i += LANES) {
		__m128i t = _mm_min_epu16(_mm_loadu_si128((const void *)(tokens + i)),
		                          _mm_set1_epi16(KERNEL_TOKEN_CAP));
		__m128i c = _mm_loadu_si128((const void *)(ctx + i));
		__m128i k1 = _mm_cmpgt_epi16(t, _mm_set1_epi16(TOKEN_DIRECT - 1));
		__m128i more = _mm_slli_epi16(
			_mm_sub_epi16(t, _mm_set1_epi16(TOKEN_EACH)), 4);
		t = _mm_blendv_epi8(t, more, k1);
		sum = _mm256_add_epi32(sum, _mm256_sllv_epi32(_mm256_cvtepu16_epi32(t),
		                                              _mm256_cvtepu16_epi32(c)));
	}
	_mm256_storeu_si256((__m256i *)lanes, sum);
	for (int k = 0; k < LANES; k++)
		total += lanes[k];
	return total + kernel_portable.score(tokens + i, ctx + i, n - i);
}

#endif
