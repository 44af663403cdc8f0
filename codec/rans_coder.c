#include "codec/rans_coder.h"

#include <string.h>

#include "codec/bits.h"
#include "codec/common/le.h"
#include "codec/kernel/kernel.h"

enum {
	STATE_SIZE = 4, /* of a state in version 1 */
	STATE_LIMIT_SHIFT = 31,
	STATE_LEAST_BITS = 16, /* of 2^15 */
	LENGTH_BITS = 4,       /* of a length */
	STATES_MAX = RANS_LANES * (LENGTH_BITS + STATE_LIMIT_SHIFT - 1) / 8 /* bytes */
};

static unsigned value_of(unsigned lanes, unsigned s)
{
	return lanes == RANS_LANES ? rans_value_of(s) : s;
}

_Static_assert(STATES_MAX + RANS_STEP_BYTES <= RANS_CODER_ROOM,
               "states, and what a kernel's last step writes besides");

/* Codes the n < lanes values that no kernel takes. */
static void write_step(struct rans_writer *w, const uint32_t *table,
                       const uint16_t *index, size_t n)
{
	for (unsigned s = w->lanes; s-- > 0;) {
		unsigned v = value_of(w->lanes, s);
		if (v >= n)
			continue;
		uint32_t freq = table[index[v]] & 0xffff;
		uint32_t x = w->x[s];
		if (x >= freq << 20) {
			w->at -= 2;
			le16_store(w->at, (uint16_t)x);
			x >>= 16;
		}
		w->x[s] = ((x / freq) << RANS_BITS) + x % freq + (table[index[v]] >> 16);
	}
}

/* Writes the states so that they end at `end`; returns their first byte. */
static uint8_t *write_states(const struct rans_writer *w, uint8_t *end)
{
	uint8_t bytes[STATES_MAX];
	struct bits_writer to = { .at = bytes, .end = bytes + sizeof(bytes) };

	for (unsigned s = 0; s < w->lanes; s++) {
		unsigned below = 31u - (unsigned)__builtin_clz(w->x[s]);
		bits_put(&to, below + 1 - STATE_LEAST_BITS, LENGTH_BITS);
		bits_put(&to, w->x[s] & ((1u << below) - 1), below);
	}
	size_t size = (size_t)(bits_finish(&to) - bytes);
	memcpy(end - size, bytes, size);
	return end - size;
}

uint8_t *rans_coder_write(const struct kernel *kernel, const uint32_t *table,
                          const uint16_t *index, size_t n, uint8_t *end)
{
	struct rans_writer w = { .lanes = rans_lanes_of(n), .at = end };
	size_t left = n % w.lanes;
	size_t steps = n / w.lanes;

	for (unsigned s = 0; s < w.lanes; s++)
		w.x[s] = RANS_LOW;
	write_step(&w, table, index + n - left, left);
	if (w.lanes == RANS_LANES)
		kernel->encode(&w, table, index, steps);
	else
		while (steps-- > 0)
			write_step(&w, table, index + steps * w.lanes, w.lanes);
	return write_states(&w, w.at);
}

static void begin(struct rans_reader *r, const uint8_t *words, const uint8_t *end)
{
	r->at = words;
	r->end = end;
	r->soon = words;
	r->soon_bytes = 0;
}

bool rans_coder_open(struct rans_reader *r, const uint8_t *src, size_t n, size_t total)
{
	struct bits_reader from = { .at = src, .end = src + n };

	r->lanes = rans_lanes_of(total);
	for (unsigned s = 0; s < r->lanes; s++) {
		unsigned below = bits_get(&from, LENGTH_BITS) + STATE_LEAST_BITS - 1;
		r->x[s] = 1u << below | bits_get(&from, below);
	}
	begin(r, from.at, from.end);
	return !from.bad;
}

bool rans_coder_open_v1(struct rans_reader *r, const uint8_t *src, size_t n, size_t total)
{
	unsigned lanes = rans_lanes_of(total);

	if (n < lanes * STATE_SIZE)
		return false;
	r->lanes = lanes;
	for (unsigned s = 0; s < lanes; s++) {
		r->x[s] = le32_load(src + s * STATE_SIZE);
		if (r->x[s] < RANS_LOW || r->x[s] >> STATE_LIMIT_SHIFT)
			return false;
	}
	begin(r, src + lanes * STATE_SIZE, src + n);
	return true;
}

/* Decodes the n <= lanes values of a step, looking before each word. */
static bool read_step(struct rans_reader *r, const uint32_t *tables, const uint16_t *ctx,
                      uint16_t *symbols, size_t n)
{
	for (unsigned s = 0; s < r->lanes; s++) {
		unsigned v = value_of(r->lanes, s);
		if (v >= n)
			continue;
		uint32_t x = r->x[s];
		size_t at = (x & (RANS_SUM - 1)) +
		            (ctx ? (size_t)ctx[v] << RANS_BITS : 0);
		uint32_t entry = tables[at];
		x = (entry & 0x7ff) * (x >> RANS_BITS) + (entry >> 11 & 0x7ff);
		symbols[v] = (uint16_t)(entry >> 22);
		if (x < RANS_LOW) {
			if (r->end - r->at < 2)
				return false;
			x = x << 16 | le16_load(r->at);
			r->at += 2;
		}
		r->x[s] = x;
	}
	return true;
}

bool rans_coder_read(struct rans_reader *r, const uint32_t *tables, const uint16_t *ctx,
                     uint16_t *symbols, size_t n)
{
	size_t done = 0;

	if (r->lanes == RANS_LANES)
		done = RANS_LANES *
		       r->kernel->decode(r, tables, ctx, symbols, n / RANS_LANES);
	while (done < n) {
		size_t step = n - done < r->lanes ? n - done : r->lanes;
		if (!read_step(r, tables, ctx ? ctx + done : NULL, symbols + done, step))
			return false;
		done += step;
	}
	return true;
}

bool rans_coder_done(const struct rans_reader *r)
{
	for (unsigned s = 0; s < r->lanes; s++)
		if (r->x[s] != RANS_LOW)
			return false;
	return r->at == r->end;
}
