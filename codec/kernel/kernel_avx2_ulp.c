/* Distances of 16-bit values, and their contexts, by AVX2: 16 at once. */
#include "codec/kernel/kernel_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/kernel/kernel_portable.h"
#include "codec/kernel/permute8.h"
#include "codec/kernel/ulp_token.h"

#define TARGET TARGET_AVX2
#define INLINE static inline TARGET __attribute__((always_inline))

enum { LANES = 8, VALUES = 16, BLOCK = 1024 };

/* The values of the next block: whole groups only. */
INLINE size_t whole(size_t n)
{
	return n < BLOCK ? n / VALUES * VALUES : BLOCK;
}

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

/*
 * One nibble is common, more are rare, but not rare enough for a branch that nothing
 * foretells: groups with such values are noted while all are treated as if there were
 * none, and then come a second time.
 */
struct far_groups {
	uint16_t at[BLOCK / VALUES];
	unsigned count;
};

INLINE void note_far(struct far_groups *far, size_t i, __m256i is)
{
	far->at[far->count] = (uint16_t)i;
	far->count += !_mm256_testz_si256(is, is);
}

/* Tokens of one nibble at the most, right where z is below 512. */
INLINE __m256i near_tokens(__m256i z, __m256i k1)
{
	__m256i one = _mm256_add_epi16(_mm256_srli_epi16(z, 4),
	                               _mm256_set1_epi16(TOKEN_EACH));

	return _mm256_blendv_epi8(z, one, k1);
}

/* The tokens of a group that has far ones; puts their nibbles but the lowest. */
INLINE __m256i far_tokens(__m256i z, __m256i t, struct nibbles *to)
{
	__m256i k2 = at_least(z, 512), k3 = at_least(z, 8192);
	__m256i two = _mm256_add_epi16(_mm256_srli_epi16(z, 8),
	                               _mm256_set1_epi16(2 * TOKEN_EACH));
	__m256i three = _mm256_add_epi16(_mm256_srli_epi16(z, 12),
	                                 _mm256_set1_epi16(3 * TOKEN_EACH));

	put_nibbles(to, 1, z, mask_of(k2));
	put_nibbles(to, 2, z, mask_of(k3));
	return _mm256_blendv_epi8(_mm256_blendv_epi8(t, two, k2), three, k3);
}

INLINE void split_block(const uint8_t *src, const uint8_t *base, size_t n,
                        uint16_t *tokens, struct nibbles *to)
{
	struct far_groups far;

	far.count = 0;
	for (size_t i = 0; i < n; i += VALUES) {
		__m256i z = distances(load(src + 2 * i), load(base + 2 * i));
		__m256i k1 = at_least(z, TOKEN_DIRECT);
		store(tokens + i, near_tokens(z, k1));
		put_nibbles(to, 0, z, mask_of(k1));
		note_far(&far, i, at_least(z, 512));
	}
	for (unsigned k = 0; k < far.count; k++) {
		size_t i = far.at[k];
		__m256i z = distances(load(src + 2 * i), load(base + 2 * i));
		store(tokens + i, far_tokens(z, load(tokens + i), to));
	}
}

TARGET void kernel_avx2_split16(const uint8_t *src, const uint8_t *base, size_t n,
                                uint16_t *tokens, struct nibbles *nibbles)
{
	struct nibbles to = *nibbles;
	size_t i = 0, m;

	for (; (m = whole(n - i)) > 0; i += m)
		split_block(src + 2 * i, base + 2 * i, m, tokens + i, &to);
	*nibbles = to;
	kernel_portable.split16(src + 2 * i, base + 2 * i, n - i, tokens + i, nibbles);
}

/* The distances of tokens of one nibble at the most. */
INLINE __m256i near_distances(__m256i t, struct nibbles *from)
{
	__m256i k1 = at_least(t, TOKEN_DIRECT);
	__m256i one = _mm256_sub_epi16(t, _mm256_set1_epi16(TOKEN_EACH));
	__m256i z = _mm256_blendv_epi8(t, _mm256_slli_epi16(one, 4), k1);

	return _mm256_or_si256(z, get_nibbles(from, 0, k1));
}

/* The distances of a group that has far ones, of which `z` has the lowest nibbles. */
INLINE __m256i far_distances(__m256i t, __m256i z, struct nibbles *from)
{
	__m256i k2 = at_least(t, 62), k3 = at_least(t, 92);
	__m256i low = _mm256_and_si256(z, _mm256_set1_epi16(15));
	__m256i next = get_nibbles(from, 1, k2), last = get_nibbles(from, 2, k3);
	__m256i two = _mm256_sub_epi16(t, _mm256_set1_epi16(2 * TOKEN_EACH));
	__m256i three = _mm256_sub_epi16(t, _mm256_set1_epi16(3 * TOKEN_EACH));

	low = _mm256_or_si256(low, _mm256_slli_epi16(next, 4));
	last = _mm256_or_si256(low, _mm256_slli_epi16(last, 8));
	z = _mm256_blendv_epi8(z, _mm256_or_si256(_mm256_slli_epi16(two, 8), low), k2);
	return _mm256_blendv_epi8(z, _mm256_or_si256(_mm256_slli_epi16(three, 12), last),
	                          k3);
}

INLINE __m256i values(__m256i z, __m256i b)
{
	__m256i minus = _mm256_sub_epi16(_mm256_setzero_si256(),
	                                 _mm256_and_si256(z, _mm256_set1_epi16(1)));
	__m256i d = _mm256_xor_si256(_mm256_srli_epi16(z, 1), minus);
	__m256i v = _mm256_add_epi16(_mm256_or_si256(b, sign_bit()), d);

	v = _mm256_xor_si256(v, _mm256_srai_epi16(b, 15));
	/* Positive where the top bit is set: 0x8000 off; else all bits. */
	__m256i turn = _mm256_srai_epi16(_mm256_andnot_si256(v, sign_bit()), 15);
	return _mm256_xor_si256(v, _mm256_or_si256(turn, sign_bit()));
}

INLINE void merge_block(const uint16_t *tokens, const uint8_t *base, size_t n,
                        struct nibbles *from, uint8_t *dst)
{
	struct far_groups far;
	uint16_t z[BLOCK];

	far.count = 0;
	for (size_t i = 0; i < n; i += VALUES) {
		__m256i t = load(tokens + i);
		store(z + i, near_distances(t, from));
		note_far(&far, i, at_least(t, 62));
	}
	for (unsigned k = 0; k < far.count; k++) {
		size_t i = far.at[k];
		store(z + i, far_distances(load(tokens + i), load(z + i), from));
	}
	for (size_t i = 0; i < n; i += VALUES)
		store(dst + 2 * i, values(load(z + i), load(base + 2 * i)));
}

TARGET void kernel_avx2_merge16(const uint16_t *tokens, const uint8_t *base, size_t n,
                                struct nibbles *nibbles, uint8_t *dst)
{
	struct nibbles from = *nibbles;
	size_t i = 0, m;

	for (; (m = whole(n - i)) > 0; i += m)
		merge_block(tokens + i, base + 2 * i, m, &from, dst + 2 * i);
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
	if (i == n)
		return;
	/* What is left is less than a vector, and so of one block. */
	struct placing rest = *p;
	rest.block_class += i / KERNEL_BLOCK;
	kernel_portable.place16(&rest, base + 2 * i, n - i, ctx + i);
}

/* -(2^c) of 16 numbers c below 16: its lower bytes and its upper ones are looked up. */
INLINE __m256i minus_power(__m256i c)
{
	const __m128i low = _mm_setr_epi8(-1, -2, -4, -8, -16, -32, -64, -128, 0, 0, 0, 0,
	                                  0, 0, 0, 0);
	const __m128i high = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -2, -4, -8,
	                                   -16, -32, -64, -128);
	__m256i lower = _mm256_or_si256(c, _mm256_set1_epi16((short)0x8000));
	__m256i upper = _mm256_or_si256(_mm256_slli_epi16(c, 8), _mm256_set1_epi16(0x80));

	lower = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(low), lower);
	upper = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(high), upper);
	return _mm256_or_si256(lower, upper);
}

/* Distances are below 2^9, and -(2^15) is a signed number of 16 bits where 2^15 is not. */
TARGET uint32_t kernel_avx2_score(const uint16_t *tokens, const uint16_t *ctx, size_t n)
{
	__m256i sum = _mm256_setzero_si256();
	uint32_t lanes[LANES], total = 0;
	size_t i = 0;

	for (; i + VALUES <= n; i += VALUES) {
		__m256i t = _mm256_min_epu16(load(tokens + i),
		                             _mm256_set1_epi16(KERNEL_TOKEN_CAP));
		__m256i far = _mm256_cmpgt_epi16(t, _mm256_set1_epi16(TOKEN_DIRECT - 1));
		__m256i more = _mm256_sub_epi16(t, _mm256_set1_epi16(TOKEN_EACH));
		t = _mm256_blendv_epi8(t, _mm256_slli_epi16(more, 4), far);
		t = _mm256_madd_epi16(t, minus_power(load(ctx + i)));
		sum = _mm256_sub_epi32(sum, t);
	}
	store(lanes, sum);
	for (int k = 0; k < LANES; k++)
		total += lanes[k];
	return i == n ? total : total + kernel_portable.score(tokens + i, ctx + i, n - i);
}

#endif
