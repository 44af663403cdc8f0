#include "index/model/tensor_sketch.h"

#include <string.h>

#include "codec/cast.h"
#include "codec/common/le.h"
#include "index/model/extent.h"

enum {
	RUNS = 16,
	RUN_VALUES = 512,
	ROWS_USED = 4096,    /* at the most, of a matrix */
	VALUES_USED = 65536, /* at the most, of a vector */
	BAND_BITS = 8,
	UNIT_MAX = 8, /* bytes of the largest element */
	HUNDRED = 100
};

/* Where the runs lie, in values. */
struct runs {
	uint64_t step; /* from the start of one run to that of the next */
	size_t count;
	size_t length;
};

/* The largest power of two that is neither above `n` nor above `limit`, which is one. */
static uint64_t power_of_two_below(uint64_t n, uint64_t limit)
{
	uint64_t p = 1;

	while (p <= n / 2 && p < limit)
		p *= 2;
	return p;
}

uint64_t tensor_sketch_span(const struct extent *x)
{
	uint64_t count = x->size / dtype_unit(x->dtype);
	uint64_t rows = x->dim_count ? x->dims[0] : count;
	uint64_t limit = x->dim_count > 1 ? ROWS_USED : VALUES_USED;

	/* Elements smaller than a byte make no whole rows of units. */
	if (rows == 0 || count % rows != 0)
		rows = count;
	return rows ? power_of_two_below(rows, limit) * (count / rows) : 0;
}

static struct runs runs_of(const struct extent *x)
{
	uint64_t used = tensor_sketch_span(x);

	if (used < (uint64_t)RUNS * RUN_VALUES)
		return (struct runs){ 0, 1,
			              used < RUN_VALUES ? (size_t)used : RUN_VALUES };
	return (struct runs){ (used - RUN_VALUES) / (RUNS - 1), RUNS, RUN_VALUES };
}

/* ---------------------------------------------------------------- values */

/* The value as 16 bits: BF16 for what can be cast, the upper bits of a double, the
 * lower ones of an integer. */
static uint16_t word_of(enum dtype dtype, const uint8_t *at)
{
	uint8_t bf16[2];

	switch (dtype) {
	case DTYPE_BF16:
		return le16_load(at);
	case DTYPE_F16:
	case DTYPE_F32:
		cast_values(dtype, DTYPE_BF16, at, 1, bf16);
		return le16_load(bf16);
	case DTYPE_F64:
		return le16_load(at + 6);
	default:
		return dtype_unit(dtype) == 1 ? at[0] : le16_load(at);
	}
}

static bool is_float(enum dtype dtype)
{
	return dtype == DTYPE_BF16 || dtype == DTYPE_F16 || dtype == DTYPE_F32 ||
	       dtype == DTYPE_F64;
}

/* A place on a line where the next value up is one step away. */
static int32_t place_of(enum dtype dtype, uint16_t word)
{
	if (is_float(dtype))
		return word & 0x8000 ? -(int32_t)(word & 0x7fff) : word;
	if (dtype == DTYPE_I8)
		return (int8_t)word;
	return word;
}

/* A number that grows with the value, for the sums of the band. A float's is fixed-
 * point, with 40 bits behind the point; what is larger than 256 counts as 256. */
static int64_t weight_of(enum dtype dtype, uint16_t word)
{
	if (!is_float(dtype) || dtype == DTYPE_F64)
		return dtype_unit(dtype) == 1 && dtype != DTYPE_I8
		               ? (int64_t)word - 128
		               : place_of(dtype, word);
	int exponent = (word >> 7 & 0xff) - 127;
	int64_t size = 0x80 | (word & 0x7f);

	if (exponent == 128)
		size = 0; /* neither infinities nor NaNs have a direction */
	else if (exponent >= 8)
		size = (int64_t)1 << 48;
	else if (exponent >= -33)
		size <<= exponent + 33;
	else
		size >>= -33 - exponent > 62 ? 62 : -33 - exponent;
	return word & 0x8000 ? -size : size;
}

/* Eight signs for the value at place `i` of the runs (SplitMix64). */
static unsigned signs_of(uint64_t i)
{
	uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (unsigned)(z >> 56);
}

/* ---------------------------------------------------------------- making */

struct making {
	const struct extent *x;
	int64_t sums[BAND_BITS];
	uint16_t words[RUNS * RUN_VALUES];
	size_t count;
};

static void take_run(struct making *m, const uint8_t *bytes, size_t count)
{
	unsigned unit = dtype_unit(m->x->dtype);

	for (size_t i = 0; i < count; i++) {
		uint16_t word = word_of(m->x->dtype, bytes + i * unit);
		int64_t weight = weight_of(m->x->dtype, word);
		unsigned signs = signs_of(m->count);
		for (unsigned b = 0; b < BAND_BITS; b++)
			m->sums[b] += signs >> b & 1 ? weight : -weight;
		m->words[m->count++] = word;
	}
}

static void finish(const struct making *m, struct tensor_sketch *out)
{
	*out = (struct tensor_sketch){ .known = true };
	for (unsigned b = 0; b < BAND_BITS; b++)
		out->band |= (uint8_t)((m->sums[b] > 0) << b);
	for (size_t i = 0; i < SKETCH_VALUES; i++) {
		uint16_t word = m->count ? m->words[(2 * i + 1) * m->count /
		                                    (2 * (size_t)SKETCH_VALUES)]
		                         : 0;
		out->values[2 * i] = (uint8_t)(word >> 8);
		out->values[2 * i + 1] = (uint8_t)word;
	}
}

int tensor_sketch_make(const struct extent *x, sketch_read_fn *read, void *ctx,
                       struct tensor_sketch *out, struct err *err)
{
	struct runs runs = runs_of(x);
	struct making m = { .x = x };
	uint8_t bytes[RUN_VALUES * UNIT_MAX];
	unsigned unit = dtype_unit(x->dtype);

	for (size_t i = 0; i < runs.count; i++) {
		int rc = read(ctx, i * runs.step * unit, bytes, runs.length * unit, err);
		if (rc)
			return rc;
		take_run(&m, bytes, runs.length);
	}
	finish(&m, out);
	return 0;
}

/* ---------------------------------------------------------------- comparing */

/* A hundred times the logarithm of 1 + n to the base 2, straight between powers. */
static unsigned steps_of(uint32_t n)
{
	unsigned bits = 31 - (unsigned)__builtin_clz(++n);
	uint32_t power = (uint32_t)1 << bits;

	return bits * HUNDRED + (n - power) * HUNDRED / power;
}

bool tensor_sketch_comparable(const struct extent *a, const struct extent *b)
{
	struct runs x = runs_of(a), y = runs_of(b);

	return x.step == y.step && x.count == y.count && x.length == y.length;
}

struct sketch_gap tensor_sketch_gap(enum dtype dtype, const struct tensor_sketch *a,
                                    const struct tensor_sketch *b)
{
	struct sketch_gap gap = { .known = a->known && b->known };
	unsigned bits = 0, steps = 0;

	if (!gap.known)
		return gap;
	for (size_t i = 0; i < SKETCH_BYTES; i += 2) {
		uint16_t x = (uint16_t)(a->values[i] << 8 | a->values[i + 1]);
		uint16_t y = (uint16_t)(b->values[i] << 8 | b->values[i + 1]);
		int32_t distance = place_of(dtype, x) - place_of(dtype, y);
		for (unsigned differ = x ^ y; differ; differ &= differ - 1)
			bits += HUNDRED;
		steps += steps_of((uint32_t)(distance < 0 ? -distance : distance));
	}
	gap.bits = (uint16_t)(bits / SKETCH_VALUES);
	gap.steps = (uint16_t)(steps / SKETCH_VALUES);
	return gap;
}

uint16_t sketch_gap_bits(enum dtype dtype, const struct sketch_gap *gap)
{
	unsigned width = 8 * dtype_unit(dtype), below = width > 16 ? width - 16 : 0;

	return gap->known ? (uint16_t)(gap->bits + below * HUNDRED / 2) : UINT16_MAX;
}

enum gap_class sketch_gap_class(enum dtype dtype, const struct sketch_gap *gap)
{
	/* In steps; of one byte there are at most eight bits to differ in. */
	static const struct {
		unsigned close, near, far;
	} words = { 450, 700, 900 }, bytes = { 200, 350, 650 };
	bool is_byte = dtype_unit(dtype) == 1;
	unsigned steps = gap->steps;

	if (!gap->known)
		return GAP_UNKNOWN;
	if (steps <= (is_byte ? bytes.close : words.close))
		return GAP_CLOSE;
	if (steps <= (is_byte ? bytes.near : words.near))
		return GAP_NEAR;
	return steps < (is_byte ? bytes.far : words.far) ? GAP_UNKNOWN : GAP_FAR;
}
