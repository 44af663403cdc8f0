/*
 * Orders in which pshufb permutes eight bytes or words: what AVX-512 has as
 * instructions, expand and compress. Tables, each of an entry for each mask of
 * eight bits: a load is cheaper than what it takes to work an order out, and few
 * masks are common. Private to the AVX2 kernels, whose macros it uses.
 */
#ifndef ZLLM_PERMUTE8_H
#define ZLLM_PERMUTE8_H

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#include "codec/kernel/kernel_avx2.h"

#define PERMUTE8 static inline TARGET_AVX2 __attribute__((always_inline))

/* Byte k: how many bits below k are set; 0x80, which makes a zero, where k is not. */
extern const uint64_t permute8_expand[256];

/* Byte i: the i-th bit that is set. */
extern const uint64_t permute8_compress[256];

/* The same for words, of which the two bytes go together. */
extern const uint16_t permute8_expand_words[256][8];

/* Word 7 - i: the i-th bit that is set, counted from above. */
extern const uint64_t permute8_raise_words[256][2];

PERMUTE8 __m128i bytes8(uint64_t bytes)
{
	return _mm_cvtsi64_si128((long long)bytes);
}

PERMUTE8 __m128i order8(const uint64_t *order)
{
	return _mm_loadl_epi64((const __m128i *)order);
}

PERMUTE8 __m256i load(const void *p)
{
	return _mm256_loadu_si256(p);
}

PERMUTE8 void store(void *p, __m256i v)
{
	_mm256_storeu_si256(p, v);
}

/* Words in a row to the places where `mask` has bits, zeros between them. */
PERMUTE8 __m128i expand_words(__m128i words, unsigned mask)
{
	const void *order = permute8_expand_words[mask];

	return _mm_shuffle_epi8(words, _mm_loadu_si128(order));
}

/* Words where `mask` has bits to the upper end, anything below them. */
PERMUTE8 __m128i raise_words(__m128i words, unsigned mask)
{
	const void *order = permute8_raise_words[mask];

	return _mm_shuffle_epi8(words, _mm_loadu_si128(order));
}

#endif

#endif
