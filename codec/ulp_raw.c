#include "codec/ulp_raw.h"

#include <string.h>

#include "codec/common/cursor.h"
#include "codec/common/le.h"
#include "codec/frame_job.h"
#include "codec/kernel/fields.h"
#include "codec/kernel/rans.h"
#include "codec/ulp_context.h"
#include "codec/ulp_integer.h"

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

void ulp_raw_init(struct ulp_raw *raw, const struct kernel *kernel,
                  const struct ulp_shape *shape, uint8_t *room)
{
	*raw = (struct ulp_raw){ .kernel = kernel, .shape = shape, .room = room };
	for (unsigned k = 0; k < NIBBLE_STREAMS; k++)
		raw->nibbles.at[k] = stream(raw, k);
}

/* ---- chunks of any size of value */

void ulp_raw_split(struct ulp_raw *raw, const uint8_t *src, const uint8_t *base, size_t n,
                   uint16_t *tokens)
{
	switch (raw->shape->unit) {
	case 1:
		(raw->shape->integer ? ulp_integer_split
		                     : raw->kernel->split8)(src, base, n, tokens);
		break;
	case 2:
		raw->kernel->split16(src, base, n, tokens, &raw->nibbles);
		break;
	default:
		raw->bit = raw->kernel->split32(src, base, n, tokens, raw->room,
		                                raw->bit);
		break;
	}
}

void ulp_raw_merge(struct ulp_raw *raw, const uint16_t *tokens, const uint8_t *base,
                   size_t n, uint8_t *dst)
{
	switch (raw->shape->unit) {
	case 1:
		(raw->shape->integer ? ulp_integer_merge
		                     : raw->kernel->merge8)(tokens, base, n, dst);
		break;
	case 2:
		raw->kernel->merge16(tokens, base, n, &raw->nibbles, dst);
		break;
	default:
		raw->bit = raw->kernel->merge32(tokens, base, n, raw->room, raw->bit,
		                                dst);
		break;
	}
}

/* ---- the frame's raw bits as they are stored: counts, then bytes */

size_t ulp_raw_size(const struct ulp_raw *raw)
{
	size_t size = 0;

	if (raw->shape->unit == 4)
		return 4 + (size_t)((raw->bit + 7) / 8);
	for (unsigned k = 0; k < NIBBLE_STREAMS && raw->shape->unit == 2; k++)
		size += 4 + fields_size(nibble_count(raw, k), 4);
	return size;
}

uint8_t *ulp_raw_pack(const struct ulp_raw *raw, uint8_t *dst)
{
	if (raw->shape->unit == 4) {
		size_t bytes = (size_t)((raw->bit + 7) / 8);
		le32_store(dst, (uint32_t)raw->bit);
		memcpy(dst + 4, raw->room, bytes);
		return dst + 4 + bytes;
	}
	for (unsigned k = 0; k < NIBBLE_STREAMS && raw->shape->unit == 2; k++) {
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
	if (raw->shape->unit == 4)
		return unpack32(raw, from, n);
	for (unsigned k = 0; k < NIBBLE_STREAMS && raw->shape->unit == 2; k++) {
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
