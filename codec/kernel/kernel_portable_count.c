/* Contexts of 16-bit values put above their tokens, and counted, in plain C. */
#include "codec/kernel/kernel_portable.h"

#include "codec/common/le.h"

static inline uint16_t place(uint16_t token, const uint8_t *table, const uint8_t *base,
                             unsigned shift, unsigned mask)
{
	return (uint16_t)(table[le16_load(base) >> shift & mask] * KERNEL_STRIDE + token);
}

void kernel_portable_count16(const struct placing *p, const uint8_t *base, size_t n,
                             uint16_t *index, uint32_t *const counts[KERNEL_COUNTERS])
{
	uint8_t of[KERNEL_CLASSES][KERNEL_EXPONENTS];
	unsigned shift = p->shift, mask = p->mask & (KERNEL_EXPONENTS - 1);
	uint32_t *a = counts[0], *b = counts[1], *c = counts[2], *d = counts[3];

	placing_spread(p, of);
	for (size_t at = 0; at < n; at += KERNEL_BLOCK) {
		const uint8_t *table = of[p->block_class[at / KERNEL_BLOCK]];
		size_t end = n - at < KERNEL_BLOCK ? n : at + KERNEL_BLOCK;
		size_t i = at;
		for (; i + 4 <= end; i += 4) {
			const uint8_t *from = base + 2 * i;
			uint16_t v = place(index[i], table, from, shift, mask);
			uint16_t w = place(index[i + 1], table, from + 2, shift, mask);
			uint16_t x = place(index[i + 2], table, from + 4, shift, mask);
			uint16_t y = place(index[i + 3], table, from + 6, shift, mask);
			index[i] = v;
			index[i + 1] = w;
			index[i + 2] = x;
			index[i + 3] = y;
			a[v]++;
			b[w]++;
			c[x]++;
			d[y]++;
		}
		for (; i < end; i++) {
			index[i] = place(index[i], table, base + 2 * i, shift, mask);
			a[index[i]]++;
		}
	}
}
