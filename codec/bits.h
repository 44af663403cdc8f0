/* Numbers of some bits each, lowest bit first, in a byte string. The reader
 * gives zeros after the end and is then `bad`; the writer drops what does not
 * fit and is then `full`. */
#ifndef ZLLM_BITS_H
#define ZLLM_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/le.h"

struct bits_writer {
	uint8_t *at, *end;
	uint64_t held;  /* bits not yet written */
	unsigned count; /* of them */
	bool full;
};

struct bits_reader {
	const uint8_t *at, *end;
	uint64_t held;
	unsigned count;
	bool bad;
};

/* Appends the low `n` <= 32 bits of `v`, which has no others. */
static inline void bits_put(struct bits_writer *w, uint32_t v, unsigned n)
{
	w->held |= (uint64_t)v << w->count;
	w->count += n;
	if (w->end - w->at >= 8) { /* all at once: what is too much is written again */
		unsigned bytes = w->count / 8;
		le64_store(w->at, w->held);
		w->at += bytes;
		w->held >>= 8 * bytes;
		w->count %= 8;
		return;
	}
	for (; w->count >= 8; w->count -= 8, w->held >>= 8) {
		if (w->at == w->end)
			w->full = true;
		else
			*w->at++ = (uint8_t)w->held;
	}
}

/* Fills the last byte with zeros; returns the end of what was written. */
static inline uint8_t *bits_finish(struct bits_writer *w)
{
	if (w->count > 0)
		bits_put(w, 0, 8 - w->count);
	return w->at;
}

/* Sees to it that `n` <= 32 bits are held: reads as many bytes as that takes, no more,
 * and where eight could be read, all at once. */
static inline void bits_hold(struct bits_reader *r, unsigned n)
{
	if (r->count < n && r->end - r->at >= 8) {
		unsigned bytes = (n - r->count + 7) / 8;
		uint64_t more = le64_load(r->at) & ((UINT64_C(1) << 8 * bytes) - 1);
		r->held |= more << r->count;
		r->at += bytes;
		r->count += 8 * bytes;
	}
	for (; r->count < n; r->count += 8) {
		if (r->at == r->end)
			r->bad = true;
		else
			r->held |= (uint64_t)*r->at++ << r->count;
	}
}

static inline uint32_t bits_get(struct bits_reader *r, unsigned n)
{
	bits_hold(r, n);
	uint32_t v = (uint32_t)(r->held & ((UINT64_C(1) << n) - 1));
	r->held >>= n;
	r->count -= n;
	return v;
}

/* How many ones come next, `most` <= 24 being looked at; takes them, and the zero that
 * ends them where they are fewer. */
static inline unsigned bits_get_ones(struct bits_reader *r, unsigned most)
{
	unsigned ones = 0;

	if (r->end - r->at >= 8) {
		uint64_t ahead = r->held | le64_load(r->at) << r->count;
		ones = (unsigned)__builtin_ctzll(~ahead | UINT64_C(1) << most);
		bits_get(r, ones + (ones < most));
		return ones;
	}
	while (ones < most && bits_get(r, 1))
		ones++;
	return ones;
}

/* A Rice number in one step: as bits_get_ones(), `most` + k <= 32, and where they are
 * fewer than `most`, the k bits after them, in *low. */
static inline unsigned bits_get_rice(struct bits_reader *r, unsigned most, unsigned k,
                                     uint32_t *low)
{
	if (r->end - r->at < 8) {
		unsigned ones = bits_get_ones(r, most);
		*low = ones < most ? bits_get(r, k) : 0;
		return ones;
	}
	/* Fewer than 8 bits are held between two calls: 57 are in sight. */
	uint64_t ahead = r->held | le64_load(r->at) << r->count;
	unsigned ones = (unsigned)__builtin_ctzll(~ahead | UINT64_C(1) << most);
	unsigned n = ones < most ? ones + 1 + k : most;
	unsigned bytes = (n + 7 - r->count) / 8;
	*low = (uint32_t)(ahead >> (ones + 1)) & ((1u << k) - 1);
	r->at += bytes;
	r->count += 8 * bytes - n;
	r->held = ahead >> n & ((1u << r->count) - 1);
	return ones;
}

#endif
