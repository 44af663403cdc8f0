/*
 * AVX-512 on machines that do not have it: what the kernels for AVX-512 include when
 * they are built for tests (TARGET_AVX512 being empty then). Most of it comes from
 * Debian's libsimde-dev; here is the rest, element by element as Intel's Intrinsics
 * Guide describes it.
 *
 * _mm512_rcp14_ps() errs here as far as it may, upward and downward by turns: what
 * is right then is right on every CPU.
 */
#ifndef ZLLM_TEST_AVX512_IMMINTRIN_H
#define ZLLM_TEST_AVX512_IMMINTRIN_H

#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>

#include <stdint.h>
#include <string.h>

#define __mmask16 simde__mmask16
#define __mmask32 simde__mmask32
#define __mmask64 simde__mmask64

#define EMULATED static inline __attribute__((unused))

/* The elements of a vector, in memory. */
union elements512 {
	__m512i v;
	__m512 ps;
	uint8_t u8[64];
	uint16_t u16[32];
	uint32_t u32[16];
	int32_t i32[16];
	float f32[16];
};

union elements256 {
	__m256i v;
	uint8_t u8[32];
	uint16_t u16[16];
};

EMULATED int _mm_popcnt_u32(unsigned v)
{
	return __builtin_popcount(v);
}

/* ---- under a mask: from `src` where its bit is not set, or zero */

EMULATED __m256i _mm256_mask_slli_epi16(__m256i src, __mmask16 k, __m256i a, unsigned by)
{
	union elements256 s = { src }, x = { a };

	for (int i = 0; i < 16; i++)
		if (k >> i & 1)
			s.u16[i] = by < 16 ? (uint16_t)(x.u16[i] << by) : 0;
	return s.v;
}

EMULATED __m256i _mm256_mask_sub_epi16(__m256i src, __mmask16 k, __m256i a, __m256i b)
{
	union elements256 s = { src }, x = { a }, y = { b };

	for (int i = 0; i < 16; i++)
		if (k >> i & 1)
			s.u16[i] = (uint16_t)(x.u16[i] - y.u16[i]);
	return s.v;
}

EMULATED __m512i _mm512_mask_slli_epi16(__m512i src, __mmask32 k, __m512i a, unsigned by)
{
	union elements512 s = { src }, x = { a };

	for (int i = 0; i < 32; i++)
		if (k >> i & 1)
			s.u16[i] = by < 16 ? (uint16_t)(x.u16[i] << by) : 0;
	return s.v;
}

EMULATED __m512i _mm512_mask_srli_epi16(__m512i src, __mmask32 k, __m512i a, unsigned by)
{
	union elements512 s = { src }, x = { a };

	for (int i = 0; i < 32; i++)
		if (k >> i & 1)
			s.u16[i] = by < 16 ? (uint16_t)(x.u16[i] >> by) : 0;
	return s.v;
}

EMULATED __m512i _mm512_mask_srli_epi32(__m512i src, __mmask16 k, __m512i a, unsigned by)
{
	union elements512 s = { src }, x = { a };

	for (int i = 0; i < 16; i++)
		if (k >> i & 1)
			s.u32[i] = by < 32 ? x.u32[i] >> by : 0;
	return s.v;
}

EMULATED void _mm256_mask_storeu_epi16(void *to, __mmask16 k, __m256i a)
{
	union elements256 x = { a };

	for (int i = 0; i < 16; i++)
		if (k >> i & 1)
			memcpy((char *)to + 2 * i, &x.u16[i], 2);
}

EMULATED __m256i _mm256_maskz_compress_epi8(__mmask32 k, __m256i a)
{
	union elements256 x = { a }, r = { _mm256_setzero_si256() };

	for (int i = 0, n = 0; i < 32; i++)
		if (k >> i & 1)
			r.u8[n++] = x.u8[i];
	return r.v;
}

EMULATED __m256i _mm256_maskz_expand_epi8(__mmask32 k, __m256i a)
{
	union elements256 x = { a }, r = { _mm256_setzero_si256() };

	for (int i = 0, n = 0; i < 32; i++)
		if (k >> i & 1)
			r.u8[i] = x.u8[n++];
	return r.v;
}

EMULATED __m512i _mm512_maskz_expand_epi32(__mmask16 k, __m512i a)
{
	union elements512 x = { a }, r = { _mm512_setzero_si512() };

	for (int i = 0, n = 0; i < 16; i++)
		if (k >> i & 1)
			r.u32[i] = x.u32[n++];
	return r.v;
}

/* ---- comparisons */

EMULATED __mmask16 _mm256_cmpge_epu16_mask(__m256i a, __m256i b)
{
	union elements256 x = { a }, y = { b };
	unsigned k = 0;

	for (int i = 0; i < 16; i++)
		k |= (unsigned)(x.u16[i] >= y.u16[i]) << i;
	return (__mmask16)k;
}

EMULATED __mmask16 _mm512_cmplt_epi32_mask(__m512i a, __m512i b)
{
	union elements512 x = { a }, y = { b };
	unsigned k = 0;

	for (int i = 0; i < 16; i++)
		k |= (unsigned)(x.i32[i] < y.i32[i]) << i;
	return (__mmask16)k;
}

/* ---- conversions */

EMULATED __m512i _mm512_broadcast_i64x2(__m128i a)
{
	union elements512 r;

	for (int i = 0; i < 4; i++)
		memcpy(r.u8 + 16 * i, &a, 16);
	return r.v;
}

EMULATED __m256i _mm512_cvtepi32_epi16(__m512i a)
{
	union elements512 x = { a };
	union elements256 r;

	for (int i = 0; i < 16; i++)
		r.u16[i] = (uint16_t)x.u32[i];
	return r.v;
}

EMULATED __m512i _mm512_cvtepu16_epi32(__m256i a)
{
	union elements256 x = { a };
	union elements512 r;

	for (int i = 0; i < 16; i++)
		r.u32[i] = x.u16[i];
	return r.v;
}

EMULATED __m512i _mm512_cvtepu8_epi16(__m256i a)
{
	union elements256 x = { a };
	union elements512 r;

	for (int i = 0; i < 32; i++)
		r.u16[i] = x.u8[i];
	return r.v;
}

EMULATED __m512 _mm512_cvtepi32_ps(__m512i a)
{
	union elements512 x = { a };

	for (int i = 0; i < 16; i++)
		x.f32[i] = (float)x.i32[i];
	return x.ps;
}

EMULATED __m512i _mm512_cvttps_epi32(__m512 a)
{
	union elements512 x = { .ps = a };

	for (int i = 0; i < 16; i++)
		x.i32[i] = x.f32[i] >= -2147483648.0f && x.f32[i] < 2147483648.0f
		                   ? (int32_t)x.f32[i]
		                   : INT32_MIN;
	return x.v;
}

/* ---- others */

EMULATED __m512 _mm512_rcp14_ps(__m512 a)
{
	union elements512 x = { .ps = a };

	for (int i = 0; i < 16; i++) {
		double error = 0.999 / 16384;
		x.f32[i] = (float)((1 + (x.u32[i] / 8192 % 2 ? error : -error)) /
		                   (double)x.f32[i]);
	}
	return x.ps;
}

EMULATED int _mm512_reduce_add_epi32(__m512i a)
{
	union elements512 x = { a };
	uint32_t sum = 0;

	for (int i = 0; i < 16; i++)
		sum += x.u32[i];
	return (int)sum;
}

EMULATED __m512i _mm512_i32gather_epi32(__m512i at, const void *from, int scale)
{
	union elements512 x = { at }, r;

	for (int i = 0; i < 16; i++)
		memcpy(&r.u32[i], (const char *)from + (ptrdiff_t)x.i32[i] * scale, 4);
	return r.v;
}

#endif
