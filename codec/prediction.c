#include "codec/prediction.h"

#include <string.h>

#include "codec/cast.h"
#include "codec/common/checked.h"
#include "codec/record.h"

bool prediction_is_plain(const struct record_base *base, enum dtype dtype)
{
	return base->dtype == dtype;
}

struct prediction_span prediction_span(const struct record_base *base, enum dtype dtype,
                                       uint64_t start, size_t n)
{
	uint64_t unit = dtype_unit(dtype), base_unit = dtype_unit(base->dtype);
	struct prediction_span span = { 0, n / unit * base_unit };
	uint64_t from;

	if (prediction_is_plain(base, dtype))
		span.size = n;
	if (checked_mul(start / unit, base_unit, &from) ||
	    checked_add(from, base->offset, &span.start))
		span.start = UINT64_MAX;
	return span;
}

void prediction_cast(const struct record_base *base, enum dtype dtype,
                     const uint8_t *span, uint8_t *out, size_t n)
{
	size_t unit = dtype_unit(dtype), count = n / unit;

	cast_values(base->dtype, dtype, span, count, out);
	memset(out + count * unit, 0, n - count * unit); /* a value cut short */
}
