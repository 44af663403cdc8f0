/* Contexts of 16-bit values put above their tokens, and counted, by AVX2. */
#include "codec/kernel/kernel_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "codec/kernel/kernel_portable.h"
#include "codec/kernel/permute8.h"

#define TARGET TARGET_AVX2
#define INLINE static inline TARGET __attribute__((always_inline))

enum { VALUES = 16, STRIDE_SHIFT = 8, AHEAD = 128 };

/* A placing as vectors. */
struct places {
	__m256i tables[KERNEL_CLASSES], lows[KERNEL_CLASSES], mask;
	__m128i shift;
};

INLINE void places_of(const struct placing *p, struct places *to)
{
	to->mask = _mm256_set1_epi16((short)p->mask);
	to->shift = _mm_cvtsi32_si128((int)p->shift);
	for (int k = 0; k < KERNEL_CLASSES; k++) {
		__m128i narrow = _mm_loadu_si128((const __m128i *)p->table[k]);
		to->tables[k] = _mm256_broadcastsi128_si256(narrow);
		to->lows[k] = _mm256_set1_epi16(p->low[k]);
	}
}

/* Tables of 16 values, times KERNEL_STRIDE. */
INLINE __m256i place(const struct places *p, unsigned class, const uint8_t *base)
{
	__m256i e = _mm256_srl_epi16(load(base), p->shift);

	e = _mm256_subs_epu16(_mm256_and_si256(e, p->mask), p->lows[class]);
	e = _mm256_min_epu16(e, _mm256_set1_epi16(KERNEL_WINDOW - 1));
	e = _mm256_shuffle_epi8(p->tables[class], e);
	return _mm256_slli_epi16(e, STRIDE_SHIFT);
}

INLINE void count_group(const uint16_t *index, uint32_t *const counts[KERNEL_COUNTERS])
{
	uint32_t *a = counts[0], *b = counts[1], *c = counts[2], *d = counts[3];

	for (int i = 0; i < VALUES; i += KERNEL_COUNTERS) {
		a[index[i]]++;
		b[index[i + 1]]++;
		c[index[i + 2]]++;
		d[index[i + 3]]++;
	}
}

/* Counting keeps the ports of memory busy and placing the others: a group is counted
 * while another is placed, which is so far ahead that nothing waits for its stores. */
TARGET void kernel_avx2_count16(const struct placing *p, const uint8_t *base, size_t n,
                                uint16_t *index, uint32_t *const counts[KERNEL_COUNTERS])
{
	struct places places;
	size_t i = 0;

	places_of(p, &places);
	for (; i + VALUES <= n; i += VALUES) {
		unsigned class = p->block_class[i / KERNEL_BLOCK];
		__m256i above = place(&places, class, base + 2 * i);
		store(index + i, _mm256_add_epi16(load(index + i), above));
		if (i >= AHEAD)
			count_group(index + i - AHEAD, counts);
	}
	for (size_t k = i < AHEAD ? 0 : i - AHEAD; k < i; k += VALUES)
		count_group(index + k, counts);
	if (i == n)
		return;
	/* What is left is less than a vector, and so of one block. */
	struct placing rest = *p;
	rest.block_class += i / KERNEL_BLOCK;
	kernel_portable.count16(&rest, base + 2 * i, n - i, index + i, counts);
}

#endif
