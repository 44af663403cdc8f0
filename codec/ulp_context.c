#include "codec/ulp_context.h"

#include "codec/common/le.h"
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

static unsigned place(int exponent, int low)
{
	int at = exponent - low;

	at = at < 0 ? 0 : at;
	return (unsigned)(at < ULP_WINDOW ? at : ULP_WINDOW - 1);
}

static void fill8(const uint8_t *base, size_t n, const struct ulp_shape *shape, int low,
                  const uint8_t *table, uint16_t *ctx)
{
	for (size_t i = 0; i < n; i++) {
		unsigned e = base[i] >> shape->exp_shift & shape->exp_mask;
		ctx[i] = table[place((int)e, low)];
	}
}

static void fill16(const uint8_t *base, size_t n, const struct ulp_shape *shape, int low,
                   const uint8_t *table, uint16_t *ctx)
{
	for (size_t i = 0; i < n; i++) {
		unsigned e = (unsigned)le16_load(base + 2 * i) >> shape->exp_shift &
		             shape->exp_mask;
		ctx[i] = table[place((int)e, low)];
	}
}

static void fill32(const uint8_t *base, size_t n, const struct ulp_shape *shape, int low,
                   const uint8_t *table, uint16_t *ctx)
{
	for (size_t i = 0; i < n; i++) {
		unsigned e = le32_load(base + 4 * i) >> shape->exp_shift & shape->exp_mask;
		ctx[i] = table[place((int)e, low)];
	}
}

void ulp_contexts_fill(const struct ulp_contexts *c, const struct ulp_shape *shape,
                       const uint8_t *base, size_t at, size_t n, uint16_t *ctx)
{
	for (size_t i = 0; i < n; i += ROOM_BLOCK) {
		size_t m = n - i < ROOM_BLOCK ? n - i : ROOM_BLOCK;
		unsigned k = c->classes > 1 ? c->block_class[(at + i) / ROOM_BLOCK] : 0;
		const uint8_t *table = c->table + c->bank[k] * ULP_WINDOW;
		const uint8_t *from = base + i * shape->unit;
		switch (shape->unit) {
		case 1:
			fill8(from, m, shape, c->low[k], table, ctx + i);
			break;
		case 2:
			fill16(from, m, shape, c->low[k], table, ctx + i);
			break;
		default:
			fill32(from, m, shape, c->low[k], table, ctx + i);
			break;
		}
	}
}
