/* Each store call of a recompaction fails in turn, in four ways: nothing is lost, and the
 * next run completes. */
#include "tests/unit/recompact_world.h"

#include "tests/unit/store_faulty.h"

static void copy_key(struct store *from, struct store *to, const char *key)
{
	struct buf bytes = BUF_INIT;

	assert_int_equal(store_get_all(from, key, 1 << 24, &bytes, NULL), 0);
	assert_int_equal(store_put_all(to, key, bytes.data, bytes.size, NULL), 0);
	buf_wipe(&bytes);
}

struct copying {
	struct store *from, *to;
};

static int copy_entry(void *ctx, const struct store_entry *entry)
{
	const struct copying *c = ctx;

	copy_key(c->from, c->to, entry->key);
	return 0;
}

static struct store *copy_of(struct store *s)
{
	struct copying c = { s, NULL };

	assert_int_equal(store_memory_new(&c.to, NULL), 0);
	assert_int_equal(store_list(s, "", copy_entry, &c, NULL), 0);
	return c.to;
}

/* One call of a run fails, or it and all that follow: nothing is lost, and another run
 * completes. False when the run has no call of that number. */
static bool survives(struct store *begun, const struct world *w,
                     struct store_fault_plan plan, uint64_t best)
{
	struct world copy = *w;
	struct store *faulty;
	struct patience p = { .steps = -1 }, again = { .steps = -1, .loud = true };
	struct recompact_result r;

	copy.store = copy_of(begun);
	assert_int_equal(
		store_faulty_new(copy.store, plan, FAULT_KEEP_INNER, &faulty, NULL), 0);
	recompact_with(faulty, &p, &r);
	bool hit = store_faulty_calls(faulty) >= plan.nth;
	store_close(faulty);
	assert_all_come_back(&copy);
	assert_int_equal(recompact_with(copy.store, &again, &r), 0);
	assert_all_come_back(&copy);
	if (bytes_of_records(copy.store) * 100 > best * 106)
		fail_msg("fault %u at call %llu: %llu bytes, not %llu", plan.fault,
		         (unsigned long long)plan.nth,
		         (unsigned long long)bytes_of_records(copy.store),
		         (unsigned long long)best);
	store_close(copy.store);
	return hit;
}

static unsigned fail_everywhere(const struct world *w, uint64_t best)
{
	static const enum store_fault faults[] = { FAULT_FAIL, FAULT_LOSE_REPLY,
		                                   FAULT_CRASH, FAULT_FLIP };
	unsigned points = 0;

	for (size_t k = 0; k < sizeof(faults) / sizeof(faults[0]); k++)
		for (uint64_t nth = 1;; nth++, points++)
			if (!survives(w->store, w,
			              (struct store_fault_plan){ faults[k], nth }, best))
				break;
	return points;
}

/* New keys: fine-tunes came first. */
static void each_call_of_a_run_may_fail(void **state)
{
	struct world w;

	(void)state;
	begin_world(&w);
	add_small_family(&w, 2);
	push_backwards(&w);
	unsigned points = fail_everywhere(&w, bytes_at_best(&w));
	print_message("%u points\n", points);
	assert_true(points > 100);
	end_world(&w);
}

/* Keys that stay: records of one codec become those of another. */
static void each_call_of_an_exchange_may_fail(void **state)
{
	struct world w;

	(void)state;
	begin_world(&w);
	add_small_family(&w, 1);
	for (size_t i = 0; i < w.count; i++)
		push_with(w.store, &w.models[i], i ? &w.models[0] : NULL,
		          codec_by_id(CODEC_BITX));
	unsigned points = fail_everywhere(&w, bytes_at_best(&w));
	print_message("%u points\n", points);
	assert_true(points > 100);
	end_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_of_a_run_may_fail),
		cmocka_unit_test(each_call_of_an_exchange_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
