/* A run of gc as a whole: its clocks, a dry run, parts, a budget, and recompaction. */
#include "index/blob/transfer.h"
#include "tests/unit/gc_store.h"
#include "tests/unit/watched.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, gc_begin, gc_end)

static void the_age_counts_from_the_mark_s_begin(void **state)
{
	struct gc_store *w = *state;
	const struct gc_request request = { .recompact = NULL };
	struct gc_run run;
	struct err err = ERR_INIT;

	push_solo(w, "b");
	solo(w, "a");
	move_record(w, "a");
	gc_run_begin(&run, &w->transfer);
	assert_int_equal(gc_ages_begin(&run.ages, w->store, GC_TEST_GRACE, &err), 0);
	wait_long(w);
	assert_int_equal(gc(&run, &request, &w->summary, &err), 0);
	assert_true(has_record_entry(w, "a"));
	gc_run_wipe(&run);
}

static void a_mark_that_took_longer_than_the_grace_period_destroys_nothing(void **state)
{
	struct gc_store *w = *state;
	const struct gc_request request = { .recompact = NULL };
	struct gc_run run;
	struct err err = ERR_INIT;

	push_solo(w, "b");
	solo(w, "a");
	move_record(w, "a");
	wait_long(w);
	gc_run_begin(&run, &w->transfer);
	assert_int_equal(gc_ages_begin(&run.ages, w->store, GC_TEST_GRACE, &err), 0);
	run.ages.begun -= GC_TEST_GRACE * 1000;
	assert_int_equal(gc(&run, &request, &w->summary, &err), 0);
	assert_true(w->summary.late);
	assert_true(has_record_entry(w, "a"));
	gc_run_wipe(&run);
}

static void a_dry_run_touches_nothing_and_says_the_same(void **state)
{
	struct gc_store *w = *state;

	push_solo(w, "a");
	solo(w, "bc");
	move_record(w, "c");
	wait_long(w);
	struct gc_sum before = sum_of(w, "");
	collect_as(w, GC_DRY_RUN);
	struct gc_sum after = sum_of(w, "");
	assert_int_equal(before.count, after.count);
	uint64_t moved = counted(w, GC_RECORDS, GC_MOVED);
	uint64_t destroyed = counted(w, GC_RECORDS, GC_DESTROYED);
	assert_true(has_record(w, "b") && has_record_entry(w, "c"));
	collect(w);
	assert_int_equal(moved, counted(w, GC_RECORDS, GC_MOVED));
	assert_int_equal(destroyed, counted(w, GC_RECORDS, GC_DESTROYED));
	assert_int_equal(moved + destroyed, 2);
}

static void parts_together_do_what_one_run_does(void **state)
{
	struct gc_store *w = *state;
	const struct gc_request request = { .recompact = NULL };
	struct err err = ERR_INIT;

	push_solo(w, "a");
	solo(w, "bcdefgh");
	wait_long(w);
	uint64_t moved = 0, kept = 0;
	for (uint32_t i = 0; i < 3; i++) {
		struct gc_run run;
		gc_run_begin(&run, &w->transfer);
		run.part = (struct work_part){ i, 3 };
		assert_int_equal(gc_ages_begin(&run.ages, w->store, GC_TEST_GRACE, &err),
		                 0);
		assert_int_equal(gc(&run, &request, &w->summary, &err), 0);
		moved += run.counts.of[GC_RECORDS][GC_MOVED].count;
		kept += run.counts.of[GC_RECORDS][GC_KEPT].count;
		gc_run_wipe(&run);
	}
	assert_int_equal(moved, 7);
	assert_int_equal(kept, 1);
	assert_int_equal(sum_of(w, "blobs/").count, 1);
}

static bool only_two(void *ctx)
{
	return ++*(int *)ctx <= 2;
}

static void a_budget_that_is_spent_ends_a_run_and_the_next_goes_on(void **state)
{
	struct gc_store *w = *state;
	const struct gc_request request = { .recompact = NULL };
	struct err err = ERR_INIT;
	struct gc_run run;
	int asked = 0;

	push_solo(w, "a");
	solo(w, "bcdef");
	wait_long(w);
	w->transfer.lanes = 1;
	gc_run_begin(&run, &w->transfer);
	run.listener = (struct gc_listener){ .may_go_on = only_two, .ctx = &asked };
	assert_int_equal(gc_ages_begin(&run.ages, w->store, GC_TEST_GRACE, &err), 0);
	assert_int_equal(gc(&run, &request, &w->summary, &err), 0);
	assert_int_equal(run.counts.of[GC_RECORDS][GC_MOVED].count, 2);
	assert_int_equal(run.counts.of[GC_RECORDS][GC_LEFT].count, 3);
	gc_run_wipe(&run);
	collect(w);
	assert_int_equal(counted(w, GC_RECORDS, GC_MOVED), 3);
}

static int note_mark(struct gc_run *run, const struct gc_mark *mark, void *ctx,
                     struct err *err)
{
	(void)run;
	(void)err;
	assert_true(gc_mark_is_whole(mark));
	++*(int *)ctx;
	return 0;
}

static void only_a_mark_that_misses_nothing_recompacts(void **state)
{
	struct gc_store *w = *state;
	int calls = 0;
	const struct gc_request request = { note_mark, &calls };
	struct err err = ERR_INIT;

	push_solo(w, "a");
	move_record(w, "a");
	for (int i = 0; i < 2; i++) {
		struct gc_run run;
		gc_run_begin(&run, &w->transfer);
		assert_int_equal(gc_ages_begin(&run.ages, w->store, GC_TEST_GRACE, &err),
		                 0);
		assert_int_equal(gc(&run, &request, &w->summary, &err), 0);
		gc_run_wipe(&run);
		assert_int_equal(calls, i);
	}
}

static void what_is_to_come_is_said_and_comes(void **state)
{
	struct gc_store *w = *state;
	const struct gc_request request = { .recompact = NULL };
	struct watched watched;
	const struct work_watch watch = watched_watch(&watched);
	struct gc_run run;

	push_solo(w, "ab");
	solo(w, "cd");
	wait_long(w);
	uint64_t manifests = sum_of(w, "objects/").bytes;
	gc_run_begin(&run, &w->transfer);
	run.watch = &watch;
	assert_int_equal(gc_ages_begin(&run.ages, w->store, GC_TEST_GRACE, NULL), 0);
	assert_int_equal(gc(&run, &request, &w->summary, NULL), 0);
	assert_watched(&watched, "reading manifests", manifests);
	assert_watched(&watched, "moving what nothing needs", 2);
	assert_int_equal(run.counts.of[GC_RECORDS][GC_MOVED].count, 2);
	gc_run_wipe(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_age_counts_from_the_mark_s_begin),
		TEST(a_mark_that_took_longer_than_the_grace_period_destroys_nothing),
		TEST(a_dry_run_touches_nothing_and_says_the_same),
		TEST(parts_together_do_what_one_run_does),
		TEST(a_budget_that_is_spent_ends_a_run_and_the_next_goes_on),
		TEST(only_a_mark_that_misses_nothing_recompacts),
		TEST(what_is_to_come_is_said_and_comes),
	};

	return cmocka_run_group_tests_name("gc: a run", tests, NULL, NULL);
}
