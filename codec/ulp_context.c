#include "codec/ulp_context.h"

#include <string.h>

#include "codec/common/le.h"
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

/* The end of the block of value `i`. */
static size_t block_end(size_t i, size_t n)
{
	return n - i < KERNEL_BLOCK ? n : i + KERNEL_BLOCK;
}

/* Bytes have 32 exponents at the most: their tables first, then a look at each. */
static void fill8(const struct placing *p, const uint8_t *base, size_t n, uint16_t *ctx)
{
	enum { EXPONENTS = 32 };
	uint8_t of[ULP_CLASSES][EXPONENTS];
	unsigned shift = p->shift, mask = p->mask & (EXPONENTS - 1);

	for (unsigned k = 0; k < ULP_CLASSES; k++)
		for (unsigned e = 0; e < EXPONENTS; e++)
			of[k][e] = (uint8_t)placing_at(p->table[k], p->low[k], e);
	for (size_t at = 0; at < n; at += KERNEL_BLOCK) {
		const uint8_t *table = of[p->block_class[at / KERNEL_BLOCK]];
		size_t end = block_end(at, n);
		for (size_t i = at; i < end; i++)
			ctx[i] = table[base[i] >> shift & mask];
	}
}

static void fill32(const struct placing *p, const uint8_t *base, size_t n, uint16_t *ctx)
{
	for (size_t at = 0; at < n; at += KERNEL_BLOCK) {
		unsigned class = p->block_class[at / KERNEL_BLOCK], low = p->low[class];
		const uint8_t *table = p->table[class];
		size_t end = block_end(at, n);
		for (size_t i = at; i < end; i++) {
			unsigned e = le32_load(base + 4 * i) >> p->shift & p->mask;
			ctx[i] = (uint16_t)placing_at(table, low, e);
		}
	}
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
		fill8(&p, base, n, ctx);
	else if (c->shape->unit == 2)
		c->kernel->place16(&p, base, n, ctx);
	else
		fill32(&p, base, n, ctx);
}
