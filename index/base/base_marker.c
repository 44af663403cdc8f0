#include "index/base/base_marker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/model/extent.h"
#include "index/model/tensor_name.h"
#include "index/store/store.h"
#include "index/work/lanes.h"

/* A tensor of MARKER_VALUES or more ranks below this, whatever its name. */
static const uint64_t rank_always = (uint64_t)1 << 32;

bool base_marker_fits(const struct extent *x)
{
	return x->kind == EXTENT_TENSOR && !x->inlined && x->name && *x->name &&
	       extent_finding(x)->sketch.known;
}

uint64_t base_marker_rank(const struct extent *x)
{
	uint64_t values = x->size / dtype_unit(x->dtype);
	uint64_t luck = tensor_name_key(x) >> 32;

	return luck * MARKER_VALUES / (values ? values : 1);
}

void base_marker_make(const struct extent *x, const struct oid *object,
                      struct key_marker *out)
{
	_Static_assert((int)KEY_SKETCH == (int)SKETCH_BYTES, "a sketch fits its key");
	const struct tensor_sketch *sketch = &extent_finding(x)->sketch;

	*out = (struct key_marker){ .name = tensor_name_key(x),
		                    .band = sketch->band,
		                    .id = x->id,
		                    .object = *object };
	memcpy(out->sketch, sketch->values, SKETCH_BYTES);
}

/* ---------------------------------------------------------------- writing */

static int by_rank(const void *a, const void *b)
{
	const struct extent *x = *(const struct extent *const *)a;
	const struct extent *y = *(const struct extent *const *)b;
	uint64_t rx = base_marker_rank(x), ry = base_marker_rank(y);

	if (rx != ry)
		return rx < ry ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

struct putting {
	const struct transfer *transfer;
	const struct key_marker *list;
	atomic_int written;
};

static int put_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct putting *p = ctx;
	struct err ignored = ERR_INIT;
	char key[KEY_MAX];

	(void)lane;
	(void)err;
	key_marker(&p->list[i], key);
	if (!store_put_hint(p->transfer->store, key, &ignored))
		atomic_fetch_add(&p->written, 1);
	return 0;
}

size_t base_markers_choose(const struct extent **solos, size_t count)
{
	size_t chosen = 0;

	for (size_t i = 0; i < count; i++)
		if (base_marker_fits(solos[i]))
			solos[chosen++] = solos[i];
	if (chosen)
		qsort(solos, chosen, sizeof(const struct extent *), by_rank);
	while (chosen > MARKERS_ALWAYS &&
	       base_marker_rank(solos[chosen - 1]) >= rank_always)
		chosen--;
	return chosen;
}

int key_markers_put(const struct transfer *t, const struct key_marker *list, size_t count,
                    struct err *err)
{
	struct putting p = { .transfer = t, .list = list };
	struct lanes_work work = { .count = count, .task = put_one, .ctx = &p };
	int rc = key_marker_fits(t->store->name_max) ? lanes_run(t->lanes, &work, err)
	                                             : 0;

	return rc ? rc : atomic_load(&p.written);
}

int base_markers_put(const struct transfer *t, const struct oid *object,
                     const struct extent *const *chosen, size_t count, struct err *err)
{
	struct key_marker *list = calloc(count + 1, sizeof(*list));

	if (!list)
		return err_nomem(err, "markers");
	for (size_t i = 0; i < count; i++)
		base_marker_make(chosen[i], object, &list[i]);
	int rc = key_markers_put(t, list, count, err);
	free(list);
	return rc;
}
