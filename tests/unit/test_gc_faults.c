/* Every single call of a run of gc fails in turn, in each way: what was acknowledged is
 * there, bit for bit, and later runs end where they would have ended. */
#include "tests/unit/gc_store.h"
#include "tests/unit/store_faulty.h"

enum { LATER_RUNS = 5 };

/* Something for each step of a run to do: a needed delta whose base is in trash, a missed
 * blob, an object that was given up, one that somebody owns again, entries that are aged
 * and needless, needed ones that a live record replaces, records that nothing needs, an
 * owner of nothing, a marker that leads nowhere. */
static void make_busy(struct gc_store *w)
{
	char key[KEY_MAX];

	solo(w, "a");
	push_delta(w, "b", "a");
	move_record(w, "a");
	push_solo(w, "c");
	move_record(w, "c");
	push_solo(w, "d");
	give_up(w, "d");
	push_solo(w, "e");
	give_up(w, "e");
	owner(w, "e", theirs);
	object_key(w, "e", key);
	move(w, key);
	solo(w, "f");
	move_record(w, "f");
	push_solo(w, "g");
	move_record(w, "g");
	solo(w, "g");
	solo(w, "h");
	owner(w, "h", ours);
	struct key_marker marker = { .name = 1, .id = *blob(w, 'h') };
	key_marker(&marker, key);
	assert_int_equal(store_put_all(w->store, key, "", 0, NULL), 0);
	wait_long(w);
}

static const char *const acknowledged[] = { "b", "c", "e", "g" };

static void assert_all_there(struct gc_store *w, const char *when, uint64_t nth)
{
	for (size_t i = 0; i < sizeof(acknowledged) / sizeof(acknowledged[0]); i++)
		if (!reads(w, acknowledged[i]))
			fail_msg("%s is lost %s %llu", acknowledged[i], when,
			         (unsigned long long)nth);
}

/* a, c, e, g solo; b; nothing in trash but the traces that owners of others leave. */
static void assert_all_clean(struct gc_store *w, uint64_t nth)
{
	size_t records = sum_of(w, "blobs/").count, trash = sum_of(w, "trash/").count;

	if (records != 5 || trash != 1 || sum_of(w, "objects/").count != 4 ||
	    sum_of(w, "owners/").count != 4 || sum_of(w, "probe/").count != 0)
		fail_msg("after call %llu: %zu records, %zu in trash, %zu owners",
		         (unsigned long long)nth, records, trash,
		         (size_t)sum_of(w, "owners/").count);
	assert_int_equal(w->counts.of[GC_RECORDS][GC_KEPT].bytes,
	                 sum_of(w, "blobs/").bytes);
}

/* False when there is no such call any more. */
static bool fail_call(enum store_fault fault, uint64_t nth)
{
	const struct store_fault_plan plan = { fault, nth };
	struct err err = ERR_INIT;
	struct store *faulty;
	struct gc_store w;

	gc_store_open(&w);
	w.transfer.lanes = 1; /* the calls of each run are in one order */
	make_busy(&w);
	assert_int_equal(store_faulty_new(w.store, plan, FAULT_KEEP_INNER, &faulty, &err),
	                 0);
	w.transfer.store = faulty;
	int rc = try_collect(&w, 0, &err);
	bool hit = store_faulty_calls(faulty) >= nth;
	w.transfer.store = w.store;
	store_close(faulty);
	if (rc && !err.text[0])
		fail_msg("call %llu failed without a word", (unsigned long long)nth);
	assert_all_there(&w, "after call", nth);
	for (int i = 0; i < LATER_RUNS; i++) {
		wait_long(&w);
		collect(&w);
	}
	assert_all_there(&w, "long after call", nth);
	assert_all_clean(&w, nth);
	gc_store_close(&w);
	return hit;
}

static void fail_every_call(enum store_fault fault, const char *what)
{
	uint64_t nth = 1;

	while (fail_call(fault, nth))
		nth++;
	print_message("%llu calls of a gc, each %s in turn\n",
	              (unsigned long long)nth - 1, what);
	assert_true(nth > 100);
}

static void a_call_that_fails_loses_nothing(void **state)
{
	(void)state;
	fail_every_call(FAULT_FAIL, "failing");
}

static void a_reply_that_is_lost_loses_nothing(void **state)
{
	(void)state;
	fail_every_call(FAULT_LOSE_REPLY, "made and its reply lost");
}

static void a_gc_that_dies_at_any_call_loses_nothing(void **state)
{
	(void)state;
	fail_every_call(FAULT_CRASH, "the last one");
}

static void a_read_that_is_damaged_loses_nothing(void **state)
{
	(void)state;
	fail_every_call(FAULT_SHORT, "short");
	fail_every_call(FAULT_FLIP, "with a turned bit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_that_fails_loses_nothing),
		cmocka_unit_test(a_reply_that_is_lost_loses_nothing),
		cmocka_unit_test(a_gc_that_dies_at_any_call_loses_nothing),
		cmocka_unit_test(a_read_that_is_damaged_loses_nothing),
	};

	return cmocka_run_group_tests_name("gc: faults", tests, NULL, NULL);
}
