/* Every single call of a run of gc fails in turn, in each way: what was acknowledged is
 * there, bit for bit, and later runs end where they would have ended. */
#include "tests/unit/gc_busy.h"
#include "tests/unit/store_faulty.h"

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
	for (int i = 0; i < GC_LATER_RUNS; i++) {
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
