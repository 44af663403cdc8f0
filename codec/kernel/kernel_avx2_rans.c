/*
 * Kernels for AVX2 (Haswell, Zen and later). A step is eight vectors of eight
 * states; what AVX-512 compresses and expands goes through permutations here,
 * made from two small tables.
 */
#include "codec/kernel/kernel_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/kernel/permute8.h"
#include "codec/kernel/rans.h"

#define TARGET TARGET_AVX2
#define INLINE static inline TARGET __attribute__((always_inline))

enum { VECTORS = 8, LANES = 8, VALUES = 16 };

/*
 * The entries of eight numbers, loaded one by one: faster than a gather on Zen, and
 * on Intel's CPUs mended against Downfall. The numbers leave their vector in pairs:
 * by way of memory, stores that are loaded again at once keep all waiting.
 */
INLINE __m256i look_up(const uint32_t *table, __m256i at)
{
	__m128i low = _mm256_castsi256_si128(at), high = _mm256_extracti128_si256(at, 1);
	uint64_t n01 = (uint64_t)_mm_cvtsi128_si64(low);
	uint64_t n23 = (uint64_t)_mm_extract_epi64(low, 1);
	uint64_t n45 = (uint64_t)_mm_cvtsi128_si64(high);
	uint64_t n67 = (uint64_t)_mm_extract_epi64(high, 1);
	__m128i a = _mm_cvtsi32_si128((int)table[(uint32_t)n01]);
	__m128i b = _mm_cvtsi32_si128((int)table[(uint32_t)n23]);
	__m128i c = _mm_cvtsi32_si128((int)table[(uint32_t)n45]);
	__m128i d = _mm_cvtsi32_si128((int)table[(uint32_t)n67]);

	a = _mm_insert_epi32(a, (int)table[n01 >> 32], 1);
	b = _mm_insert_epi32(b, (int)table[n23 >> 32], 1);
	c = _mm_insert_epi32(c, (int)table[n45 >> 32], 1);
	d = _mm_insert_epi32(d, (int)table[n67 >> 32], 1);
	return _mm256_set_m128i(_mm_unpacklo_epi64(c, d), _mm_unpacklo_epi64(a, b));
}

/* ---- decoding */

/* Even or odd ones of 16 contexts, times the slots of a table: a sum of two
 * products, one of them with 0. */
INLINE __m256i table_of(__m256i ctx, bool odd)
{
	return _mm256_madd_epi16(ctx, _mm256_set1_epi32(odd ? RANS_SUM << 16 : RANS_SUM));
}

INLINE __m256i entries(__m256i x, __m256i table, const uint32_t *tables)
{
	__m256i slot = _mm256_and_si256(x, _mm256_set1_epi32(RANS_SUM - 1));

	return look_up(tables, _mm256_or_si256(slot, table));
}

/* Below 2^15 is what less 2^15 is below 0: a sign, which both the mask and the
 * choice at the end go by. */
INLINE __m256i advance(__m256i x, __m256i entry, const uint8_t **at)
{
	__m256i low11 = _mm256_set1_epi32(0x7ff);
	__m256i freq = _mm256_and_si256(entry, low11);
	__m256i bias = _mm256_and_si256(_mm256_srli_epi32(entry, 11), low11);

	x = _mm256_mullo_epi32(freq, _mm256_srli_epi32(x, RANS_BITS));
	x = _mm256_add_epi32(x, bias);
	__m256 low = _mm256_castsi256_ps(
		_mm256_sub_epi32(x, _mm256_set1_epi32(RANS_LOW)));
	unsigned mask = (unsigned)_mm256_movemask_ps(low);
	__m128i words = _mm_loadu_si128((const __m128i *)*at);
	words = expand_words(words, mask);
	*at += 2 * (unsigned)_mm_popcnt_u32(mask);
	__m256i full = _mm256_or_si256(_mm256_slli_epi32(x, 16),
	                               _mm256_cvtepu16_epi32(words));
	return _mm256_castps_si256(
		_mm256_blendv_ps(_mm256_castsi256_ps(x), _mm256_castsi256_ps(full), low));
}

INLINE void store_symbols(uint16_t *to, __m256i e, __m256i o)
{
	__m256i v = _mm256_blend_epi16(_mm256_srli_epi32(e, 22), _mm256_srli_epi32(o, 6),
	                               0xaa);

	_mm256_storeu_si256((__m256i *)to, v);
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
	__m256i e0 = entries(x[0], table_of(a, false), tables);
	__m256i e1 = entries(x[1], table_of(b, false), tables);
	__m256i e2 = entries(x[2], table_of(a, true), tables);
	__m256i e3 = entries(x[3], table_of(b, true), tables);
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
		rans_fetch(r, done);
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

TARGET size_t kernel_avx2_decode(struct rans_reader *r, const uint32_t *tables,
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
	__m256i zero = _mm256_setzero_si256();
	__m256i freq = _mm256_blend_epi16(entry, zero, 0xaa);
	__m256i same = _mm256_cmpgt_epi32(freq, _mm256_srli_epi32(x, 20));
	unsigned stay = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(same));
	__m256i low = _mm256_blend_epi16(x, zero, 0xaa);
	__m128i words = _mm_packus_epi32(_mm256_castsi256_si128(low),
	                                 _mm256_extracti128_si256(low, 1));

	_mm_storeu_si128((__m128i *)(*at - 16), raise_words(words, stay ^ 0xff));
	*at -= 2 * (LANES - (unsigned)_mm_popcnt_u32(stay));
	x = _mm256_blendv_epi8(_mm256_srli_epi32(x, 16), x, same);

	__m256 less = _mm256_mul_ps(_mm256_cvtepi32_ps(x),
	                            _mm256_set1_ps(1.0f - 1.0f / (1 << 21)));
	__m256i q = _mm256_cvttps_epi32(_mm256_div_ps(less, _mm256_cvtepi32_ps(freq)));
	__m256i rem = _mm256_sub_epi32(x, _mm256_mullo_epi32(q, freq));
	/* q more by one is what was taken off less by freq, and 2^11 on top. */
	__m256i right = _mm256_cmpgt_epi32(freq, rem);
	__m256i more = _mm256_sub_epi32(_mm256_set1_epi32(RANS_SUM), freq);
	more = _mm256_andnot_si256(right, more);
	x = _mm256_add_epi32(_mm256_slli_epi32(q, RANS_BITS), rem);
	x = _mm256_add_epi32(x, _mm256_srli_epi32(entry, 16));
	return _mm256_add_epi32(x, more);
}

/* The entries of at[0], at[2], ... at[14]. */
INLINE __m256i every_other(const uint32_t *table, const uint16_t *at)
{
	__m128i a = _mm_cvtsi32_si128((int)table[at[0]]);
	__m128i b = _mm_cvtsi32_si128((int)table[at[4]]);
	__m128i c = _mm_cvtsi32_si128((int)table[at[8]]);
	__m128i d = _mm_cvtsi32_si128((int)table[at[12]]);

	a = _mm_insert_epi32(a, (int)table[at[2]], 1);
	b = _mm_insert_epi32(b, (int)table[at[6]], 1);
	c = _mm_insert_epi32(c, (int)table[at[10]], 1);
	d = _mm_insert_epi32(d, (int)table[at[14]], 1);
	return _mm256_set_m128i(_mm_unpacklo_epi64(c, d), _mm_unpacklo_epi64(a, b));
}

INLINE void encode_half(__m256i *x, const uint32_t *table, const uint16_t *index,
                        uint8_t **at)
{
	__m256i e3 = every_other(table, index + VALUES + 1);
	__m256i e2 = every_other(table, index + 1);
	__m256i e1 = every_other(table, index + VALUES);
	__m256i e0 = every_other(table, index);

	x[3] = put(x[3], e3, at);
	x[2] = put(x[2], e2, at);
	x[1] = put(x[1], e1, at);
	x[0] = put(x[0], e0, at);
}

TARGET void kernel_avx2_encode(struct rans_writer *w, const uint32_t *table,
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

#endif
