#include "codec/ulp_context.h"

#include <string.h>

#include "codec/kernel/kernel.h"
#include "codec/kernel/ulp_token.h"
#include "codec/rans_room.h"

static const struct ulp_shape shapes[DTYPE_COUNT] = {
	[DTYPE_BF16] = { 2, 7, 0xff, TOKENS_16, false },
	[DTYPE_F16] = { 2, 10, 0x1f, TOKENS_16, false },
	[DTYPE_F32] = { 4, 23, 0xff, TOKENS_32, false },
	[DTYPE_F8_E4M3] = { 1, 3, 0x0f, TOKENS_8, false },
	[DTYPE_F8_E5M2] = { 1, 2, 0x1f, TOKENS_8, false },
	[DTYPE_F8_E4M3FNUZ] = { 1, 3, 0x0f, TOKENS_8, false },
	[DTYPE_F8_E5M2FNUZ] = { 1, 2, 0x1f, TOKENS_8, false },
	[DTYPE_I8] = { 1, 0, 0, TOKENS_8, true },
	[DTYPE_U8] = { 1, 0, 0, TOKENS_8, true },
};

const struct ulp_shape *ulp_shape_of(enum dtype dtype)
{
	return dtype < DTYPE_COUNT && shapes[dtype].unit ? &shapes[dtype] : NULL;
}

/* A placing and the tables it refers to. */
struct placed {
	uint8_t table[ULP_CLASSES][ULP_WINDOW];
	struct placing p;
};

static void place_from(const struct ulp_contexts *c, size_t at, struct placed *out)
{
	for (unsigned k = 0; k < ULP_CLASSES; k++)
		memcpy(out->table[k], c->table + c->bank[k] * ULP_WINDOW, ULP_WINDOW);
	out->p = (struct placing){ c->shape->exp_shift, c->shape->exp_mask, c->low,
		                   out->table, c->block_class + at / KERNEL_BLOCK };
}

void ulp_contexts_fill(const struct ulp_contexts *c, const uint8_t *base, size_t at,
                       size_t n, uint16_t *ctx)
{
	struct placed placed;

	place_from(c, at, &placed);
	if (c->shape->unit == 1)
		c->kernel->place8(&placed.p, base, n, ctx);
	else if (c->shape->unit == 2)
		c->kernel->place16(&placed.p, base, n, ctx);
	else
		c->kernel->place32(&placed.p, base, n, ctx);
}

/* Puts the context above the token: sixteen at once, which become vectors. */
static void add_contexts(uint16_t *index, const uint16_t *ctx, size_t n)
{
	enum { GROUP = 16 };
	size_t i = 0;

	for (; i + GROUP <= n; i += GROUP) {
		uint16_t group[GROUP], up[GROUP];
		memcpy(group, index + i, sizeof(group));
		memcpy(up, ctx + i, sizeof(up));
		for (int k = 0; k < GROUP; k++)
			group[k] = (uint16_t)(group[k] + up[k] * ROOM_STRIDE);
		memcpy(index + i, group, sizeof(group));
	}
	for (; i < n; i++)
		index[i] = (uint16_t)(ctx[i] * ROOM_STRIDE + index[i]);
}

void ulp_contexts_count(const struct ulp_contexts *c, const uint8_t *base, size_t at,
                        size_t n, struct rans_room *room)
{
	uint32_t *const counts[] = { room->counts[0], room->counts[1], room->counts[2],
		                     room->counts[3] };
	struct placed placed;

	if (c->shape->unit == 2) {
		place_from(c, at, &placed);
		c->kernel->count16(&placed.p, base, n, room->index + at, counts);
		return;
	}
	ulp_contexts_fill(c, base, at, n, room->ctx);
	add_contexts(room->index + at, room->ctx, n);
	rans_room_count(room, room->index + at, n);
}
