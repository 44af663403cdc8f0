/* Kernels in plain C, for any CPU: the reference that the others must equal,
 * and those that tests of other machines run. */
#include "codec/kernel/kernel_portable.h"

#include <string.h>

#include "codec/common/le.h"
#include "codec/kernel/fields.h"
#include "codec/kernel/rans.h"
#include "codec/kernel/ulp_token.h"

/* Blocks of values of a known size become vectors. */
enum { BLOCK = 64 };

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

/* The token of a distance from 32 on, whose nibbles are put. */
static inline uint16_t token_of(unsigned z, struct nibbles *to)
{
	unsigned k = token16_nibbles(z);

	/* Each is written, and stays where there is one. */
	*to->at[0]++ = z & 15;
	*to->at[1] = z >> 4 & 15;
	*to->at[2] = z >> 8 & 15;
	to->at[1] += k > 1;
	to->at[2] += k > 2;
	return (uint16_t)((z >> 4 * k) + TOKEN_EACH * k);
}

/* Which of a block's numbers are 32 or more, a bit each. Most are not, be they tokens
 * or distances: those are dealt with alike, and the others sought out. */
static inline uint64_t find_far(const uint16_t numbers[BLOCK])
{
	uint8_t is[BLOCK];
	uint64_t far = 0;

	for (unsigned i = 0; i < BLOCK; i++)
		is[i] = numbers[i] >= TOKEN_DIRECT;
	/* The product has all eight bits in its top byte, in their order. */
	for (unsigned i = 0; i < BLOCK; i += 8)
		far |= le64_load(is + i) * UINT64_C(0x0102040810204080) >> 56 << i;
	return far;
}

static inline unsigned lowest(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

static inline void split_block(const uint8_t *src, const uint8_t *base, uint16_t *tokens,
                               struct nibbles *to)
{
	uint16_t v[BLOCK], b[BLOCK], z[BLOCK];

	le16_load_all(v, src, BLOCK);
	le16_load_all(b, base, BLOCK);
	for (unsigned i = 0; i < BLOCK; i++)
		z[i] = ulp16_distance(v[i], b[i]);
	memcpy(tokens, z, sizeof(z));
	for (uint64_t far = find_far(z); far; far &= far - 1) {
		unsigned i = lowest(far);
		tokens[i] = token_of(z[i], to);
	}
}

static void split16(const uint8_t *src, const uint8_t *base, size_t n, uint16_t *tokens,
                    struct nibbles *nibbles)
{
	struct nibbles to = *nibbles;
	size_t i = 0;

	for (; i + BLOCK <= n; i += BLOCK)
		split_block(src + 2 * i, base + 2 * i, tokens + i, &to);
	for (; i < n; i++) {
		tokens[i] = ulp16_distance(le16_load(src + 2 * i),
		                           le16_load(base + 2 * i));
		if (tokens[i] >= TOKEN_DIRECT)
			tokens[i] = token_of(tokens[i], &to);
	}
	*nibbles = to;
}

/* The distance of a token from 32 on. */
static inline uint16_t distance_of(uint16_t token, struct nibbles *from)
{
	unsigned k = token16_nibbles_of(token);
	unsigned low = *from->at[0]++ | (unsigned)*from->at[1] << 4 |
	               (unsigned)*from->at[2] << 8;

	from->at[1] += k > 1;
	from->at[2] += k > 2;
	return (uint16_t)((token - TOKEN_EACH * k) << 4 * k |
	                  (low & ((1u << 4 * k) - 1)));
}

static inline void merge_block(const uint16_t *tokens, const uint8_t *base,
                               struct nibbles *from, uint8_t *dst)
{
	uint16_t z[BLOCK], b[BLOCK], v[BLOCK];

	memcpy(z, tokens, sizeof(z));
	for (uint64_t far = find_far(z); far; far &= far - 1) {
		unsigned i = lowest(far);
		z[i] = distance_of(z[i], from);
	}
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
	for (; i < n; i++) {
		uint16_t z = tokens[i] < TOKEN_DIRECT ? tokens[i]
		                                      : distance_of(tokens[i], &from);
		le16_store(dst + 2 * i, ulp16_value(z, le16_load(base + 2 * i)));
	}
	*nibbles = from;
}

static void place16(const struct placing *p, const uint8_t *base, size_t n, uint16_t *ctx)
{
	uint8_t of[KERNEL_CLASSES][KERNEL_EXPONENTS];
	unsigned shift = p->shift, mask = p->mask & (KERNEL_EXPONENTS - 1);

	placing_spread(p, of);
	for (size_t at = 0; at < n; at += KERNEL_BLOCK) {
		const uint8_t *table = of[p->block_class[at / KERNEL_BLOCK]];
		size_t end = n - at < KERNEL_BLOCK ? n : at + KERNEL_BLOCK;
		size_t i = at;
		for (; i + 4 <= end; i += 4) {
			const uint8_t *b = base + 2 * i;
			ctx[i] = table[le16_load(b) >> shift & mask];
			ctx[i + 1] = table[le16_load(b + 2) >> shift & mask];
			ctx[i + 2] = table[le16_load(b + 4) >> shift & mask];
			ctx[i + 3] = table[le16_load(b + 6) >> shift & mask];
		}
		for (; i < end; i++)
			ctx[i] = table[le16_load(base + 2 * i) >> shift & mask];
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
		uint16_t v[FIELDS_BLOCK], s[FIELDS_BLOCK];
		le16_load_all(v, src, FIELDS_BLOCK);
		for (int i = 0; i < FIELDS_BLOCK; i++)
			s[i] = (uint16_t)((v[i] & 0x7fff) >> shift);
		for (int i = 0; i < FIELDS_BLOCK; i++)
			fields[i] = (v[i] & low_mask) | (uint32_t)v[i] >> 15 << shift;
		memcpy(symbols, s, sizeof(s));
		raw = fields_pack(fields, shift + 1, raw);
	}
}

static void join16(unsigned shift, const uint16_t *symbols, const uint8_t *raw,
                   size_t blocks, uint8_t *dst)
{
	uint32_t low_mask = (1u << shift) - 1;

	for (; blocks > 0; blocks--, symbols += FIELDS_BLOCK, dst += 2 * FIELDS_BLOCK) {
		uint32_t fields[FIELDS_BLOCK];
		uint16_t v[FIELDS_BLOCK];
		raw = fields_unpack(raw, shift + 1, fields);
		for (int i = 0; i < FIELDS_BLOCK; i++)
			v[i] = (uint16_t)((uint32_t)symbols[i] << shift |
			                  (fields[i] & low_mask) |
			                  fields[i] >> shift << 15);
		le16_store_all(dst, v, FIELDS_BLOCK);
	}
}

const struct kernel kernel_portable = {
	.name = "portable",
	.decode = kernel_portable_decode,
	.encode = encode,
	.split16 = split16,
	.merge16 = merge16,
	.place16 = place16,
	.count16 = kernel_portable_count16,
	.score = score,
	.cut16 = cut16,
	.join16 = join16,
	.split8 = kernel_portable_split8,
	.merge8 = kernel_portable_merge8,
	.place8 = kernel_portable_place8,
	.split32 = kernel_portable_split32,
	.merge32 = kernel_portable_merge32,
	.place32 = kernel_portable_place32,
	.cut32 = kernel_portable_cut32,
	.join32 = kernel_portable_join32,
	.product = kernel_portable_product,
	.add16 = kernel_portable_add16,
	.project = kernel_portable_project,
	.spread = kernel_portable_spread,
};
