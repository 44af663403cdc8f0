/* Low-rank products by AVX2: 16 columns at once. */
#include "codec/kernel/kernel_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/kernel/kernel_portable.h"

#define TARGET TARGET_AVX2
#define INLINE static inline TARGET __attribute__((always_inline))

enum { LANES = 8, COLUMNS = 16, ROWS = 4 };

/* ---------------------------------------------------------------- predicting */

INLINE __m256i load(const void *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* Two factors of the left side for every lane. */
INLINE __m256i both(const int16_t *left)
{
	int32_t two;

	memcpy(&two, left, sizeof(two));
	return _mm256_set1_epi32(two);
}

TARGET void kernel_avx2_product(const int16_t *left, const int16_t *right, size_t stride,
                                unsigned pairs, size_t n, int32_t *sums)
{
	size_t i = 0;

	for (; i + 2 * COLUMNS <= n; i += 2 * COLUMNS) {
		__m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
		const int16_t *of = right + 2 * i;
		for (unsigned k = 0; k < pairs; k++, of += stride) {
			__m256i l = both(left + 2 * k);
			a = _mm256_add_epi32(a, _mm256_madd_epi16(l, load(of)));
			b = _mm256_add_epi32(b, _mm256_madd_epi16(l, load(of + 16)));
			c = _mm256_add_epi32(c, _mm256_madd_epi16(l, load(of + 32)));
			d = _mm256_add_epi32(d, _mm256_madd_epi16(l, load(of + 48)));
		}
		_mm256_storeu_si256((__m256i *)(sums + i), a);
		_mm256_storeu_si256((__m256i *)(sums + i + 8), b);
		_mm256_storeu_si256((__m256i *)(sums + i + 16), c);
		_mm256_storeu_si256((__m256i *)(sums + i + 24), d);
	}
	kernel_portable_product(left, right + 2 * i, stride, pairs, n - i, sums + i);
}

/* Eight values of BF16, each in the low half of a lane. */
INLINE __m256i add8(const int32_t *sums, __m256 unit, __m256i from)
{
	const __m256i exponent = _mm256_set1_epi32(0x7f80);
	__m256i sum = load(sums);
	__m256 wide = _mm256_castsi256_ps(_mm256_slli_epi32(from, 16));
	wide = _mm256_add_ps(wide, _mm256_mul_ps(_mm256_cvtepi32_ps(sum), unit));
	__m256i bits = _mm256_castps_si256(wide);
	__m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
	bits = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
	bits = _mm256_srli_epi32(bits, 16);
	__m256i keep = _mm256_or_si256(
		_mm256_cmpeq_epi32(sum, _mm256_setzero_si256()),
		_mm256_cmpeq_epi32(_mm256_and_si256(from, exponent), exponent));
	return _mm256_blendv_epi8(bits, from, keep);
}

TARGET void kernel_avx2_add16(const int32_t *sums, float unit, const uint8_t *base,
                              size_t n, uint8_t *dst)
{
	const __m256 units = _mm256_set1_ps(unit);
	size_t i = 0;

	for (; i + COLUMNS <= n; i += COLUMNS) {
		__m256i from = load(base + 2 * i);
		__m256i low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(from));
		__m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(from, 1));
		low = add8(sums + i, units, low);
		high = add8(sums + i + LANES, units, high);
		__m256i out = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high),
		                                       0xd8);
		_mm256_storeu_si256((__m256i *)(dst + 2 * i), out);
	}
	kernel_portable_add16(sums + i, unit, base + 2 * i, n - i, dst + 2 * i);
}

/* ---------------------------------------------------------------- fitting */

INLINE float total(__m256 v)
{
	__m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));

	s = _mm_add_ps(s, _mm_movehl_ps(s, s));
	s = _mm_add_ss(s, _mm_shuffle_ps(s, s, 1));
	return _mm_cvtss_f32(s);
}

/* The products of four rows with two rows of `to`, at `c`, added to eight sums. */
INLINE void project8(const float *rows, size_t n, const float *to, size_t c,
                     __m256 sum[2 * ROWS])
{
	__m256 a = _mm256_loadu_ps(to + c), b = _mm256_loadu_ps(to + n + c);

	for (unsigned r = 0; r < ROWS; r++) {
		__m256 row = _mm256_loadu_ps(rows + r * n + c);
		sum[r] = _mm256_fmadd_ps(a, row, sum[r]);
		sum[ROWS + r] = _mm256_fmadd_ps(b, row, sum[ROWS + r]);
	}
}

TARGET void kernel_avx2_project(const float *rows, size_t count, size_t n,
                                const float *to, unsigned rank, float *out)
{
	size_t whole = n / LANES * LANES, i = 0;

	for (; i + ROWS <= count; i += ROWS) {
		const float *row = rows + i * n;
		unsigned k = 0;
		for (; k + 2 <= rank; k += 2) {
			__m256 sum[2 * ROWS];
			for (unsigned r = 0; r < 2 * ROWS; r++)
				sum[r] = _mm256_setzero_ps();
			for (size_t c = 0; c < whole; c += LANES)
				project8(row, n, to + k * n, c, sum);
			for (unsigned r = 0; r < 2 * ROWS; r++) {
				const float *x = row + r % ROWS * n;
				const float *y = to + (k + r / ROWS) * n;
				float all = total(sum[r]);
				for (size_t c = whole; c < n; c++)
					all += x[c] * y[c];
				out[(i + r % ROWS) * rank + k + r / ROWS] = all;
			}
		}
		for (unsigned r = 0; r < ROWS && k < rank; r++)
			kernel_portable_project(row + r * n, 1, n, to + k * n, 1,
			                        out + (i + r) * rank + k);
	}
	kernel_portable_project(rows + i * n, count - i, n, to, rank, out + i * rank);
}

/* Four rows, each times two factors, into two rows of sums. */
INLINE void spread8(const float *rows, size_t n, const float *by, unsigned rank,
                    float *sums)
{
	size_t c = 0;
	__m256 f[2 * ROWS];

	for (unsigned r = 0; r < ROWS; r++) {
		f[r] = _mm256_set1_ps(by[r * rank]);
		f[ROWS + r] = _mm256_set1_ps(by[r * rank + 1]);
	}
	for (; c + LANES <= n; c += LANES) {
		__m256 a = _mm256_loadu_ps(sums + c), b = _mm256_loadu_ps(sums + n + c);
		for (unsigned r = 0; r < ROWS; r++) {
			__m256 row = _mm256_loadu_ps(rows + r * n + c);
			a = _mm256_fmadd_ps(f[r], row, a);
			b = _mm256_fmadd_ps(f[ROWS + r], row, b);
		}
		_mm256_storeu_ps(sums + c, a);
		_mm256_storeu_ps(sums + n + c, b);
	}
	for (; c < n; c++) {
		for (unsigned r = 0; r < ROWS; r++) {
			sums[c] += by[r * rank] * rows[r * n + c];
			sums[n + c] += by[r * rank + 1] * rows[r * n + c];
		}
	}
}

/* The same times one factor each, into one row. */
INLINE void spread4(const float *rows, size_t n, const float *by, unsigned rank,
                    float *sums)
{
	size_t c = 0;

	for (; c + LANES <= n; c += LANES) {
		__m256 a = _mm256_loadu_ps(sums + c);
		for (unsigned r = 0; r < ROWS; r++)
			a = _mm256_fmadd_ps(_mm256_set1_ps(by[r * rank]),
			                    _mm256_loadu_ps(rows + r * n + c), a);
		_mm256_storeu_ps(sums + c, a);
	}
	for (; c < n; c++)
		for (unsigned r = 0; r < ROWS; r++)
			sums[c] += by[r * rank] * rows[r * n + c];
}

TARGET void kernel_avx2_spread(const float *rows, size_t count, size_t n, const float *by,
                               unsigned rank, float *sums)
{
	size_t i = 0;

	for (; i + ROWS <= count; i += ROWS) {
		const float *row = rows + i * n, *factors = by + i * rank;
		unsigned k = 0;
		for (; k + 2 <= rank; k += 2)
			spread8(row, n, factors + k, rank, sums + k * n);
		if (k < rank)
			spread4(row, n, factors + k, rank, sums + k * n);
	}
	kernel_portable_spread(rows + i * n, count - i, n, by + i * rank, rank, sums);
}

#endif
