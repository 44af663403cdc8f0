/* Values of 8 and 32 bits in plain C; see kernel_portable.c. */
#include "codec/kernel/kernel_portable.h"

#include <string.h>

#include "codec/common/le.h"
#include "codec/kernel/fields.h"
#include "codec/kernel/ulp_token.h"

enum { BLOCK = 64 };

/* ---- contexts */

static size_t block_end(size_t i, size_t n)
{
	return n - i < KERNEL_BLOCK ? n : i + KERNEL_BLOCK;
}

void kernel_portable_place8(const struct placing *p, const uint8_t *base, size_t n,
                            uint16_t *ctx)
{
	uint8_t of[KERNEL_CLASSES][KERNEL_EXPONENTS];
	unsigned shift = p->shift, mask = p->mask & (KERNEL_EXPONENTS - 1);

	placing_spread(p, of);
	for (size_t at = 0; at < n; at += KERNEL_BLOCK) {
		const uint8_t *table = of[p->block_class[at / KERNEL_BLOCK]];
		size_t end = block_end(at, n);
		for (size_t i = at; i < end; i++)
			ctx[i] = table[base[i] >> shift & mask];
	}
}

void kernel_portable_place32(const struct placing *p, const uint8_t *base, size_t n,
                             uint16_t *ctx)
{
	uint8_t of[KERNEL_CLASSES][KERNEL_EXPONENTS];
	unsigned shift = p->shift, mask = p->mask & (KERNEL_EXPONENTS - 1);

	placing_spread(p, of);
	for (size_t at = 0; at < n; at += KERNEL_BLOCK) {
		const uint8_t *table = of[p->block_class[at / KERNEL_BLOCK]];
		size_t end = block_end(at, n);
		for (size_t i = at; i < end; i++)
			ctx[i] = table[le32_load(base + 4 * i) >> shift & mask];
	}
}

/* ---- 8-bit values: blocks of one size become vectors */

void kernel_portable_split8(const uint8_t *src, const uint8_t *base, size_t n,
                            uint16_t *tokens)
{
	size_t i = 0;

	for (; i + BLOCK <= n; i += BLOCK) {
		uint8_t v[BLOCK], b[BLOCK];
		uint16_t z[BLOCK];
		memcpy(v, src + i, BLOCK);
		memcpy(b, base + i, BLOCK);
		for (unsigned k = 0; k < BLOCK; k++)
			v[k] = ulp8_distance(v[k], b[k]);
		for (unsigned k = 0; k < BLOCK; k++)
			z[k] = v[k];
		memcpy(tokens + i, z, sizeof(z));
	}
	for (; i < n; i++)
		tokens[i] = ulp8_distance(src[i], base[i]);
}

void kernel_portable_merge8(const uint16_t *tokens, const uint8_t *base, size_t n,
                            uint8_t *dst)
{
	size_t i = 0;

	for (; i + BLOCK <= n; i += BLOCK) {
		uint8_t z[BLOCK], b[BLOCK], v[BLOCK];
		for (unsigned k = 0; k < BLOCK; k++)
			z[k] = (uint8_t)tokens[i + k];
		memcpy(b, base + i, BLOCK);
		for (unsigned k = 0; k < BLOCK; k++)
			v[k] = ulp8_value(z[k], b[k]);
		memcpy(dst + i, v, BLOCK);
	}
	for (; i < n; i++)
		dst[i] = ulp8_value((uint8_t)tokens[i], base[i]);
}

/* ---- 32-bit values: raw bits in one stream */

/* Writes eight bytes at the stream's byte, of which those after the bits are
 * written again by what comes next. */
static inline uint64_t put32(uint8_t *room, uint64_t bit, uint32_t v, unsigned n)
{
	uint8_t *at = room + bit / 8;
	uint64_t held = *at & ((1u << bit % 8) - 1);

	le64_store(at, held | (uint64_t)(v & ((UINT64_C(1) << n) - 1)) << bit % 8);
	return bit + n;
}

uint64_t kernel_portable_split32(const uint8_t *src, const uint8_t *base, size_t n,
                                 uint16_t *tokens, uint8_t *room, uint64_t bit)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t z = ulp32_distance(le32_load(src + 4 * i),
		                            le32_load(base + 4 * i));
		unsigned k = token32_nibbles(z);
		tokens[i] = (uint16_t)((z >> 4 * k) + TOKEN_EACH * k);
		bit = put32(room, bit, z, 4 * k);
	}
	return bit;
}

uint64_t kernel_portable_merge32(const uint16_t *tokens, const uint8_t *base, size_t n,
                                 const uint8_t *room, uint64_t bit, uint8_t *dst)
{
	for (size_t i = 0; i < n; i++) {
		/* Of tokens below 32, the first two have no whole thirty. */
		unsigned k = (tokens[i] < 2 ? 0 : tokens[i] - 2u) / TOKEN_EACH;
		uint64_t low = le64_load(room + bit / 8) >> bit % 8 &
		               ((UINT64_C(1) << 4 * k) - 1);
		uint32_t z = (uint32_t)(tokens[i] - TOKEN_EACH * k) << 4 * k |
		             (uint32_t)low;
		bit += 4 * k;
		le32_store(dst + 4 * i, ulp32_value(z, le32_load(base + 4 * i)));
	}
	return bit;
}

/* ---- floats by themselves */

void kernel_portable_cut32(unsigned shift, const uint8_t *src, size_t blocks,
                           uint16_t *symbols, uint8_t *raw)
{
	uint32_t low_mask = (1u << shift) - 1;

	for (; blocks > 0; blocks--, symbols += FIELDS_BLOCK, src += 4 * FIELDS_BLOCK) {
		uint32_t v[FIELDS_BLOCK], fields[FIELDS_BLOCK];
		uint16_t s[FIELDS_BLOCK];
		le32_load_all(v, src, FIELDS_BLOCK);
		for (int i = 0; i < FIELDS_BLOCK; i++)
			s[i] = (uint16_t)((v[i] & 0x7fffffff) >> shift);
		for (int i = 0; i < FIELDS_BLOCK; i++)
			fields[i] = (v[i] & low_mask) | v[i] >> 31 << shift;
		memcpy(symbols, s, sizeof(s));
		raw = fields_pack(fields, shift + 1, raw);
	}
}

void kernel_portable_join32(unsigned shift, const uint16_t *symbols, const uint8_t *raw,
                            size_t blocks, uint8_t *dst)
{
	uint32_t low_mask = (1u << shift) - 1;

	for (; blocks > 0; blocks--, symbols += FIELDS_BLOCK, dst += 4 * FIELDS_BLOCK) {
		uint32_t fields[FIELDS_BLOCK], v[FIELDS_BLOCK];
		raw = fields_unpack(raw, shift + 1, fields);
		for (int i = 0; i < FIELDS_BLOCK; i++)
			v[i] = (uint32_t)symbols[i] << shift | (fields[i] & low_mask) |
			       fields[i] >> shift << 31;
		le32_store_all(dst, v, FIELDS_BLOCK);
	}
}
