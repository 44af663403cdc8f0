/*
 * rANS (Duda's range asymmetric numeral systems) with static tables: the numbers
 * on which the formats of `ulp` and `float` and all kernels agree.
 *
 * A state x holds what is still to be read. One value is
 *
 *     entry = table[x mod 2^11]      symbol | bias | freq
 *     x     = freq * (x >> 11) + bias
 *     if x < 2^15:  x = x << 16 | next 16-bit word
 *
 * and the encoder does the inverse from the last value to the first. 64 states
 * take turns and share one stream of words; each stays in [2^15, 2^31), so that
 * a value moves one word at most and signed comparisons work.
 *
 * States, of which 0..63 take their words in this order, stand for the values
 * of a step of 64 so that vector code needs no packing: in vectors of 32 values
 * of 16 bits, even and odd values are two groups of 16 states.
 */
#ifndef ZLLM_RANS_H
#define ZLLM_RANS_H

#include <stddef.h>
#include <stdint.h>

enum {
	RANS_BITS = 11,
	RANS_SUM = 1 << RANS_BITS,       /* what a table's frequencies sum up to */
	RANS_FREQ_MAX = RANS_SUM - 1,    /* no symbol has the whole table */
	RANS_LANES = 64,                 /* states of a large frame */
	RANS_LANES_SMALL = 4,            /* and of a small one */
	RANS_SMALL = 16384,              /* values below which a frame is small */
	RANS_LOW = 1 << 15,              /* the least value of a state */
	RANS_SYMBOLS = 1024,             /* symbols of the largest alphabet */
	RANS_FETCH = 64,                 /* bytes that one prefetch is for */
	RANS_TABLE_SLACK = 8,            /* entries written after a table */
	RANS_STEP_BYTES = RANS_LANES * 2 /* words that one step may consume */
};

struct kernel;

/* The states of a frame, and where their words come from. */
struct rans_reader {
	const struct kernel *kernel; /* set by who opens it */
	uint32_t x[RANS_LANES];
	unsigned lanes;
	const uint8_t *at, *end;
	const uint8_t *soon; /* what the caller reads next, which comes from memory
	                      * while words keep the CPU busy: a hint */
	size_t soon_bytes;   /* of it for each step, 2 * RANS_FETCH at most */
};

/* The states of a frame being coded, and where their words go: downward from
 * `at`, which has room for one word for each value. */
struct rans_writer {
	uint32_t x[RANS_LANES];
	unsigned lanes;
	uint8_t *at;
};

/* Asks for what the caller reads after step number `done` more. */
static inline void rans_fetch(const struct rans_reader *r, size_t done)
{
	const uint8_t *at = r->soon + done * r->soon_bytes;

	__builtin_prefetch(at);
	__builtin_prefetch(at + RANS_FETCH);
}

/* A decoder's table entry. */
static inline uint32_t rans_entry(unsigned symbol, unsigned bias, unsigned freq)
{
	return (uint32_t)symbol << 22 | (uint32_t)bias << 11 | (uint32_t)freq;
}

/* The value of a step that state `s` of 64 stands for. */
static inline unsigned rans_value_of(unsigned s)
{
	return (s & 32) | (s & 15) << 1 | (s >> 4 & 1);
}

/* The states of a frame of `n` values. */
static inline unsigned rans_lanes_of(size_t n)
{
	return n < RANS_SMALL ? RANS_LANES_SMALL : RANS_LANES;
}

#endif
