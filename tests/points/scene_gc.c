/* gc on a store in which each of its steps has something to do. */
#include "tests/points/points.h"
#include "tests/unit/gc_busy.h"

static void make(void *world, struct store *s)
{
	struct gc_store w;

	(void)world;
	gc_store_over(&w, s);
	make_busy(&w);
	transfer_return(&w.transfer);
}

/* The world as it is `times` long times after it was made. */
static void open_later(struct gc_store *w, struct store *s, int times)
{
	gc_store_over(w, s);
	w->folder = true; /* or a bucket: a store whose clock is its own */
	w->ahead = (int64_t)times * GC_TEST_LONG;
}

static uint64_t failures(const struct gc_store *w)
{
	uint64_t n = 0;

	for (int i = 0; i < GC_THINGS; i++)
		n += w->counts.of[i][GC_FAILED].count;
	return n;
}

static int act(void *world, struct store *s, struct told *told, struct err *err)
{
	struct gc_store w;

	(void)world, (void)told;
	open_later(&w, s, 1);
	int rc = try_collect(&w, 0, err);
	if (!rc && failures(&w)) {
		*err = w.told;
		rc = w.told.code;
	}
	transfer_return(&w.transfer);
	return rc;
}

static void look(void *world, struct store *s, const struct told *told)
{
	struct gc_store w;

	(void)world, (void)told;
	open_later(&w, s, 1);
	assert_all_there(&w, "at point", 0);
	transfer_return(&w.transfer);
	assert_nothing_hurts(s);
}

static void settle(void *world, struct store *s)
{
	struct gc_store w;

	(void)world;
	open_later(&w, s, 1);
	for (int i = 0; i < GC_LATER_RUNS - 1; i++) {
		wait_long(&w);
		collect(&w);
	}
	assert_all_there(&w, "in the end", 0);
	assert_all_clean(&w, 0);
	transfer_return(&w.transfer);
}

const struct scene scene_gc = {
	.name = "gc",
	.make = make,
	.act = act,
	.look = look,
	.settle = settle,
};
