/*
 * Decoding by rANS in plain C. A step goes by phases over all its states: loads one by
 * one, which no least CPU does in vectors, then sums that compilers do make vectors of,
 * then words one by one, then what they become. A phase finds what the one before it
 * left in memory written long ago, so that nothing waits. A third faster than states that
 * take all of a turn one after another.
 */
#include "codec/kernel/kernel_portable.h"

#include <string.h>

#include "codec/common/le.h"
#include "codec/kernel/rans.h"

/* What must be inlined where its arguments are constants, for speed. */
#define INLINE static inline __attribute__((always_inline))

/* States whose values are every second one in a row; that many values once more are
 * those between them. */
enum { TURN = 16 };

INLINE uint32_t entry_of(uint32_t x, const uint32_t *tables, const uint16_t *ctx,
                         unsigned i)
{
	const uint32_t *table = ctx ? tables + ((size_t)ctx[i] << RANS_BITS) : tables;

	return table[x & (RANS_SUM - 1)];
}

/* Of a turn's states; eight at once, for what a loop costs. */
INLINE void load_entries(const uint32_t *x, const uint32_t *tables, const uint16_t *ctx,
                         uint32_t *entries)
{
	for (unsigned k = 0; k < TURN; k += 8) {
		const uint16_t *c = ctx ? ctx + 2 * k : NULL;
		uint32_t *e = entries + k;
		const uint32_t *y = x + k;
		e[0] = entry_of(y[0], tables, c, 0);
		e[1] = entry_of(y[1], tables, c, 2);
		e[2] = entry_of(y[2], tables, c, 4);
		e[3] = entry_of(y[3], tables, c, 6);
		e[4] = entry_of(y[4], tables, c, 8);
		e[5] = entry_of(y[5], tables, c, 10);
		e[6] = entry_of(y[6], tables, c, 12);
		e[7] = entry_of(y[7], tables, c, 14);
	}
}

/* Two numbers of 16 bits as memory has them. */
INLINE uint32_t pair(uint32_t first, uint32_t second)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return first << 16 | second;
#else
	return first | second << 16;
#endif
}

/* Of two turns, of which the second has the odd values. */
INLINE void store_symbols(const uint32_t *entries, uint16_t *symbols)
{
	uint32_t pairs[TURN];

	for (unsigned i = 0; i < TURN; i++)
		pairs[i] = pair(entries[i] >> 22, entries[TURN + i] >> 22);
	memcpy(symbols, pairs, sizeof(pairs));
}

/* States without their words, and the bytes of the word that each wants. */
INLINE void advance(uint32_t *x, const uint32_t *entries, uint32_t *wanted)
{
	for (unsigned i = 0; i < RANS_LANES; i++) {
		uint32_t freq = entries[i] & 0x7ff, bias = entries[i] >> 11 & 0x7ff;
		x[i] = freq * (x[i] >> RANS_BITS) + bias;
		/* Below 2^15 is what less 2^15 has a sign. */
		wanted[i] = (x[i] - RANS_LOW) >> 31 << 1;
	}
}

/* A word, whether it is wanted or not; returns where the next is. */
INLINE const uint8_t *load_word(uint32_t wanted, uint32_t *word, const uint8_t *at)
{
	*word = le16_load(at);
	return at + wanted;
}

INLINE const uint8_t *load_words(const uint32_t *wanted, uint32_t *words,
                                 const uint8_t *at)
{
	for (unsigned i = 0; i < RANS_LANES; i += 8) {
		at = load_word(wanted[i], words + i, at);
		at = load_word(wanted[i + 1], words + i + 1, at);
		at = load_word(wanted[i + 2], words + i + 2, at);
		at = load_word(wanted[i + 3], words + i + 3, at);
		at = load_word(wanted[i + 4], words + i + 4, at);
		at = load_word(wanted[i + 5], words + i + 5, at);
		at = load_word(wanted[i + 6], words + i + 6, at);
		at = load_word(wanted[i + 7], words + i + 7, at);
	}
	return at;
}

INLINE void refill(uint32_t *x, const uint32_t *words)
{
	for (unsigned i = 0; i < RANS_LANES; i++) {
		uint32_t low = 0u - ((x[i] - RANS_LOW) >> 31);
		x[i] = ((x[i] << 16 | words[i]) & low) | (x[i] & ~low);
	}
}

INLINE size_t decode_steps(struct rans_reader *r, const uint32_t *tables,
                           const uint16_t *ctx, uint16_t *symbols, size_t steps)
{
	uint32_t x[RANS_LANES], entries[RANS_LANES], wanted[RANS_LANES],
		words[RANS_LANES];
	const uint8_t *at = r->at;
	size_t done = 0;

	memcpy(x, r->x, sizeof(x));
	for (; done < steps && r->end - at >= RANS_STEP_BYTES; done++) {
		rans_fetch(r, done);
		for (unsigned s = 0; s < RANS_LANES; s += TURN)
			load_entries(x + s, tables, ctx ? ctx + rans_value_of(s) : NULL,
			             entries + s);
		for (unsigned s = 0; s < RANS_LANES; s += 2 * TURN)
			store_symbols(entries + s, symbols + s);
		advance(x, entries, wanted);
		at = load_words(wanted, words, at);
		refill(x, words);
		symbols += RANS_LANES;
		if (ctx)
			ctx += RANS_LANES;
	}
	memcpy(r->x, x, sizeof(x));
	r->at = at;
	return done;
}

size_t kernel_portable_decode(struct rans_reader *r, const uint32_t *tables,
                              const uint16_t *ctx, uint16_t *symbols, size_t steps)
{
	if (ctx)
		return decode_steps(r, tables, ctx, symbols, steps);
	return decode_steps(r, tables, NULL, symbols, steps);
}
