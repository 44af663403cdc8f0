#include "index/base/extents_sketch.h"

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/model/extent.h"
#include "index/model/tensor_sketch.h"
#include "index/work/file_range.h"
#include "index/work/lanes.h"

struct sketching {
	int fd;
	struct extents *extents;
};

/* A tensor in its file. */
struct place {
	int fd;
	uint64_t offset; /* bytes */
};

static int read_place(void *ctx, uint64_t offset, void *dst, size_t n, struct err *err)
{
	const struct place *place = ctx;

	return file_range_read(place->fd, place->offset + offset, dst, n, err);
}

static int sketch_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	const struct sketching *s = ctx;
	struct extent *x = &s->extents->list[i];
	struct place place = { s->fd, x->offset };

	(void)lane;
	if (x->inlined || x->kind != EXTENT_TENSOR)
		return 0;
	return tensor_sketch_make(x, read_place, &place, &x->finding->sketch, err);
}

int extents_sketch(const struct transfer *t, int fd, struct extents *x, struct err *err)
{
	struct sketching s = { fd, x };
	struct lanes_work work = { .count = x->count, .task = sketch_one, .ctx = &s };

	return lanes_run(t->lanes, &work, err);
}
