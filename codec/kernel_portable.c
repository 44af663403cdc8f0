/* Kernels in plain C, for any CPU: the reference that the others must equal,
 * and those that tests of other machines run. */
#include "codec/kernel_portable.h"

#include <string.h>

#include "codec/common/le.h"
#include "codec/fields.h"
#include "codec/rans.h"
#include "codec/ulp_token.h"

/* One after another in turn, so that the compiler sees where each value lies. */
enum { TURN = 16, TURNS = RANS_LANES / TURN, BLOCK = 64 };

/* The 16 values of a turn, every second one from `symbols`; returns where the next
 * words are. Without branches: which states take a word is noise. */
static inline const uint8_t *decode_turn(uint32_t *restrict states,
                                         const uint32_t *tables, const uint16_t *ctx,
                                         uint16_t *restrict symbols, const uint8_t *at)
{
	for (unsigned k = 0; k < TURN; k++) {
		uint32_t x = states[k];
		const uint32_t *table = ctx ? tables + (ctx[2 * k] << RANS_BITS) : tables;
		uint32_t entry = table[x & (RANS_SUM - 1)];
		x = (entry & 0x7ff) * (x >> RANS_BITS) + (entry >> 11 & 0x7ff);
		symbols[2 * k] = (uint16_t)(entry >> 22);
		uint32_t low = x < RANS_LOW, full = x << 16 | le16_load(at);
		states[k] = x ^ ((x ^ full) & (0u - low));
		at += 2 * low;
	}
	return at;
}

static inline size_t decode_steps(struct rans_reader *r, const uint32_t *tables,
                                  const uint16_t *ctx, uint16_t *symbols, size_t steps)
{
	const uint8_t *at = r->at;
	size_t done = 0;

	for (; done < steps && r->end - at >= RANS_STEP_BYTES; done++) {
		rans_fetch(r, done);
		for (unsigned t = 0; t < TURNS; t++) {
			unsigned first = rans_value_of(t * TURN);
			at = decode_turn(r->x + t * TURN, tables,
			                 ctx ? ctx + first : NULL, symbols + first, at);
		}
		symbols += RANS_LANES;
		if (ctx)
			ctx += RANS_LANES;
	}
	r->at = at;
	return done;
}

static size_t decode(struct rans_reader *r, const uint32_t *tables, const uint16_t *ctx,
                     uint16_t *symbols, size_t steps)
{
	if (ctx)
		return decode_steps(r, tables, ctx, symbols, steps);
	return decode_steps(r, tables, NULL, symbols, steps);
}

static void encode(struct rans_writer *w, const uint32_t *table, const uint16_t *index,
                   size_t steps)
{
	uint8_t *at = w->at;

	while (steps-- > 0) {
		const uint16_t *step = index + steps * RANS_LANES;
		for (unsigned s = RANS_LANES; s-- > 0;) {
			uint32_t entry = table[step[rans_value_of(s)]];
			uint32_t freq = entry & 0xffff;
			uint32_t x = w->x[s];
			uint32_t high = x >= freq << 20;
			/* What is below `at` is still free, so the word may be
			 * written in any case. */
			le16_store(at - 2, (uint16_t)x);
			at -= 2 * high;
			x >>= 16 * high;
			w->x[s] = ((x / freq) << RANS_BITS) + x % freq + (entry >> 16);
		}
	}
	w->at = at;
}

static void split16(const uint8_t *src, const uint8_t *base, size_t n, uint16_t *tokens,
                    struct nibbles *nibbles)
{
	uint8_t *n0 = nibbles->at[0], *n1 = nibbles->at[1], *n2 = nibbles->at[2];

	for (size_t i = 0; i < n; i++) {
		unsigned z = ulp16_distance(le16_load(src + 2 * i),
		                            le16_load(base + 2 * i));
		unsigned k = token16_nibbles(z);
		tokens[i] = (uint16_t)((z >> 4 * k) + TOKEN_EACH * k);
		/* Each is written, and stays where there is one. */
		*n0 = z & 15;
		*n1 = z >> 4 & 15;
		*n2 = z >> 8 & 15;
		n0 += k > 0;
		n1 += k > 1;
		n2 += k > 2;
	}
	*nibbles = (struct nibbles){ { n0, n1, n2 } };
}

/* The distance of a token that has `k` nibbles or none. */
static inline uint16_t distance_of(uint16_t token, struct nibbles *from)
{
	unsigned k = token16_nibbles_of(token);
	unsigned low = *from->at[0] | (unsigned)*from->at[1] << 4 |
	               (unsigned)*from->at[2] << 8;

	from->at[0] += k > 0;
	from->at[1] += k > 1;
	from->at[2] += k > 2;
	return (uint16_t)((token - TOKEN_EACH * k) << 4 * k |
	                  (low & ((1u << 4 * k) - 1)));
}

/* Most tokens are distances: the others are sought out, and the values are then
 * made of all alike. */
static inline void merge_block(const uint16_t *tokens, const uint8_t *base,
                               struct nibbles *from, uint8_t *dst)
{
	uint16_t z[BLOCK], b[BLOCK], v[BLOCK];
	uint8_t far[BLOCK + 1];
	unsigned n = 0;

	for (unsigned i = 0; i < BLOCK; i++) {
		far[n] = (uint8_t)i;
		n += tokens[i] >= TOKEN_DIRECT;
	}
	memcpy(z, tokens, sizeof(z));
	for (unsigned i = 0; i < n; i++)
		z[far[i]] = distance_of(z[far[i]], from);
	le16_load_all(b, base, BLOCK);
	for (unsigned i = 0; i < BLOCK; i++)
		v[i] = ulp16_value(z[i], b[i]);
	le16_store_all(dst, v, BLOCK);
}

static void merge16(const uint16_t *tokens, const uint8_t *base, size_t n,
                    struct nibbles *nibbles, uint8_t *dst)
{
	struct nibbles from = *nibbles;
	size_t i = 0;

	for (; i + BLOCK <= n; i += BLOCK)
		merge_block(tokens + i, base + 2 * i, &from, dst + 2 * i);
	for (; i < n; i++)
		le16_store(dst + 2 * i, ulp16_value(distance_of(tokens[i], &from),
		                                    le16_load(base + 2 * i)));
	*nibbles = from;
}

static void place16(const struct placing *p, const uint8_t *base, size_t n, uint16_t *ctx)
{
	for (size_t at = 0; at < n; at += KERNEL_BLOCK) {
		unsigned class = p->block_class[at / KERNEL_BLOCK], low = p->low[class];
		const uint8_t *table = p->table[class];
		size_t end = n - at < KERNEL_BLOCK ? n : at + KERNEL_BLOCK;
		for (size_t i = at; i < end; i++) {
			unsigned e = (unsigned)le16_load(base + 2 * i) >> p->shift;
			ctx[i] = (uint16_t)placing_at(table, low, e & p->mask);
		}
	}
}

static uint32_t score(const uint16_t *tokens, const uint16_t *ctx, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t t = tokens[i] < KERNEL_TOKEN_CAP ? tokens[i] : KERNEL_TOKEN_CAP;
		uint32_t z = t < TOKEN_DIRECT ? t : (t - TOKEN_EACH) << 4;
		sum += z << ctx[i];
	}
	return sum;
}

static void cut16(unsigned shift, const uint8_t *src, size_t blocks, uint16_t *symbols,
                  uint8_t *raw)
{
	uint32_t low_mask = (1u << shift) - 1;

	for (; blocks > 0; blocks--, symbols += FIELDS_BLOCK, src += 2 * FIELDS_BLOCK) {
		uint32_t fields[FIELDS_BLOCK];
		for (int i = 0; i < FIELDS_BLOCK; i++) {
			uint32_t v = le16_load(src + 2 * i);
			symbols[i] = (uint16_t)((v & 0x7fff) >> shift);
			fields[i] = (v & low_mask) | v >> 15 << shift;
		}
		raw = fields_pack(fields, shift + 1, raw);
	}
}

static void join16(unsigned shift, const uint16_t *symbols, const uint8_t *raw,
                   size_t blocks, uint8_t *dst)
{
	uint32_t low_mask = (1u << shift) - 1;

	for (; blocks > 0; blocks--, symbols += FIELDS_BLOCK, dst += 2 * FIELDS_BLOCK) {
		uint32_t fields[FIELDS_BLOCK];
		raw = fields_unpack(raw, shift + 1, fields);
		for (int i = 0; i < FIELDS_BLOCK; i++)
			le16_store(dst + 2 * i, (uint16_t)((uint32_t)symbols[i] << shift |
			                                   (fields[i] & low_mask) |
			                                   fields[i] >> shift << 15));
	}
}

const struct kernel kernel_portable = {
	.name = "portable",
	.decode = decode,
	.encode = encode,
	.split16 = split16,
	.merge16 = merge16,
	.place16 = place16,
	.score = score,
	.cut16 = cut16,
	.join16 = join16,
};
