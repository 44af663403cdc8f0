/*
 * Distances in units in the last place, and the tokens they become.
 *
 * Floats of one format sort like integers once negative ones are mirrored, and
 * then neighbours differ by one. The distance from base to value is counted away
 * from zero, on the base's side: a base's sign and its mirror image give the
 * same distances. Zigzag makes them unsigned: 0, -1, 1, -2, ... -> 0, 1, 2, 3.
 *
 * Below 32 the distance is the token. Above, it has k raw nibbles and 30 tokens
 * for each k: 2..31 times 16^k.
 */
#ifndef ZLLM_ULP_TOKEN_H
#define ZLLM_ULP_TOKEN_H

#include <stdint.h>

enum {
	TOKEN_DIRECT = 32, /* distances that are tokens */
	TOKEN_EACH = 30,   /* tokens for each number of nibbles */
	TOKENS_8 = 256,    /* 8-bit distances are tokens, all of them */
	TOKENS_16 = 106,   /* the last is that of 0xffff */
	TOKENS_32 = 226
};

static inline uint16_t ulp16_distance(uint16_t value, uint16_t base)
{
	unsigned mirror = base >> 15 ? 0xffff : 0; /* all bits of a negative base */
	unsigned v = value ^ (value >> 15 ? 0xffff : 0x8000) ^ mirror;
	uint16_t d = (uint16_t)(v - (base | 0x8000u));

	return (uint16_t)(d << 1 ^ (d >> 15 ? 0xffff : 0));
}

static inline uint16_t ulp16_value(uint16_t z, uint16_t base)
{
	unsigned mirror = base >> 15 ? 0xffff : 0;
	unsigned d = (z >> 1) ^ (z & 1 ? 0xffff : 0);
	unsigned v = ((base | 0x8000u) + d) & 0xffff;

	v ^= mirror;
	return (uint16_t)(v ^ (v >> 15 ? 0x8000 : 0xffff));
}

static inline uint32_t ulp32_distance(uint32_t value, uint32_t base)
{
	uint32_t mirror = base >> 31 ? UINT32_MAX : 0;
	uint32_t v = value ^ (value >> 31 ? UINT32_MAX : 0x80000000) ^ mirror;
	uint32_t d = v - (base | 0x80000000);

	return d << 1 ^ (d >> 31 ? UINT32_MAX : 0);
}

static inline uint32_t ulp32_value(uint32_t z, uint32_t base)
{
	uint32_t mirror = base >> 31 ? UINT32_MAX : 0;
	uint32_t d = z >> 1 ^ (z & 1 ? UINT32_MAX : 0);
	uint32_t v = ((base | 0x80000000) + d) ^ mirror;

	return v ^ (v >> 31 ? 0x80000000 : UINT32_MAX);
}

static inline uint8_t ulp8_distance(uint8_t value, uint8_t base)
{
	unsigned mirror = base >> 7 ? 0xff : 0;
	unsigned v = value ^ (value >> 7 ? 0xff : 0x80) ^ mirror;
	uint8_t d = (uint8_t)(v - (base | 0x80u));

	return (uint8_t)(d << 1 ^ (d >> 7 ? 0xff : 0));
}

static inline uint8_t ulp8_value(uint8_t z, uint8_t base)
{
	unsigned mirror = base >> 7 ? 0xff : 0;
	unsigned d = (z >> 1) ^ (z & 1 ? 0xff : 0);
	unsigned v = (((base | 0x80u) + d) & 0xff) ^ mirror;

	return (uint8_t)(v ^ (v >> 7 ? 0x80 : 0xff));
}

/* Raw nibbles of a 16-bit distance, and of its token. */
static inline unsigned token16_nibbles(unsigned z)
{
	return (unsigned)(z >= 32) + (z >= 512) + (z >= 8192);
}

static inline unsigned token16_nibbles_of(unsigned token)
{
	return (unsigned)(token >= 32) + (token >= 62) + (token >= 92);
}

static inline unsigned token32_nibbles(uint32_t z)
{
	unsigned k = 0;

	while (k < 7 && z >> (4 * k) >= TOKEN_DIRECT)
		k++;
	return k;
}

#endif
