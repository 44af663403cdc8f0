/*
 * Distances of a chunk as tokens and raw bits, for each kind of value. Raw bits
 * of 16-bit values are nibbles in three streams, so that vector code can
 * move them; those of 32-bit values one stream of bits; 8-bit values have none.
 * Pure; any thread.
 */
#ifndef ZLLM_ULP_RAW_H
#define ZLLM_ULP_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/kernel/kernel.h"

struct cursor;
struct ulp_shape;

/* Where the raw bits of a frame lie, one nibble a byte or packed, and how far
 * they have been written or read. */
struct ulp_raw {
	const struct kernel *kernel;
	const struct ulp_shape *shape;
	uint8_t *room;          /* 4 * FRAME_VALUES + 4 * KERNEL_SLACK bytes */
	struct nibbles nibbles; /* of 16-bit values */
	uint64_t bit;           /* of 32-bit values */
};

void ulp_raw_init(struct ulp_raw *raw, const struct kernel *kernel,
                  const struct ulp_shape *shape, uint8_t *room);

/* Tokens of `n` values; their raw bits are appended. */
void ulp_raw_split(struct ulp_raw *raw, const uint8_t *src, const uint8_t *base, size_t n,
                   uint16_t *tokens);

/* The inverse; raw bits come in the order in which they were appended. */
void ulp_raw_merge(struct ulp_raw *raw, const uint16_t *tokens, const uint8_t *base,
                   size_t n, uint8_t *dst);

/* Bytes that the raw bits take, counts included, and the same written to `dst`. */
size_t ulp_raw_size(const struct ulp_raw *raw);
uint8_t *ulp_raw_pack(const struct ulp_raw *raw, uint8_t *dst);

/* The raw bits of a frame of `n` values, ready to be read. False when they
 * cannot be such. */
bool ulp_raw_unpack(struct ulp_raw *raw, struct cursor *from, size_t n);

/* Whether exactly as much was read as `packed`, which was unpacked, had. */
bool ulp_raw_same(const struct ulp_raw *raw, const struct ulp_raw *packed);

#endif
