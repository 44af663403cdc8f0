/*
 * Kernels for AVX-512 with VBMI2 (Ice Lake, Zen 4 and later). A step is four
 * groups of 16 states; all four gathers go out before the first is needed.
 */
#include "codec/kernel/kernel_avx512.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/kernel/rans.h"

#define TARGET TARGET_AVX512
#define INLINE static inline TARGET __attribute__((always_inline))

enum { GROUP = 16, VALUES = 32 };

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
		rans_fetch(r, done);
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

TARGET size_t kernel_avx512_decode(struct rans_reader *r, const uint32_t *tables,
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

TARGET void kernel_avx512_encode(struct rans_writer *w, const uint32_t *table,
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

#endif
