/* Trying a store's verbs: what works, what fails, and nothing left behind. */
#include "index/store/store_probe.h"

#include "tests/unit/store_fixture.h"

static const char nonce[] = "0123456789abcdef0123456789abcdef";

static int remember_time(void *ctx, const struct store_entry *entry)
{
	*(int64_t *)ctx = entry->mtime;
	return 0;
}

/* What time it is in the store. */
static int64_t store_time(struct store *s)
{
	int64_t now = 0;

	put(s, "blobs/now", "x");
	assert_int_equal(store_list(s, "blobs/now", remember_time, &now, NULL), 0);
	return now;
}

static void every_verb_works_and_nothing_is_left(void **state)
{
	struct store *s = store_of(state);
	struct store_probe probe;

	put(s, KEY_STORE_FILE, "{}");
	store_probe(s, nonce, store_time(s), &probe);
	for (int v = 0; v < VERB_COUNT; v++)
		assert_int_equal(probe.verbs[v].code, 0);
	assert_true(probe.clock_known);
	assert_in_range(probe.clock_ahead + 5, 0, 10);
	assert_listing(s, "probe/", "");
}

static void an_old_probe_is_removed_and_a_fresh_one_is_not(void **state)
{
	struct store *s = store_of(state);
	struct store_probe probe;
	int64_t now = store_time(s);

	put(s, "probe/ffffffffffffffffffffffffffffffff", "x");
	store_probe(s, nonce, now, &probe);
	assert_listing(s, "probe/", "probe/ffffffffffffffffffffffffffffffff ");
	store_probe(s, nonce, now + 7200, &probe);
	assert_listing(s, "probe/", "");
	assert_in_range(probe.clock_ahead + 7205, 0, 10);
}

/* Each call that fails shows at some verb; the others are tried all the same. */
static void a_verb_that_fails_is_told_apart(void **state)
{
	bool seen[VERB_COUNT] = { false };

	(void)state;
	for (uint64_t nth = 1; nth < 12; nth++) {
		struct store_fault_plan plan = { FAULT_FAIL, nth };
		struct store *inner = make_memory(NULL), *s;
		struct store_probe probe;
		unsigned failed = 0;

		put(inner, KEY_STORE_FILE, "{}");
		assert_int_equal(store_faulty_new(inner, plan, 0, &s, NULL), 0);
		store_probe(s, nonce, 0, &probe);
		for (int v = 0; v < VERB_COUNT; v++) {
			failed += probe.verbs[v].code != 0;
			seen[v] |= probe.verbs[v].code == ERR_IO;
		}
		assert_true(nth > store_faulty_calls(s) || failed >= 1);
		store_close(s);
	}
	for (int v = 0; v < VERB_COUNT; v++)
		assert_true(seen[v]);
}

/* What was not put cannot show that it may be removed. */
static void removing_is_not_concluded_from_a_put_that_failed(void **state)
{
	static const enum store_fault faults[] = { FAULT_FAIL, FAULT_LOSE_REPLY };
	unsigned not_tried = 0;

	(void)state;
	for (uint64_t nth = 1; nth < 24; nth++) {
		struct store_fault_plan plan = { faults[nth % 2], (nth + 1) / 2 };
		struct store *inner = make_memory(NULL), *s;
		struct store_probe probe;

		put(inner, KEY_STORE_FILE, "{}");
		assert_int_equal(store_faulty_new(inner, plan, 0, &s, NULL), 0);
		store_probe(s, nonce, 0, &probe);
		assert_int_equal(probe.removed_none, probe.verbs[VERB_PUT].code != 0);
		if (probe.removed_none) {
			not_tried++;
			assert_int_equal(probe.verbs[VERB_REMOVE].code, 0);
			assert_listing(s, "probe/", "");
		}
		store_close(s);
	}
	assert_true(not_tried >= 2);
}

int main(void)
{
	static const struct rule rules[] = {
		RULE(every_verb_works_and_nothing_is_left),
		RULE(an_old_probe_is_removed_and_a_fresh_one_is_not),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_verb_that_fails_is_told_apart),
		cmocka_unit_test(removing_is_not_concluded_from_a_put_that_failed),
	};

	return run_rules_on_all(rules, ARRAY_SIZE(rules)) +
	       cmocka_run_group_tests(tests, NULL, NULL);
}
