/*
 * Kernels for AVX2 (Haswell, Zen and later). A step is eight vectors of eight
 * states; what AVX-512 compresses and expands goes through permutations here,
 * made from two small tables.
 */
#include "codec/kernel_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/kernel_portable.h"
#include "codec/rans.h"
#include "codec/ulp_token.h"

#define TARGET __attribute__((target("avx2,bmi,fma,popcnt")))
#define INLINE static inline TARGET __attribute__((always_inline))

enum { VECTORS = 8, LANES = 8, VALUES = 16 };

/* ---- permutations of eight */

/* The places of the bits that are set in `mask`, one a byte. */
INLINE uint64_t compress8(unsigned mask)
{
	static const uint32_t places[16] = {
		0x00000000, 0x00000000, 0x00000001, 0x00000100, 0x00000002, 0x00000200,
		0x00000201, 0x00020100, 0x00000003, 0x00000300, 0x00000301, 0x00030100,
		0x00000302, 0x00030200, 0x00030201, 0x03020100,
	};
	unsigned n = (unsigned)_mm_popcnt_u32(mask & 15);

	return places[mask & 15] | (uint64_t)(places[mask >> 4] + 0x04040404u) << 8 * n;
}

/* For each bit how many below it are set in `mask`, one a byte. */
INLINE uint64_t expand8(unsigned mask)
{
	static const uint32_t below[8] = {
		0x00000000, 0x01010100, 0x01010000, 0x02020100,
		0x01000000, 0x02010100, 0x02010000, 0x03020100,
	};
	unsigned n = (unsigned)_mm_popcnt_u32(mask & 15);

	return below[mask & 7] | (uint64_t)(below[mask >> 4 & 7] + n * 0x01010101u) << 32;
}

INLINE __m128i bytes8(uint64_t bytes)
{
	return _mm_cvtsi64_si128((long long)bytes);
}

INLINE __m256i dwords(uint64_t bytes)
{
	return _mm256_cvtepu8_epi32(bytes8(bytes));
}

INLINE __m256i load(const void *p)
{
	return _mm256_loadu_si256(p);
}

/* The dwords of eight states in vectors of 16-bit numbers: even, or odd ones. */
INLINE __m256i even(__m256i v)
{
	return _mm256_and_si256(v, _mm256_set1_epi32(0xffff));
}

INLINE __m256i odd(__m256i v)
{
	return _mm256_srli_epi32(v, 16);
}

/* ---- decoding */

INLINE __m256i entries(__m256i x, __m256i ctx, const uint32_t *tables)
{
	__m256i slot = _mm256_and_si256(x, _mm256_set1_epi32(RANS_SUM - 1));

	slot = _mm256_or_si256(slot, _mm256_slli_epi32(ctx, RANS_BITS));
	return _mm256_i32gather_epi32((const int *)tables, slot, 4);
}

INLINE __m256i advance(__m256i x, __m256i entry, const uint8_t **at)
{
	__m256i low11 = _mm256_set1_epi32(0x7ff);
	__m256i freq = _mm256_and_si256(entry, low11);
	__m256i bias = _mm256_and_si256(_mm256_srli_epi32(entry, 11), low11);

	x = _mm256_mullo_epi32(freq, _mm256_srli_epi32(x, RANS_BITS));
	x = _mm256_add_epi32(x, bias);
	__m256i low = _mm256_cmpgt_epi32(_mm256_set1_epi32(RANS_LOW), x);
	unsigned mask = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(low));
	__m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)*at));
	words = _mm256_permutevar8x32_epi32(words, dwords(expand8(mask)));
	*at += 2 * (unsigned)_mm_popcnt_u32(mask);
	__m256i full = _mm256_or_si256(_mm256_slli_epi32(x, 16), words);
	return _mm256_blendv_epi8(x, full, low);
}

INLINE void store_symbols(uint16_t *to, __m256i e, __m256i o)
{
	__m256i upper = _mm256_and_si256(_mm256_srli_epi32(o, 6),
	                                 _mm256_set1_epi32((int)0xffff0000));

	_mm256_storeu_si256((__m256i *)to,
	                    _mm256_or_si256(_mm256_srli_epi32(e, 22), upper));
}

/* Half a step: 32 values, of which even ones have the states x[0], x[1] and odd
 * ones x[2], x[3]. */
INLINE void decode_half(__m256i *x, const uint32_t *tables, const uint16_t *ctx,
                        uint16_t *symbols, const uint8_t **at)
{
	__m256i a = _mm256_setzero_si256(), b = a;

	if (ctx) {
		a = load(ctx);
		b = load(ctx + VALUES);
	}
	__m256i e0 = entries(x[0], even(a), tables);
	__m256i e1 = entries(x[1], even(b), tables);
	__m256i e2 = entries(x[2], odd(a), tables);
	__m256i e3 = entries(x[3], odd(b), tables);
	store_symbols(symbols, e0, e2);
	store_symbols(symbols + VALUES, e1, e3);
	x[0] = advance(x[0], e0, at);
	x[1] = advance(x[1], e1, at);
	x[2] = advance(x[2], e2, at);
	x[3] = advance(x[3], e3, at);
}

INLINE size_t decode_steps(struct rans_reader *r, const uint32_t *tables,
                           const uint16_t *ctx, uint16_t *symbols, size_t steps)
{
	const uint8_t *at = r->at;
	__m256i x[VECTORS];
	size_t done = 0;

	for (int k = 0; k < VECTORS; k++)
		x[k] = load(r->x + k * LANES);
	for (; done < steps && r->end - at >= RANS_STEP_BYTES; done++) {
		const uint16_t *c = ctx ? ctx + done * RANS_LANES : NULL;
		decode_half(x, tables, c, symbols + done * RANS_LANES, &at);
		decode_half(x + 4, tables, c ? c + 2 * VALUES : NULL,
		            symbols + done * RANS_LANES + 2 * VALUES, &at);
	}
	for (int k = 0; k < VECTORS; k++)
		_mm256_storeu_si256((__m256i *)(r->x + k * LANES), x[k]);
	r->at = at;
	return done;
}

static TARGET size_t decode(struct rans_reader *r, const uint32_t *tables,
                            const uint16_t *ctx, uint16_t *symbols, size_t steps)
{
	if (ctx)
		return decode_steps(r, tables, ctx, symbols, steps);
	return decode_steps(r, tables, NULL, symbols, steps);
}

/* ---- encoding */

/*
 * Words go to the upper end of a vector that is stored right below `at`: what
 * is free there may be overwritten.
 *
 * x, made smaller by 2^-21 of itself, over freq in floats errs by less than
 * 2^-22 more, so that the quotient, below 2^20, comes out right or one too
 * small; the remainder says which.
 */
INLINE __m256i put(__m256i x, __m256i entry, uint8_t **at)
{
	__m256i freq = even(entry), one = _mm256_set1_epi32(1);
	__m256i limit = _mm256_sub_epi32(_mm256_slli_epi32(freq, 20), one);
	__m256i high = _mm256_cmpgt_epi32(x, limit);
	unsigned mask = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(high));
	unsigned n = (unsigned)_mm_popcnt_u32(mask);
	uint64_t order = compress8(mask) << 4 * (8 - n) << 4 * (8 - n);

	__m256i words = _mm256_permutevar8x32_epi32(even(x), dwords(order));
	_mm_storeu_si128((__m128i *)(*at - 16),
	                 _mm_packus_epi32(_mm256_castsi256_si128(words),
	                                  _mm256_extracti128_si256(words, 1)));
	*at -= 2 * n;
	x = _mm256_blendv_epi8(x, _mm256_srli_epi32(x, 16), high);

	__m256 less = _mm256_mul_ps(_mm256_cvtepi32_ps(x),
	                            _mm256_set1_ps(1.0f - 1.0f / (1 << 21)));
	__m256i q = _mm256_cvttps_epi32(_mm256_div_ps(less, _mm256_cvtepi32_ps(freq)));
	__m256i rem = _mm256_sub_epi32(x, _mm256_mullo_epi32(q, freq));
	__m256i more = _mm256_cmpgt_epi32(rem, _mm256_sub_epi32(freq, one));
	q = _mm256_sub_epi32(q, more);
	rem = _mm256_sub_epi32(rem, _mm256_and_si256(more, freq));
	return _mm256_add_epi32(_mm256_slli_epi32(q, RANS_BITS),
	                        _mm256_add_epi32(rem, _mm256_srli_epi32(entry, 16)));
}

INLINE void encode_half(__m256i *x, const uint32_t *table, const uint16_t *index,
                        uint8_t **at)
{
	__m256i a = load(index), b = load(index + VALUES);
	__m256i e3 = _mm256_i32gather_epi32((const int *)table, odd(b), 4);
	__m256i e2 = _mm256_i32gather_epi32((const int *)table, odd(a), 4);
	__m256i e1 = _mm256_i32gather_epi32((const int *)table, even(b), 4);
	__m256i e0 = _mm256_i32gather_epi32((const int *)table, even(a), 4);

	x[3] = put(x[3], e3, at);
	x[2] = put(x[2], e2, at);
	x[1] = put(x[1], e1, at);
	x[0] = put(x[0], e0, at);
}

static TARGET void encode(struct rans_writer *w, const uint32_t *table,
                          const uint16_t *index, size_t steps)
{
	uint8_t *at = w->at;
	__m256i x[VECTORS];

	for (int k = 0; k < VECTORS; k++)
		x[k] = load(w->x + k * LANES);
	while (steps-- > 0) {
		const uint16_t *step = index + steps * RANS_LANES;
		encode_half(x + 4, table, step + 2 * VALUES, &at);
		encode_half(x, table, step, &at);
	}
	for (int k = 0; k < VECTORS; k++)
		_mm256_storeu_si256((__m256i *)(w->x + k * LANES), x[k]);
	w->at = at;
}

/* ---- 16-bit distances */

INLINE __m256i at_least(__m256i v, int limit)
{
	return _mm256_cmpeq_epi16(_mm256_max_epu16(v, _mm256_set1_epi16((short)limit)), v);
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

	for (unsigned half = 0; half < 2; half++, mask >>= 8) {
		__m128i order = bytes8(compress8(mask & 0xff));
		_mm_storel_epi64((__m128i *)to->at[s], _mm_shuffle_epi8(bytes, order));
		to->at[s] += _mm_popcnt_u32(mask & 0xff);
		bytes = _mm_unpackhi_epi64(bytes, bytes);
	}
}

INLINE __m256i get_nibbles(struct nibbles *from, unsigned s, __m256i is, unsigned mask)
{
	__m128i half[2];

	for (unsigned h = 0; h < 2; h++, mask >>= 8) {
		__m128i bytes = _mm_loadl_epi64((const __m128i *)from->at[s]);
		half[h] = _mm_shuffle_epi8(bytes, bytes8(expand8(mask & 0xff)));
		from->at[s] += _mm_popcnt_u32(mask & 0xff);
	}
	__m256i nibble = _mm256_cvtepu8_epi16(_mm_unpacklo_epi64(half[0], half[1]));
	return _mm256_and_si256(_mm256_slli_epi16(nibble, (int)(4 * s)), is);
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

static TARGET void split16(const uint8_t *src, const uint8_t *base, size_t n,
                           uint16_t *tokens, struct nibbles *nibbles)
{
	struct nibbles to = *nibbles;
	__m256i each = _mm256_set1_epi16(TOKEN_EACH);
	size_t i = 0;

	for (; i + VALUES <= n; i += VALUES) {
		__m256i z = distances(load(src + 2 * i), load(base + 2 * i));
		__m256i k1 = at_least(z, 32), k2 = at_least(z, 512), k3 = at_least(z, 8192);
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

/* The distances of tokens, their nibbles taken from the streams. */
INLINE __m256i distances_of(__m256i t, struct nibbles *from)
{
	__m256i each = _mm256_set1_epi16(TOKEN_EACH);
	__m256i k1 = at_least(t, 32), k2 = at_least(t, 62), k3 = at_least(t, 92);
	__m256i z = _mm256_sub_epi16(t, _mm256_and_si256(k1, each));

	z = _mm256_sub_epi16(z, _mm256_and_si256(k2, each));
	z = _mm256_sub_epi16(z, _mm256_and_si256(k3, each));
	z = _mm256_blendv_epi8(z, _mm256_slli_epi16(z, 4), k1);
	z = _mm256_blendv_epi8(z, _mm256_slli_epi16(z, 4), k2);
	z = _mm256_blendv_epi8(z, _mm256_slli_epi16(z, 4), k3);
	z = _mm256_or_si256(z, get_nibbles(from, 0, k1, mask_of(k1)));
	z = _mm256_or_si256(z, get_nibbles(from, 1, k2, mask_of(k2)));
	return _mm256_or_si256(z, get_nibbles(from, 2, k3, mask_of(k3)));
}

static TARGET void merge16(const uint16_t *tokens, const uint8_t *base, size_t n,
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

static TARGET void place16(const struct place16 *p, const uint8_t *base, size_t n,
                           uint16_t *ctx)
{
	__m256i table = _mm256_broadcastsi128_si256(
		_mm_loadu_si128((const __m128i *)p->table));
	__m128i shift = _mm_cvtsi32_si128((int)p->shift);
	size_t i = 0;

	for (; i + VALUES <= n; i += VALUES) {
		__m256i e = _mm256_srl_epi16(load(base + 2 * i), shift);
		e = _mm256_and_si256(e, _mm256_set1_epi16((short)p->mask));
		e = _mm256_subs_epu16(e, _mm256_set1_epi16((short)p->low));
		e = _mm256_min_epu16(e, _mm256_set1_epi16(15));
		e = _mm256_and_si256(_mm256_shuffle_epi8(table, e),
		                     _mm256_set1_epi16(0xff));
		_mm256_storeu_si256((__m256i *)(ctx + i), e);
	}
	kernel_portable.place16(p, base + 2 * i, n - i, ctx + i);
}

/* ---- floats by themselves */

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

	if (width & 4) {
		v = plane4(raw, half);
		raw += 32;
		shift = 4;
	}
	if (width & 2) {
		/* Fields are small: no bit crosses into the next byte. */
		v = _mm256_or_si256(v, _mm256_sll_epi64(plane2(raw, half),
		                                        _mm_cvtsi32_si128(shift)));
		raw += 16;
		shift += 2;
	}
	if (width & 1)
		v = _mm256_or_si256(v, _mm256_sll_epi64(plane1(raw, half),
		                                        _mm_cvtsi32_si128(shift)));
	return v;
}

INLINE __m256i join(const struct cut16 *c, __m256i symbols, __m128i bytes)
{
	__m256i raw = _mm256_cvtepu8_epi16(bytes);
	__m128i shift = _mm_cvtsi32_si128((int)c->shift);
	__m256i low_mask = _mm256_set1_epi16((short)((1 << c->shift) - 1));
	__m256i v = _mm256_add_epi16(symbols, _mm256_set1_epi16((short)c->low));

	v = _mm256_sll_epi16(v, shift);
	v = _mm256_or_si256(v, _mm256_and_si256(raw, low_mask));
	return _mm256_or_si256(v, _mm256_slli_epi16(_mm256_srl_epi16(raw, shift), 15));
}

static TARGET void join16(const struct cut16 *c, const uint16_t *symbols,
                          const uint8_t *raw, size_t blocks, uint8_t *dst)
{
	const struct cut16 cut = *c;
	unsigned width = cut.shift + 1;

	if (width >= 8) {
		kernel_portable.join16(c, symbols, raw, blocks, dst);
		return;
	}
	for (; blocks > 0; blocks--, raw += 8 * width) {
		for (int half = 0; half < 2; half++, symbols += 32, dst += 64) {
			__m256i v = fields(raw, width, half);
			__m256i a = join(&cut, load(symbols), _mm256_castsi256_si128(v));
			__m256i b = join(&cut, load(symbols + VALUES),
			                 _mm256_extracti128_si256(v, 1));
			_mm256_storeu_si256((__m256i *)dst, a);
			_mm256_storeu_si256((__m256i *)(dst + 32), b);
		}
	}
}

const struct kernel kernel_avx2 = {
	.name = "avx2",
	.decode = decode,
	.encode = encode,
	.split16 = split16,
	.merge16 = merge16,
	.place16 = place16,
	.join16 = join16,
};

bool kernel_avx2_runs(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt");
}

#endif
