#include "codec/kernel/fields.h"

#include <string.h>

enum { B = FIELDS_BLOCK };

size_t fields_size(size_t n, unsigned width)
{
	return (n + B - 1) / B * (B / 8) * width;
}

/* One plane: values' bits [shift, shift + bits) for bits of 8, 4, 2, 1. Inline: with
 * the bits known, its loops become vectors, and so do those of the inverse. */
static inline uint8_t *pack_plane(const uint32_t *values, unsigned shift, unsigned bits,
                                  uint8_t *dst)
{
	unsigned bytes = B / 8 * bits;
	uint32_t mask = (1u << bits) - 1;
	uint8_t plane[B] = { 0 };

	for (unsigned first = 0, up = 0; first < B; first += bytes, up += bits)
		for (unsigned i = 0; i < bytes; i++)
			plane[i] |= (uint8_t)((values[first + i] >> shift & mask) << up);
	memcpy(dst, plane, bytes);
	return dst + bytes;
}

static inline void unpack_plane(const uint8_t *src, unsigned shift, unsigned bits,
                                uint32_t *values)
{
	unsigned bytes = B / 8 * bits;
	uint32_t mask = (1u << bits) - 1;
	uint8_t plane[B];

	memcpy(plane, src, bytes);
	for (unsigned first = 0, up = 0; first < B; first += bytes, up += bits)
		for (unsigned i = 0; i < bytes; i++)
			values[first + i] |= (uint32_t)(plane[i] >> up & mask) << shift;
}

uint8_t *fields_pack(const uint32_t *values, unsigned width, uint8_t *dst)
{
	unsigned shift = 0;

	if (width & 16) {
		dst = pack_plane(values, 0, 8, dst);
		dst = pack_plane(values, 8, 8, dst);
		shift = 16;
	}
	if (width & 8)
		dst = pack_plane(values, shift, 8, dst);
	shift += width & 8;
	if (width & 4)
		dst = pack_plane(values, shift, 4, dst);
	shift += width & 4;
	if (width & 2)
		dst = pack_plane(values, shift, 2, dst);
	shift += width & 2;
	return width & 1 ? pack_plane(values, shift, 1, dst) : dst;
}

const uint8_t *fields_unpack(const uint8_t *src, unsigned width, uint32_t *values)
{
	unsigned shift = 0;

	memset(values, 0, B * sizeof(*values));
	if (width & 16) {
		for (unsigned half = 0; half < 2; half++, shift += 8, src += B)
			unpack_plane(src, shift, 8, values);
	}
	if (width & 8) {
		unpack_plane(src, shift, 8, values);
		src += B;
		shift += 8;
	}
	if (width & 4) {
		unpack_plane(src, shift, 4, values);
		src += B / 2;
		shift += 4;
	}
	if (width & 2) {
		unpack_plane(src, shift, 2, values);
		src += B / 4;
		shift += 2;
	}
	if (width & 1) {
		unpack_plane(src, shift, 1, values);
		src += B / 8;
	}
	return src;
}

/* Blocks of a size known go through memory of their own, so that the compiler sees
 * that nothing overlaps and makes vectors of the loops. */

uint8_t *fields_pack_nibbles(const uint8_t *nibbles, size_t n, uint8_t *dst)
{
	for (size_t at = 0; at < n; at += B, nibbles += B, dst += B / 2) {
		uint8_t block[B] = { 0 }, packed[B / 2];
		memcpy(block, nibbles, n - at < B ? n - at : B);
		for (int i = 0; i < B / 2; i++)
			packed[i] = (uint8_t)(block[i] | block[i + B / 2] << 4);
		memcpy(dst, packed, B / 2);
	}
	return dst;
}

void fields_unpack_nibbles(const uint8_t *src, size_t n, uint8_t *nibbles)
{
	for (size_t at = 0; at < n; at += B, nibbles += B, src += B / 2) {
		uint8_t packed[B / 2], low[B / 2], high[B / 2];
		memcpy(packed, src, B / 2);
		for (int i = 0; i < B / 2; i++) {
			low[i] = packed[i] & 15;
			high[i] = packed[i] >> 4;
		}
		memcpy(nibbles, low, B / 2);
		memcpy(nibbles + B / 2, high, B / 2);
	}
}
