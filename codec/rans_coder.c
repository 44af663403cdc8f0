#include "codec/rans_coder.h"

#include "codec/common/le.h"
#include "codec/kernel.h"

enum { STATE_SIZE = 4, STATE_LIMIT_SHIFT = 31 };

static unsigned value_of(unsigned lanes, unsigned s)
{
	return lanes == RANS_LANES ? rans_value_of(s) : s;
}

size_t rans_coder_bound(size_t n)
{
	return RANS_LANES * STATE_SIZE + 2 * n + RANS_STEP_BYTES;
}

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
	for (unsigned s = w.lanes; s-- > 0;) {
		w.at -= STATE_SIZE;
		le32_store(w.at, w.x[s]);
	}
	return w.at;
}

bool rans_coder_open(struct rans_reader *r, const uint8_t *src, size_t n, size_t total)
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
	r->at = src + lanes * STATE_SIZE;
	r->end = src + n;
	r->soon = r->at;
	r->soon_bytes = 0;
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

bool rans_coder_read(const struct kernel *kernel, struct rans_reader *r,
                     const uint32_t *tables, const uint16_t *ctx, uint16_t *symbols,
                     size_t n)
{
	size_t done = 0;

	if (r->lanes == RANS_LANES)
		done = RANS_LANES *
		       kernel->decode(r, tables, ctx, symbols, n / RANS_LANES);
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
