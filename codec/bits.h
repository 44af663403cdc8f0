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

static inline uint32_t bits_get(struct bits_reader *r, unsigned n)
{
	for (; r->count < n; r->count += 8) {
		if (r->at == r->end)
			r->bad = true;
		else
			r->held |= (uint64_t)*r->at++ << r->count;
	}
	uint32_t v = (uint32_t)(r->held & ((UINT64_C(1) << n) - 1));
	r->held >>= n;
	r->count -= n;
	return v;
}

#endif
