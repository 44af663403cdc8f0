/*
 * The steps are those of tensor_sketch.h; the tables were measured on the trained families
 * (439 trials, tests/README.md): BF16 with 150 hundredths of a step takes 3.5 bits, and so
 * on. F16 and F32 take as much, and 2.9 and 16 bits more, which is what they take more than
 * BF16 alone: so that is what is added. A deviation of 0.2 bits is usual.
 */
#include "index/recompact/delta_cost.h"

#include <stddef.h>

#include "codec/codec_table.h"
#include "index/model/extent.h"
#include "index/model/tensor_sketch.h"

/* A point of a table, both in hundredths. */
struct point {
	unsigned steps, bits;
};

static const struct point words[] = {
	{ 0, 50 },    { 50, 135 },  { 100, 235 },  { 150, 345 },
	{ 200, 410 }, { 250, 490 }, { 300, 540 },  { 400, 640 },
	{ 500, 735 }, { 700, 930 }, { 900, 1130 }, { 1600, 1700 },
};

static const struct point bytes[] = {
	{ 0, 95 },    { 50, 120 },  { 100, 200 }, { 200, 320 },
	{ 300, 430 }, { 400, 540 }, { 800, 900 },
};

enum { BF16_SOLO_BITS = 1055 }; /* hundredths */

static unsigned on_line(const struct point *p, size_t count, unsigned steps)
{
	size_t i = 1;

	while (i + 1 < count && steps > p[i].steps)
		i++;
	if (steps >= p[i].steps)
		return p[i].bits;
	unsigned width = p[i].steps - p[i - 1].steps;
	return p[i - 1].bits +
	       (p[i].bits - p[i - 1].bits) * (steps - p[i - 1].steps) / width;
}

unsigned solo_cost_usual(enum dtype dtype)
{
	switch (dtype) {
	case DTYPE_BF16:
		return 660;
	case DTYPE_F16:
		return 845;
	case DTYPE_F32:
		return 830;
	case DTYPE_F8_E4M3:
	case DTYPE_F8_E5M2:
		return 825;
	default:
		return 930;
	}
}

unsigned solo_cost_permille(const struct extent *x)
{
	const struct extent_finding *f = extent_finding(x);
	unsigned best = UINT32_MAX;

	for (unsigned i = 0; i < f->tried_count; i++) {
		const struct codec *codec = codec_by_id(f->tried[i].codec);
		if (codec && !codec->needs_base && f->tried[i].permille < best)
			best = f->tried[i].permille;
	}
	return best <= 1000 ? best : solo_cost_usual(x->dtype);
}

/* Rows that the base does not have cost what they cost alone: a vocabulary that grew. */
static unsigned with_bare_rows(const struct extent *x, const struct extent *base,
                               unsigned covered, unsigned solo)
{
	uint64_t rows = x->dim_count ? x->dims[0] : 0;
	uint64_t known = base->dim_count ? base->dims[0] : 0;

	if (known >= rows)
		return covered;
	double part = (double)known / (double)rows;
	return (unsigned)(part * covered + (1 - part) * solo);
}

unsigned delta_cost_permille(const struct extent *x, const struct extent *base,
                             unsigned solo)
{
	unsigned width = 8 * dtype_unit(x->dtype), bits;

	if (!tensor_sketch_comparable(x, base))
		return UINT32_MAX;
	struct sketch_gap gap = tensor_sketch_gap(x->dtype, &extent_finding(x)->sketch,
	                                          &extent_finding(base)->sketch);
	if (!gap.known || sketch_gap_class(x->dtype, &gap) == GAP_FAR)
		return UINT32_MAX;
	if (width == 8) {
		bits = on_line(bytes, sizeof(bytes) / sizeof(bytes[0]), gap.steps);
	} else {
		unsigned alone = solo * width / 10;
		bits = on_line(words, sizeof(words) / sizeof(words[0]), gap.steps);
		bits += alone > BF16_SOLO_BITS ? alone - BF16_SOLO_BITS : 0;
	}
	return with_bare_rows(x, base, bits * 10 / width, solo);
}
