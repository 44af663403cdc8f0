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

/* All ones for a value whose top bit is set, without a branch: it is noise. */
static inline uint32_t sign_mask8(uint8_t v)
{
	return 0u - (v >> 7);
}

static inline uint32_t sign_mask16(uint16_t v)
{
	return 0u - (v >> 15);
}

static inline uint32_t sign_mask32(uint32_t v)
{
	return 0u - (v >> 31);
}

static inline uint8_t ulp8_distance(uint8_t value, uint8_t base)
{
	uint32_t v = value ^ (0x80u | sign_mask8(value)) ^ sign_mask8(base);
	uint8_t d = (uint8_t)(v - (base | 0x80u));

	return (uint8_t)(d << 1 ^ sign_mask8(d));
}

static inline uint8_t ulp8_value(uint8_t z, uint8_t base)
{
	uint32_t d = (uint32_t)z >> 1 ^ (0u - (z & 1u));
	uint8_t v = (uint8_t)(((base | 0x80u) + d) ^ sign_mask8(base));

	return (uint8_t)(v ^ (0x80u | (0x7fu & ~sign_mask8(v))));
}

/* Integers: no sign and magnitude, so a difference is one as it is. */
static inline uint8_t integer8_distance(uint8_t value, uint8_t base)
{
	uint8_t d = (uint8_t)(value - base);

	return (uint8_t)(d << 1 ^ sign_mask8(d));
}

static inline uint8_t integer8_value(uint8_t z, uint8_t base)
{
	return (uint8_t)(base + (z >> 1 ^ (0u - (z & 1u))));
}

static inline uint16_t ulp16_distance(uint16_t value, uint16_t base)
{
	uint32_t v = value ^ (0x8000u | sign_mask16(value)) ^ sign_mask16(base);
	uint16_t d = (uint16_t)(v - (base | 0x8000u));

	return (uint16_t)(d << 1 ^ sign_mask16(d));
}

static inline uint16_t ulp16_value(uint16_t z, uint16_t base)
{
	uint32_t d = (uint32_t)z >> 1 ^ (0u - (z & 1u));
	uint16_t v = (uint16_t)(((base | 0x8000u) + d) ^ sign_mask16(base));

	return (uint16_t)(v ^ (0x8000u | (0x7fffu & ~sign_mask16(v))));
}

static inline uint32_t ulp32_distance(uint32_t value, uint32_t base)
{
	uint32_t v = value ^ (0x80000000 | sign_mask32(value)) ^ sign_mask32(base);
	uint32_t d = v - (base | 0x80000000);

	return d << 1 ^ sign_mask32(d);
}

static inline uint32_t ulp32_value(uint32_t z, uint32_t base)
{
	uint32_t d = (uint32_t)z >> 1 ^ (0u - (z & 1u));
	uint32_t v = ((base | 0x80000000) + d) ^ sign_mask32(base);

	return v ^ (0x80000000 | (0x7fffffffu & ~sign_mask32(v)));
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

/* Four bits a nibble, beyond the five of a direct token. */
static inline unsigned token32_nibbles(uint32_t z)
{
	return (30u - (unsigned)__builtin_clz(z | 2)) / 4;
}

#endif
