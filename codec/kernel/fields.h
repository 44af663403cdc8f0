/*
 * Raw bits of many values, each of the same width of at most 31 bits, packed
 * into planes of 16, 8, 4, 2 and 1 bits, as the width's binary digits say. A
 * block of 64 values (the last one filled up with zeros) has its planes one after
 * another, the widest first, which holds the values' lowest bits. In a plane of
 * b < 8 bits, byte i holds value i in its lowest bits, then value i + 8b, and so on.
 * Pure; any thread.
 */
#ifndef ZLLM_FIELDS_H
#define ZLLM_FIELDS_H

#include <stddef.h>
#include <stdint.h>

enum { FIELDS_BLOCK = 64 };

/* Bytes of `n` values of `width` bits. */
size_t fields_size(size_t n, unsigned width);

/* Packs the low `width` bits of FIELDS_BLOCK values; returns the end. */
uint8_t *fields_pack(const uint32_t *values, unsigned width, uint8_t *dst);

/* Unpacks a block; returns the end of what was read. */
const uint8_t *fields_unpack(const uint8_t *src, unsigned width, uint32_t *values);

/* The same for `n` nibbles, one a byte. Writers and readers may touch a whole
 * last block of `nibbles`. */
uint8_t *fields_pack_nibbles(const uint8_t *nibbles, size_t n, uint8_t *dst);
void fields_unpack_nibbles(const uint8_t *src, size_t n, uint8_t *nibbles);

#endif
