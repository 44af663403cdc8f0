#include "codec/ulp_context.h"

#include <string.h>

#include "codec/kernel.h"
#include "codec/rans_room.h"
#include "codec/ulp_token.h"

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

void ulp_contexts_fill(const struct ulp_contexts *c, const uint8_t *base, size_t at,
                       size_t n, uint16_t *ctx)
{
	uint8_t table[ULP_CLASSES][ULP_WINDOW];
	struct placing p = { c->shape->exp_shift, c->shape->exp_mask, c->low, table,
		             c->block_class + at / KERNEL_BLOCK };

	for (unsigned k = 0; k < ULP_CLASSES; k++)
		memcpy(table[k], c->table + c->bank[k] * ULP_WINDOW, ULP_WINDOW);
	if (c->shape->unit == 1)
		c->kernel->place8(&p, base, n, ctx);
	else if (c->shape->unit == 2)
		c->kernel->place16(&p, base, n, ctx);
	else
		c->kernel->place32(&p, base, n, ctx);
}
