#include "codec/ulp_raw.h"

#include <string.h>

#include "codec/common/cursor.h"
#include "codec/common/le.h"
#include "codec/fields.h"
#include "codec/frame.h"
#include "codec/rans.h"
#include "codec/ulp_token.h"

enum {
	STREAM_ROOM = FRAME_VALUES + KERNEL_SLACK, /* bytes of a nibble stream */
	TOKEN32_BITS_MAX = 28
};

static uint8_t *stream(const struct ulp_raw *raw, unsigned k)
{
	return raw->room + (size_t)k * STREAM_ROOM;
}

static size_t nibble_count(const struct ulp_raw *raw, unsigned k)
{
	return (size_t)(raw->nibbles.at[k] - stream(raw, k));
}

void ulp_raw_init(struct ulp_raw *raw, const struct kernel *kernel, unsigned unit,
                  uint8_t *room)
{
	*raw = (struct ulp_raw){ .kernel = kernel, .unit = unit, .room = room };
	for (unsigned k = 0; k < NIBBLE_STREAMS; k++)
		raw->nibbles.at[k] = stream(raw, k);
}

/* ---- 32-bit values: one stream of bits */

/* Writes eight bytes at the stream's byte, of which those after the bits are
 * written again by what comes next. */
static uint64_t put32(uint8_t *room, uint64_t bit, uint32_t v, unsigned n)
{
	uint8_t *at = room + bit / 8;
	uint64_t held = *at & ((1u << bit % 8) - 1);

	le64_store(at, held | (uint64_t)(v & ((UINT64_C(1) << n) - 1)) << bit % 8);
	return bit + n;
}

static uint64_t split32(uint8_t *room, uint64_t bit, const uint8_t *src,
                        const uint8_t *base, size_t n, uint16_t *tokens)
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

static uint64_t merge32(const uint8_t *room, uint64_t bit, const uint16_t *tokens,
                        const uint8_t *base, size_t n, uint8_t *dst)
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

/* ---- 8-bit values: blocks of one size become vectors */

static void merge8(const uint16_t *tokens, const uint8_t *base, size_t n, uint8_t *dst)
{
	enum { BLOCK = 64 };
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

/* ---- chunks of any size of value */

void ulp_raw_split(struct ulp_raw *raw, const uint8_t *src, const uint8_t *base, size_t n,
                   uint16_t *tokens)
{
	switch (raw->unit) {
	case 1:
		for (size_t i = 0; i < n; i++)
			tokens[i] = ulp8_distance(src[i], base[i]);
		break;
	case 2:
		raw->kernel->split16(src, base, n, tokens, &raw->nibbles);
		break;
	default:
		raw->bit = split32(raw->room, raw->bit, src, base, n, tokens);
		break;
	}
}

void ulp_raw_merge(struct ulp_raw *raw, const uint16_t *tokens, const uint8_t *base,
                   size_t n, uint8_t *dst)
{
	switch (raw->unit) {
	case 1:
		merge8(tokens, base, n, dst);
		break;
	case 2:
		raw->kernel->merge16(tokens, base, n, &raw->nibbles, dst);
		break;
	default:
		raw->bit = merge32(raw->room, raw->bit, tokens, base, n, dst);
		break;
	}
}

/* ---- the frame's raw bits as they are stored: counts, then bytes */

size_t ulp_raw_size(const struct ulp_raw *raw)
{
	size_t size = 0;

	if (raw->unit == 4)
		return 4 + (size_t)((raw->bit + 7) / 8);
	for (unsigned k = 0; k < NIBBLE_STREAMS && raw->unit == 2; k++)
		size += 4 + fields_size(nibble_count(raw, k), 4);
	return size;
}

uint8_t *ulp_raw_pack(const struct ulp_raw *raw, uint8_t *dst)
{
	if (raw->unit == 4) {
		size_t bytes = (size_t)((raw->bit + 7) / 8);
		le32_store(dst, (uint32_t)raw->bit);
		memcpy(dst + 4, raw->room, bytes);
		return dst + 4 + bytes;
	}
	for (unsigned k = 0; k < NIBBLE_STREAMS && raw->unit == 2; k++) {
		le32_store(dst, (uint32_t)nibble_count(raw, k));
		dst = fields_pack_nibbles(stream(raw, k), nibble_count(raw, k), dst + 4);
	}
	return dst;
}

static bool unpack32(struct ulp_raw *raw, struct cursor *from, size_t n)
{
	raw->bit = cursor_u32(from);
	size_t bytes = (size_t)((raw->bit + 7) / 8);
	if (raw->bit > (uint64_t)n * TOKEN32_BITS_MAX)
		return false;
	cursor_copy(from, raw->room, bytes);
	return cursor_ok(from);
}

bool ulp_raw_unpack(struct ulp_raw *raw, struct cursor *from, size_t n)
{
	if (raw->unit == 4)
		return unpack32(raw, from, n);
	for (unsigned k = 0; k < NIBBLE_STREAMS && raw->unit == 2; k++) {
		uint32_t count = cursor_u32(from);
		if (count > n)
			return false;
		const uint8_t *bytes = cursor_take(from, fields_size(count, 4));
		if (!bytes)
			return false;
		fields_unpack_nibbles(bytes, count, stream(raw, k));
		raw->nibbles.at[k] += count;
	}
	return true;
}

bool ulp_raw_same(const struct ulp_raw *raw, const struct ulp_raw *packed)
{
	for (unsigned k = 0; k < NIBBLE_STREAMS; k++)
		if (raw->nibbles.at[k] != packed->nibbles.at[k])
			return false;
	return raw->bit == packed->bit;
}
