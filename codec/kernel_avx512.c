/*
 * Kernels for AVX-512 with VBMI2 (Ice Lake, Zen 4 and later). A step is four
 * groups of 16 states; all four gathers go out before the first is needed.
 */
#include "codec/kernel_avx512.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/kernel_portable.h"
#include "codec/rans.h"
#include "codec/ulp_token.h"

#define TARGET                                                                           \
	__attribute__((target(                                                           \
		"avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt")))
#define INLINE static inline TARGET __attribute__((always_inline))

enum { GROUPS = 4, GROUP = 16, VALUES = 32 };

/* The dwords of a group in vectors of 16-bit numbers: even, or odd ones. */
INLINE __m512i even(__m512i v)
{
	return _mm512_and_si512(v, _mm512_set1_epi32(0xffff));
}

INLINE __m512i odd(__m512i v)
{
	return _mm512_srli_epi32(v, 16);
}

/* ---- decoding */

INLINE __m512i entries(__m512i x, __m512i ctx, const uint32_t *tables)
{
	__m512i slot = _mm512_and_si512(x, _mm512_set1_epi32(RANS_SUM - 1));

	slot = _mm512_or_si512(slot, _mm512_slli_epi32(ctx, RANS_BITS));
	return _mm512_i32gather_epi32(slot, tables, 4);
}

/* A group's states after its entries; takes words from *at. */
INLINE __m512i advance(__m512i x, __m512i entry, const uint8_t **at)
{
	__m512i low11 = _mm512_set1_epi32(0x7ff);
	__m512i freq = _mm512_and_si512(entry, low11);
	__m512i bias = _mm512_and_si512(_mm512_srli_epi32(entry, 11), low11);

	x = _mm512_mullo_epi32(freq, _mm512_srli_epi32(x, RANS_BITS));
	x = _mm512_add_epi32(x, bias);
	__mmask16 low = _mm512_cmplt_epi32_mask(x, _mm512_set1_epi32(RANS_LOW));
	__m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)*at));
	__m512i full = _mm512_or_si512(_mm512_slli_epi32(x, 16),
	                               _mm512_maskz_expand_epi32(low, words));
	*at += 2 * (unsigned)_mm_popcnt_u32(low);
	return _mm512_mask_mov_epi32(x, low, full);
}

INLINE void store_symbols(uint16_t *to, __m512i e, __m512i o)
{
	__m512i upper = _mm512_and_si512(_mm512_srli_epi32(o, 6),
	                                 _mm512_set1_epi32((int)0xffff0000));

	_mm512_storeu_si512(to, _mm512_or_si512(_mm512_srli_epi32(e, 22), upper));
}

INLINE size_t decode_steps(struct rans_reader *r, const uint32_t *tables,
                           const uint16_t *ctx, uint16_t *symbols, size_t steps)
{
	const uint8_t *at = r->at;
	__m512i x0 = _mm512_loadu_si512(r->x), x1 = _mm512_loadu_si512(r->x + 16);
	__m512i x2 = _mm512_loadu_si512(r->x + 32), x3 = _mm512_loadu_si512(r->x + 48);
	__m512i a = _mm512_setzero_si512(), b = a;
	size_t done = 0;

	for (; done < steps && r->end - at >= RANS_STEP_BYTES; done++) {
		if (ctx) {
			a = _mm512_loadu_si512(ctx + done * RANS_LANES);
			b = _mm512_loadu_si512(ctx + done * RANS_LANES + VALUES);
		}
		__m512i e0 = entries(x0, even(a), tables);
		__m512i e1 = entries(x1, odd(a), tables);
		__m512i e2 = entries(x2, even(b), tables);
		__m512i e3 = entries(x3, odd(b), tables);
		store_symbols(symbols + done * RANS_LANES, e0, e1);
		store_symbols(symbols + done * RANS_LANES + VALUES, e2, e3);
		x0 = advance(x0, e0, &at);
		x1 = advance(x1, e1, &at);
		x2 = advance(x2, e2, &at);
		x3 = advance(x3, e3, &at);
	}
	_mm512_storeu_si512(r->x, x0);
	_mm512_storeu_si512(r->x + 16, x1);
	_mm512_storeu_si512(r->x + 32, x2);
	_mm512_storeu_si512(r->x + 48, x3);
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
 * x / freq without a division: x times a reciprocal that is a little too small
 * (rcp14 and one Newton step err by less than 2^-22, the scale takes off 2^-21),
 * so that the quotient, below 2^20, comes out right or one too small; the
 * remainder says which.
 */
INLINE __m512i put(__m512i x, __m512i entry, uint8_t **at)
{
	__m512i freq = even(entry);
	__mmask16 high = _mm512_cmpge_epu32_mask(x, _mm512_slli_epi32(freq, 20));
	unsigned n = (unsigned)_mm_popcnt_u32(high);
	__m256i words = _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(high, x));

	/* The words belong right below `at`; what the store leaves above them
	 * lands below too, so shift them up within the vector first. */
	*at -= 2 * n;
	_mm256_mask_storeu_epi16(*at, (__mmask16)((1u << n) - 1), words);
	x = _mm512_mask_srli_epi32(x, high, x, 16);

	__m512 f = _mm512_cvtepi32_ps(freq);
	__m512 r = _mm512_rcp14_ps(f);
	r = _mm512_fmadd_ps(r, _mm512_fnmadd_ps(f, r, _mm512_set1_ps(1.0f)), r);
	r = _mm512_mul_ps(r, _mm512_set1_ps(1.0f - 1.0f / (1 << 21)));
	__m512i q = _mm512_cvttps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(x), r));
	__m512i rem = _mm512_sub_epi32(x, _mm512_mullo_epi32(q, freq));
	__mmask16 more = _mm512_cmpge_epi32_mask(rem, freq);
	q = _mm512_mask_add_epi32(q, more, q, _mm512_set1_epi32(1));
	rem = _mm512_mask_sub_epi32(rem, more, rem, freq);
	return _mm512_add_epi32(_mm512_slli_epi32(q, RANS_BITS),
	                        _mm512_add_epi32(rem, _mm512_srli_epi32(entry, 16)));
}

static TARGET void encode(struct rans_writer *w, const uint32_t *table,
                          const uint16_t *index, size_t steps)
{
	uint8_t *at = w->at;
	__m512i x0 = _mm512_loadu_si512(w->x), x1 = _mm512_loadu_si512(w->x + 16);
	__m512i x2 = _mm512_loadu_si512(w->x + 32), x3 = _mm512_loadu_si512(w->x + 48);

	while (steps-- > 0) {
		__m512i a = _mm512_loadu_si512(index + steps * RANS_LANES);
		__m512i b = _mm512_loadu_si512(index + steps * RANS_LANES + VALUES);
		__m512i e3 = _mm512_i32gather_epi32(odd(b), table, 4);
		__m512i e2 = _mm512_i32gather_epi32(even(b), table, 4);
		__m512i e1 = _mm512_i32gather_epi32(odd(a), table, 4);
		__m512i e0 = _mm512_i32gather_epi32(even(a), table, 4);
		x3 = put(x3, e3, &at);
		x2 = put(x2, e2, &at);
		x1 = put(x1, e1, &at);
		x0 = put(x0, e0, &at);
	}
	_mm512_storeu_si512(w->x, x0);
	_mm512_storeu_si512(w->x + 16, x1);
	_mm512_storeu_si512(w->x + 32, x2);
	_mm512_storeu_si512(w->x + 48, x3);
	w->at = at;
}

/* ---- 16-bit distances */

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

INLINE __m512i get_nibbles(struct nibbles *from, unsigned s, __mmask32 mask)
{
	__m256i bytes = _mm256_loadu_si256((const __m256i *)from->at[s]);

	from->at[s] += _mm_popcnt_u32(mask);
	return _mm512_slli_epi16(
		_mm512_cvtepu8_epi16(_mm256_maskz_expand_epi8(mask, bytes)), 4 * s);
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

static TARGET void split16(const uint8_t *src, const uint8_t *base, size_t n,
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

static TARGET void merge16(const uint16_t *tokens, const uint8_t *base, size_t n,
                           struct nibbles *nibbles, uint8_t *dst)
{
	struct nibbles from = *nibbles;
	size_t i = 0;

	for (; i + VALUES <= n; i += VALUES) {
		__m512i t = _mm512_loadu_si512(tokens + i);
		__m512i b = _mm512_loadu_si512(base + 2 * i);
		__mmask32 k1 = _mm512_cmpge_epu16_mask(t, _mm512_set1_epi16(32));
		__mmask32 k2 = _mm512_cmpge_epu16_mask(t, _mm512_set1_epi16(62));
		__mmask32 k3 = _mm512_cmpge_epu16_mask(t, _mm512_set1_epi16(92));
		__m512i each = _mm512_set1_epi16(TOKEN_EACH);
		__m512i z = _mm512_mask_sub_epi16(t, k1, t, each);
		z = _mm512_mask_sub_epi16(z, k2, z, each);
		z = _mm512_mask_sub_epi16(z, k3, z, each);
		z = _mm512_mask_slli_epi16(z, k1, z, 4);
		z = _mm512_mask_slli_epi16(z, k2, z, 4);
		z = _mm512_mask_slli_epi16(z, k3, z, 4);
		z = _mm512_or_si512(z, get_nibbles(&from, 0, k1));
		z = _mm512_or_si512(z, get_nibbles(&from, 1, k2));
		z = _mm512_or_si512(z, get_nibbles(&from, 2, k3));
		__m512i minus = _mm512_sub_epi16(
			_mm512_setzero_si512(),
			_mm512_and_si512(z, _mm512_set1_epi16(1)));
		__m512i d = _mm512_xor_si512(_mm512_srli_epi16(z, 1), minus);
		__m512i v = _mm512_add_epi16(_mm512_or_si512(b, sign_bit()), d);
		v = _mm512_xor_si512(v, _mm512_srai_epi16(b, 15));
		/* Positive where the top bit is set: 0x8000 off; else all bits. */
		__m512i turn = _mm512_or_si512(
			_mm512_srai_epi16(_mm512_andnot_si512(v, sign_bit()), 15),
			sign_bit());
		_mm512_storeu_si512(dst + 2 * i, _mm512_xor_si512(v, turn));
	}
	*nibbles = from;
	kernel_portable.merge16(tokens + i, base + 2 * i, n - i, nibbles, dst + 2 * i);
}

static TARGET void place16(const struct place16 *p, const uint8_t *base, size_t n,
                           uint16_t *ctx)
{
	__m128i narrow = _mm_loadu_si128((const __m128i *)p->table);
	__m512i table = _mm512_castsi256_si512(_mm256_cvtepu8_epi16(narrow));
	__m128i shift = _mm_cvtsi32_si128((int)p->shift);
	size_t i = 0;

	for (; i + VALUES <= n; i += VALUES) {
		__m512i e = _mm512_srl_epi16(_mm512_loadu_si512(base + 2 * i), shift);
		e = _mm512_and_si512(e, _mm512_set1_epi16((short)p->mask));
		e = _mm512_subs_epu16(e, _mm512_set1_epi16((short)p->low));
		e = _mm512_min_epu16(e, _mm512_set1_epi16(15));
		_mm512_storeu_si512(ctx + i, _mm512_permutexvar_epi16(e, table));
	}
	kernel_portable.place16(p, base + 2 * i, n - i, ctx + i);
}

/* ---- floats by themselves */

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
			_mm512_srlv_epi64(_mm512_broadcast_i64x2(_mm_loadu_si128(
						  (const __m128i *)raw)),
		                          _mm512_set_epi64(6, 6, 4, 4, 2, 2, 0, 0)),
			_mm512_set1_epi8(3));
	default:
		return _mm512_and_si512(
			_mm512_srlv_epi64(_mm512_broadcastq_epi64(_mm_loadl_epi64(
						  (const __m128i *)raw)),
		                          _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0)),
			_mm512_set1_epi8(1));
	}
}

INLINE __m512i fields(const uint8_t *raw, unsigned width)
{
	__m512i v = _mm512_setzero_si512();
	unsigned shift = 0;

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

INLINE __m512i join(const struct cut16 *c, __m512i symbols, __m256i bytes)
{
	__m512i raw = _mm512_cvtepu8_epi16(bytes);
	__m128i shift = _mm_cvtsi32_si128((int)c->shift);
	__m512i low_mask = _mm512_set1_epi16((short)((1 << c->shift) - 1));
	__m512i v = _mm512_add_epi16(symbols, _mm512_set1_epi16((short)c->low));

	v = _mm512_sll_epi16(v, shift);
	v = _mm512_or_si512(v, _mm512_and_si512(raw, low_mask));
	return _mm512_or_si512(v, _mm512_slli_epi16(_mm512_srl_epi16(raw, shift), 15));
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
	for (size_t i = 0; i < blocks; i++, symbols += 64, raw += 8 * width, dst += 128) {
		__m512i v = fields(raw, width);
		_mm512_storeu_si512(dst, join(&cut, _mm512_loadu_si512(symbols),
		                              _mm512_castsi512_si256(v)));
		_mm512_storeu_si512(dst + 64, join(&cut, _mm512_loadu_si512(symbols + VALUES),
		                                   _mm512_extracti64x4_epi64(v, 1)));
	}
}

const struct kernel kernel_avx512 = {
	.name = "avx512",
	.decode = decode,
	.encode = encode,
	.split16 = split16,
	.merge16 = merge16,
	.place16 = place16,
	.join16 = join16,
};

bool kernel_avx512_runs(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512vbmi") &&
	       __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("popcnt");
}

#endif
