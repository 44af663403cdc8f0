/* Orders in which to permute eight numbers: what AVX-512 has as instructions,
 * compress and expand. Private to the AVX2 kernels, whose macros it uses. */
#ifndef ZLLM_PERMUTE8_H
#define ZLLM_PERMUTE8_H

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#include "codec/kernel_avx2.h"

#define PERMUTE8 static inline TARGET_AVX2 __attribute__((always_inline))

/* The places of the bits that are set in `mask`, one a byte. */
PERMUTE8 uint64_t compress8(unsigned mask)
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
PERMUTE8 uint64_t expand8(unsigned mask)
{
	static const uint32_t below[8] = {
		0x00000000, 0x01010100, 0x01010000, 0x02020100,
		0x01000000, 0x02010100, 0x02010000, 0x03020100,
	};
	unsigned n = (unsigned)_mm_popcnt_u32(mask & 15);

	return below[mask & 7] | (uint64_t)(below[mask >> 4 & 7] + n * 0x01010101u) << 32;
}

PERMUTE8 __m128i bytes8(uint64_t bytes)
{
	return _mm_cvtsi64_si128((long long)bytes);
}

PERMUTE8 __m256i load(const void *p)
{
	return _mm256_loadu_si256(p);
}

#endif

#endif
