#include "index/base/kin_key.h"

#include "codec/cast.h"
#include "codec/common/le.h"
#include "codec/common/xxh128.h"
#include "index/model/extent.h"
#include "index/model/tensor_sketch.h"

enum {
	DIFFERENT = 12, /* values of a sketch that tells, of SKETCH_VALUES */
	KIN_KEY_BITS = 48
};

uint64_t kin_key(const struct extent *x)
{
	bool is_cast = cast_exists(x->dtype, DTYPE_F32) || x->dtype == DTYPE_F32;
	uint8_t text[2 + 8 * (TENSOR_DIMS_MAX + 1)];
	size_t n = 0;

	text[n++] = (uint8_t)(is_cast ? DTYPE_F32 : x->dtype);
	text[n++] = (uint8_t)x->dim_count;
	le64_store(text + n, tensor_sketch_span(x));
	n += 8;
	for (unsigned i = 1; i < x->dim_count; i++, n += 8)
		le64_store(text + n, x->dims[i]);
	return le64_load(xxh128_of(text, n).bytes) >> (64 - KIN_KEY_BITS);
}

bool kin_key_fits(uint64_t key)
{
	return key >> KIN_KEY_BITS == 0;
}

static unsigned value_at(const struct tensor_sketch *s, size_t i)
{
	return (unsigned)s->values[2 * i] << 8 | s->values[2 * i + 1];
}

static unsigned different_values(const struct tensor_sketch *s)
{
	unsigned different = 0;

	for (size_t i = 0; i < SKETCH_VALUES; i++) {
		size_t before = 0;
		while (before < i && value_at(s, before) != value_at(s, i))
			before++;
		different += before == i;
	}
	return different;
}

bool kin_is_telling(const struct extent *x)
{
	const struct tensor_sketch *sketch = &extent_finding(x)->sketch;

	return x->kind == EXTENT_TENSOR && !x->inlined && sketch->known &&
	       different_values(sketch) >= DIFFERENT;
}

uint32_t kin_signs(const struct extent *x)
{
	const struct tensor_sketch *sketch = &extent_finding(x)->sketch;
	unsigned shift = dtype_unit(x->dtype) == 1 ? 7 : 15;
	uint32_t signs = 0;

	for (size_t i = 0; i < SKETCH_VALUES; i++)
		signs |= (uint32_t)(value_at(sketch, i) >> shift & 1) << i;
	return signs;
}
