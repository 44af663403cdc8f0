#include "codec/ulp_context.h"

#include "codec/common/le.h"
#include "codec/kernel.h"
#include "codec/rans_room.h"
#include "codec/ulp_token.h"

static const struct ulp_shape shapes[DTYPE_COUNT] = {
	[DTYPE_BF16] = { 2, 7, 0xff, TOKENS_16 },
	[DTYPE_F16] = { 2, 10, 0x1f, TOKENS_16 },
	[DTYPE_F32] = { 4, 23, 0xff, TOKENS_32 },
	[DTYPE_F8_E4M3] = { 1, 3, 0x0f, TOKENS_8 },
	[DTYPE_F8_E5M2] = { 1, 2, 0x1f, TOKENS_8 },
	[DTYPE_F8_E4M3FNUZ] = { 1, 3, 0x0f, TOKENS_8 },
	[DTYPE_F8_E5M2FNUZ] = { 1, 2, 0x1f, TOKENS_8 },
};

const struct ulp_shape *ulp_shape_of(enum dtype dtype)
{
	return dtype < DTYPE_COUNT && shapes[dtype].unit ? &shapes[dtype] : NULL;
}

static void fill8(const struct place16 *p, const uint8_t *base, size_t n, uint16_t *ctx)
{
	for (size_t i = 0; i < n; i++) {
		unsigned e = (unsigned)base[i] >> p->shift & p->mask;
		unsigned at = e > p->low ? e - p->low : 0;
		ctx[i] = p->table[at < ULP_WINDOW ? at : ULP_WINDOW - 1];
	}
}

static void fill32(const struct place16 *p, const uint8_t *base, size_t n, uint16_t *ctx)
{
	for (size_t i = 0; i < n; i++) {
		unsigned e = le32_load(base + 4 * i) >> p->shift & p->mask;
		unsigned at = e > p->low ? e - p->low : 0;
		ctx[i] = p->table[at < ULP_WINDOW ? at : ULP_WINDOW - 1];
	}
}

/* The tables of a block, whose class is `k`. */
static void fill(const struct ulp_contexts *c, unsigned k, const uint8_t *base, size_t n,
                 uint16_t *ctx)
{
	const struct ulp_shape *shape = c->shape;
	struct place16 p = { shape->exp_shift, shape->exp_mask, c->low[k],
		             c->table + c->bank[k] * ULP_WINDOW };

	if (shape->unit == 1)
		fill8(&p, base, n, ctx);
	else if (shape->unit == 2)
		c->kernel->place16(&p, base, n, ctx);
	else
		fill32(&p, base, n, ctx);
}

void ulp_contexts_fill(const struct ulp_contexts *c, const uint8_t *base, size_t at,
                       size_t n, uint16_t *ctx)
{
	if (c->classes == 1) {
		fill(c, 0, base, n, ctx);
		return;
	}
	for (size_t i = 0; i < n; i += ROOM_BLOCK)
		fill(c, c->block_class[(at + i) / ROOM_BLOCK], base + i * c->shape->unit,
		     n - i < ROOM_BLOCK ? n - i : ROOM_BLOCK, ctx + i);
}
