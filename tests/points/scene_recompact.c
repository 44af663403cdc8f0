/* gc with recompaction on a family whose fine-tunes came before their base. */
#include "tests/points/points.h"

#include "index/gc/gc.h"
#include "index/recompact/mark_recompact.h"
#include "tests/unit/recompact_world.h"

enum { GRACE = 100, LONG = 2 * GRACE, TUNES = 2, SLACK_PERCENT = 6 };

static void make_files(void *world)
{
	struct world *w = world;

	w->count = 0;
	add_small_family(w, TUNES);
}

static void drop_files(void *world)
{
	struct world *w = world;

	for (size_t i = 0; i < w->count; i++)
		model_file_remove(&w->models[i]);
}

static void make(void *world, struct store *s)
{
	struct world w = *(struct world *)world;

	w.store = s;
	push_backwards(&w);
}

static void note_told(void *ctx, const struct err *err)
{
	*(struct err *)ctx = *err;
}

/* As the command does it, `ahead` seconds after the store was made. */
static int collect(struct store *s, int64_t ahead, struct err *err)
{
	struct mark_recompact recompacting = { .memory = NULL };
	const struct gc_request request = { .recompact = mark_recompact,
		                            .ctx = &recompacting };
	struct err failure = ERR_INIT;
	struct gc_summary summary;
	struct gc_run run;
	struct transfer t = transfer_to(s);

	t.effort = &effort_best;
	gc_run_begin(&run, &t);
	run.listener = (struct gc_listener){ .failed = note_told, .ctx = &failure };
	int rc = gc_ages_begin(&run.ages, s, GRACE, err);
	run.ages.now += ahead;
	if (!rc)
		rc = gc(&run, &request, &summary, err);
	if (!rc && failure.code) {
		*err = failure;
		rc = failure.code;
	}
	gc_run_wipe(&run);
	return rc;
}

static int act(void *world, struct store *s, struct told *told, struct err *err)
{
	(void)world, (void)told;
	return collect(s, LONG, err);
}

static void look(void *world, struct store *s, const struct told *told)
{
	struct world w = *(struct world *)world;

	(void)told;
	w.store = s;
	assert_all_come_back(&w);
	assert_nothing_hurts(s);
}

static int count_entry(void *ctx, const struct store_entry *entry)
{
	(void)entry;
	++*(size_t *)ctx;
	return 0;
}

/* What the command left in trash goes, and no more than the best way takes is left. */
static void settle(void *world, struct store *s)
{
	struct world w = *(struct world *)world;
	struct err err = ERR_INIT;
	size_t trash = 0;

	w.store = s;
	for (int i = 2; i < 5; i++)
		if (collect(s, i * LONG, &err))
			fail_msg("%s", err.text);
	assert_all_come_back(&w);
	uint64_t bytes = bytes_of_records(s), best = bytes_at_best(&w);
	if (bytes * 100 > best * (100 + SLACK_PERCENT))
		fail_msg("%llu bytes, not %llu", (unsigned long long)bytes,
		         (unsigned long long)best);
	assert_int_equal(store_list(s, "trash/", count_entry, &trash, NULL), 0);
	assert_int_equal(trash, 0);
}

const struct scene scene_recompact = {
	.name = "recompaction",
	.world_size = sizeof(struct world),
	.make_files = make_files,
	.drop_files = drop_files,
	.make = make,
	.act = act,
	.look = look,
	.settle = settle,
};
