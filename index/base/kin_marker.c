#include "index/base/kin_marker.h"

#include <stdlib.h>

#include "codec/common/err.h"
#include "codec/common/le.h"
#include "codec/common/xxh128.h"
#include "index/base/base_marker.h"
#include "index/base/kin_key.h"
#include "index/model/extent.h"

uint64_t kin_marker_rank(const struct extent *x)
{
	uint64_t values = x->size / dtype_unit(x->dtype);
	uint8_t text[9];

	le64_store(text, kin_key(x));
	text[8] = extent_finding(x)->sketch.band;
	uint64_t luck = le64_load(xxh128_of(text, sizeof(text)).bytes) >> 32;
	return luck * MARKER_VALUES / (values ? values : 1);
}

void kin_marker_make(const struct extent *x, const struct oid *object,
                     struct key_marker *out)
{
	base_marker_make(x, object, out);
	out->name = kin_key(x);
}

static int by_rank(const void *a, const void *b)
{
	const struct extent *x = *(const struct extent *const *)a;
	const struct extent *y = *(const struct extent *const *)b;
	uint64_t rx = kin_marker_rank(x), ry = kin_marker_rank(y);

	if (rx != ry)
		return rx < ry ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

size_t kin_markers_sort(const struct extent **solos, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (kin_is_telling(solos[i]))
			solos[kept++] = solos[i];
	if (kept)
		qsort(solos, kept, sizeof(const struct extent *), by_rank);
	return kept;
}

int kin_markers_put(const struct transfer *t, const struct oid *object,
                    const struct extent *const *chosen, size_t count, struct err *err)
{
	struct key_marker *list = calloc(count + 1, sizeof(*list));

	if (!list)
		return err_nomem(err, "markers");
	for (size_t i = 0; i < count; i++)
		kin_marker_make(chosen[i], object, &list[i]);
	int rc = key_markers_put(t, list, count, err);
	free(list);
	return rc;
}
