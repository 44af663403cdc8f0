/* 32-bit values by AVX2: their distances, contexts, and floats by themselves. */
#include "codec/kernel/kernel_avx2.h"

#if defined(__x86_64__)

#include "codec/common/le.h"
#include "codec/kernel/fields.h"
#include "codec/kernel/kernel_avx2_fields.h"
#include "codec/kernel/kernel_portable.h"
#include "codec/kernel/permute8.h"
#include "codec/kernel/ulp_token.h"

#define TARGET TARGET_AVX2
#define INLINE static inline TARGET __attribute__((always_inline))

enum { LANES = 8, HALF = 16, MANTISSA_RAW = 21 };

INLINE __m256i sign_bit(void)
{
	return _mm256_set1_epi32((int)0x80000000);
}

INLINE __m256i distances(__m256i v, __m256i b)
{
	v = _mm256_xor_si256(v, _mm256_or_si256(_mm256_srai_epi32(v, 31), sign_bit()));
	v = _mm256_xor_si256(v, _mm256_srai_epi32(b, 31));
	__m256i d = _mm256_sub_epi32(v, _mm256_or_si256(b, sign_bit()));
	return _mm256_xor_si256(_mm256_slli_epi32(d, 1), _mm256_srai_epi32(d, 31));
}

INLINE __m256i values(__m256i z, __m256i b)
{
	__m256i minus = _mm256_sub_epi32(_mm256_setzero_si256(),
	                                 _mm256_and_si256(z, _mm256_set1_epi32(1)));
	__m256i d = _mm256_xor_si256(_mm256_srli_epi32(z, 1), minus);
	__m256i v = _mm256_add_epi32(_mm256_or_si256(b, sign_bit()), d);

	v = _mm256_xor_si256(v, _mm256_srai_epi32(b, 31));
	/* Positive where the top bit is set: that bit off; else all bits. */
	__m256i turn = _mm256_srai_epi32(_mm256_andnot_si256(v, sign_bit()), 31);
	return _mm256_xor_si256(v, _mm256_or_si256(turn, sign_bit()));
}

/* ---- raw bits: those of two values at once, 56 at the most */

struct bit_end {
	uint8_t *at;
	uint64_t held;  /* bits that do not fill a byte; they are at *at too */
	unsigned count; /* of them */
};

INLINE void put_bits(struct bit_end *to, uint64_t v, unsigned n)
{
	to->held |= v << to->count;
	le64_store(to->at, to->held);
	to->count += n;
	to->at += to->count / 8;
	to->held >>= to->count & ~7u;
	to->count &= 7;
}

INLINE uint64_t get_bits(const uint8_t *room, uint64_t *bit, uint64_t n)
{
	uint64_t v = le64_load(room + *bit / 8) >> *bit % 8;

	*bit += n;
	return v;
}

INLINE uint64_t low64(__m128i v)
{
	return (uint64_t)_mm_cvtsi128_si64(v);
}

INLINE uint64_t high64(__m128i v)
{
	return (uint64_t)_mm_extract_epi64(v, 1);
}

/* The lower of each two, in 64 bits, and the upper. */
INLINE __m256i lower(__m256i v)
{
	return _mm256_blend_epi32(v, _mm256_setzero_si256(), 0xaa);
}

INLINE __m256i upper(__m256i v)
{
	return _mm256_srli_epi64(v, 32);
}

/* Bits above the lowest `n` of each number. */
INLINE __m256i above(__m256i n)
{
	return _mm256_sllv_epi32(_mm256_set1_epi32(-1), n);
}

/* Four times the nibbles of each distance. The exponent of a float says how long a
 * number is; without the bit below its first one, it is not rounded up. */
INLINE __m256i raw_bits(__m256i z)
{
	__m256i half = _mm256_srli_epi32(z, 1);
	__m256i cut = _mm256_andnot_si256(_mm256_srli_epi32(half, 1), half);
	__m256i e = _mm256_castps_si256(_mm256_cvtepi32_ps(cut));

	e = _mm256_subs_epu16(_mm256_srli_epi32(e, 23), _mm256_set1_epi32(127));
	return _mm256_and_si256(e, _mm256_set1_epi32(28));
}

INLINE void split8(__m256i z, uint16_t *tokens, struct bit_end *to)
{
	__m256i bits = raw_bits(z);
	__m256i each = _mm256_mullo_epi16(bits, _mm256_set1_epi32(TOKEN_EACH / 2));
	__m256i t = _mm256_add_epi32(_mm256_srlv_epi32(z, bits),
	                             _mm256_srli_epi32(each, 1));
	_mm_storeu_si128((__m128i *)tokens,
	                 _mm_packus_epi32(_mm256_castsi256_si128(t),
	                                  _mm256_extracti128_si256(t, 1)));

	__m256i raw = _mm256_andnot_si256(above(bits), z);
	raw = _mm256_or_si256(lower(raw), _mm256_sllv_epi64(upper(raw), lower(bits)));
	bits = _mm256_add_epi32(bits, upper(bits));
	__m128i v = _mm256_castsi256_si128(raw), n = _mm256_castsi256_si128(bits);
	put_bits(to, low64(v), (unsigned)_mm_cvtsi128_si32(n));
	put_bits(to, high64(v), (unsigned)_mm_extract_epi32(n, 2));
	v = _mm256_extracti128_si256(raw, 1);
	n = _mm256_extracti128_si256(bits, 1);
	put_bits(to, low64(v), (unsigned)_mm_cvtsi128_si32(n));
	put_bits(to, high64(v), (unsigned)_mm_extract_epi32(n, 2));
}

TARGET uint64_t kernel_avx2_split32(const uint8_t *src, const uint8_t *base, size_t n,
                                    uint16_t *tokens, uint8_t *room, uint64_t bit)
{
	struct bit_end to = { .at = room + bit / 8, .count = bit % 8 };
	size_t i = 0;

	to.held = *to.at & ((1u << to.count) - 1);
	for (; i + LANES <= n; i += LANES)
		split8(distances(load(src + 4 * i), load(base + 4 * i)), tokens + i, &to);
	bit = 8 * (uint64_t)(to.at - room) + to.count;
	return kernel_portable.split32(src + 4 * i, base + 4 * i, n - i, tokens + i, room,
	                               bit);
}

INLINE __m256i merge8(const uint16_t *tokens, const uint8_t *room, uint64_t *bit)
{
	/* Over thirty, for less than 2^8. */
	__m128i t = _mm_loadu_si128((const __m128i *)tokens);
	__m128i k = _mm_mulhi_epu16(_mm_subs_epu16(t, _mm_set1_epi16(2)),
	                            _mm_set1_epi16(2185));
	__m256i bits = _mm256_cvtepu16_epi32(_mm_slli_epi16(k, 2));

	t = _mm_sub_epi16(t, _mm_mullo_epi16(k, _mm_set1_epi16(TOKEN_EACH)));
	__m256i first = lower(bits), sum = _mm256_add_epi64(first, upper(bits));
	__m128i a = _mm256_castsi256_si128(sum), b = _mm256_extracti128_si256(sum, 1);
	uint64_t v0 = get_bits(room, bit, low64(a)), v1 = get_bits(room, bit, high64(a));
	uint64_t v2 = get_bits(room, bit, low64(b)), v3 = get_bits(room, bit, high64(b));
	__m256i v = _mm256_set_epi64x((long long)v3, (long long)v2, (long long)v1,
	                              (long long)v0);
	__m256i second = _mm256_slli_epi64(_mm256_srlv_epi64(v, first), 32);
	v = _mm256_andnot_si256(above(bits), _mm256_blend_epi32(v, second, 0xaa));
	return _mm256_or_si256(v, _mm256_sllv_epi32(_mm256_cvtepu16_epi32(t), bits));
}

TARGET uint64_t kernel_avx2_merge32(const uint16_t *tokens, const uint8_t *base, size_t n,
                                    const uint8_t *room, uint64_t bit, uint8_t *dst)
{
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
		store(dst + 4 * i,
		      values(merge8(tokens + i, room, &bit), load(base + 4 * i)));
	return kernel_portable.merge32(tokens + i, base + 4 * i, n - i, room, bit,
	                               dst + 4 * i);
}

/* The lower 16 bits of two vectors in one, in order; there are no others. */
INLINE __m256i pack16(__m256i a, __m256i b)
{
	return _mm256_permute4x64_epi64(_mm256_packus_epi32(a, b), 0xd8);
}

TARGET void kernel_avx2_place32(const struct placing *p, const uint8_t *base, size_t n,
                                uint16_t *ctx)
{
	__m256i mask = _mm256_set1_epi32((int)p->mask);
	__m256i last = _mm256_set1_epi16(KERNEL_WINDOW - 1);
	__m128i shift = _mm_cvtsi32_si128((int)p->shift);
	size_t i = 0;

	for (; i + HALF <= n; i += HALF) {
		unsigned class = p->block_class[i / KERNEL_BLOCK];
		__m128i narrow = _mm_loadu_si128((const __m128i *)p->table[class]);
		__m256i a = _mm256_srl_epi32(load(base + 4 * i), shift);
		__m256i b = _mm256_srl_epi32(load(base + 4 * i + 32), shift);
		__m256i e = pack16(_mm256_and_si256(a, mask), _mm256_and_si256(b, mask));
		e = _mm256_subs_epu16(e, _mm256_set1_epi16(p->low[class]));
		e = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(narrow),
		                        _mm256_min_epu16(e, last));
		store(ctx + i, _mm256_and_si256(e, _mm256_set1_epi16(0xff)));
	}
	if (i == n)
		return;
	/* What is left is less than a vector, and so of one block. */
	struct placing rest = *p;
	rest.block_class += i / KERNEL_BLOCK;
	kernel_portable.place32(&rest, base + 4 * i, n - i, ctx + i);
}

/* ---- floats by themselves: 16 low bits in two planes of bytes, six in a plane of
 * four and one of two */

enum { SIX = 6, PLANES = 8 * (16 + SIX) }; /* bytes of a block */

/* The upper halves of 16 values. */
INLINE __m256i upper_halves(__m256i symbols, __m256i six)
{
	__m256i sign = _mm256_and_si256(six, _mm256_set1_epi16(32));
	__m256i low = _mm256_and_si256(six, _mm256_set1_epi16(31));

	return _mm256_or_si256(_mm256_or_si256(low, _mm256_slli_epi16(sign, 10)),
	                       _mm256_slli_epi16(symbols, 5));
}

INLINE void join_half(const uint16_t *symbols, const uint8_t *raw, int half, uint8_t *dst)
{
	__m256i six = fields(raw + 128, SIX, half);

	for (int k = 0; k < 2; k++) {
		const uint8_t *at = raw + 32 * half + 16 * k;
		__m128i a = _mm_loadu_si128((const __m128i *)at);
		__m128i b = _mm_loadu_si128((const __m128i *)(at + 64));
		__m128i c = k ? _mm256_extracti128_si256(six, 1)
		              : _mm256_castsi256_si128(six);
		__m256i high = upper_halves(load(symbols + HALF * k),
		                            _mm256_cvtepu8_epi16(c));
		__m256i low = _mm256_set_m128i(_mm_unpackhi_epi8(a, b),
		                               _mm_unpacklo_epi8(a, b));
		__m256i even = _mm256_unpacklo_epi16(low, high);
		__m256i odd = _mm256_unpackhi_epi16(low, high);
		store(dst + 64 * k, _mm256_permute2x128_si256(even, odd, 0x20));
		store(dst + 64 * k + 32, _mm256_permute2x128_si256(even, odd, 0x31));
	}
}

TARGET void kernel_avx2_join32(unsigned shift, const uint16_t *symbols,
                               const uint8_t *raw, size_t blocks, uint8_t *dst)
{
	if (shift != MANTISSA_RAW) {
		kernel_portable.join32(shift, symbols, raw, blocks, dst);
		return;
	}
	for (; blocks > 0; blocks--, raw += PLANES) {
		for (int half = 0; half < 2; half++, symbols += 32, dst += 128)
			join_half(symbols, raw, half, dst);
	}
}

/* Two vectors of 16-bit numbers below 2^8 as bytes, in order. */
INLINE __m256i pack8(__m256i a, __m256i b)
{
	return _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xd8);
}

/* The symbols and low planes of 32 values; returns their six other bits. */
INLINE __m256i cut_half(const uint8_t *src, uint16_t *symbols, uint8_t *raw)
{
	__m256i low[2], six[2], byte = _mm256_set1_epi16(0xff);

	for (int k = 0; k < 2; k++) {
		__m256i a = load(src + 64 * k), b = load(src + 64 * k + 32);
		__m256i zero = _mm256_setzero_si256();
		low[k] = pack16(_mm256_blend_epi16(a, zero, 0xaa),
		                _mm256_blend_epi16(b, zero, 0xaa));
		__m256i high = pack16(_mm256_srli_epi32(a, 16), _mm256_srli_epi32(b, 16));
		__m256i sign = _mm256_slli_epi16(_mm256_srli_epi16(high, 15), 5);
		six[k] = _mm256_or_si256(_mm256_and_si256(high, _mm256_set1_epi16(31)),
		                         sign);
		high = _mm256_and_si256(high, _mm256_set1_epi16(0x7fff));
		store(symbols + HALF * k, _mm256_srli_epi16(high, 5));
	}
	store(raw, pack8(_mm256_and_si256(low[0], byte), _mm256_and_si256(low[1], byte)));
	store(raw + 64,
	      pack8(_mm256_srli_epi16(low[0], 8), _mm256_srli_epi16(low[1], 8)));
	return pack8(six[0], six[1]);
}

TARGET void kernel_avx2_cut32(unsigned shift, const uint8_t *src, size_t blocks,
                              uint16_t *symbols, uint8_t *raw)
{
	if (shift != MANTISSA_RAW) {
		kernel_portable.cut32(shift, src, blocks, symbols, raw);
		return;
	}
	for (; blocks > 0; blocks--, symbols += 64, raw += PLANES, src += 256) {
		__m256i a = cut_half(src, symbols, raw);
		__m256i b = cut_half(src + 128, symbols + 32, raw + 32);
		store_fields(a, b, SIX, raw + 128);
	}
}

#endif
