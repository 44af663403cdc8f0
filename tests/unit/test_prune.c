/*
 * The owners' layer: what no ref reaches goes to trash, owns there, comes back when it is
 * reached again, and expires else; also with every call of the store failing in turn.
 */
#include "tests/unit/prune_world.h"
#include "tests/unit/store_faulty.h"

/* ---------------------------------------------------------------- what is done */

static void what_no_ref_reaches_goes_to_trash_and_others_are_left(void **state)
{
	struct world *w = *state;

	own(w, ours, "abc");
	own(w, theirs, "abc");
	prune(w, "b");
	assert_found(w, ours, "a0.1.0 b1.0.0 c0.1.0 ");
	assert_found(w, theirs, "a1.0.0 b1.0.0 c1.0.0 ");
	assert_int_equal(w->counts.of[GC_OWNERS][GC_MOVED].count, 2);
	prune(w, "b"); /* and again nothing */
	assert_found(w, ours, "a0.1.0 b1.0.0 c0.1.0 ");
	assert_int_equal(w->counts.of[GC_OWNERS][GC_MOVED].count, 0);
}

static void a_marker_expires_after_its_time_and_leaves_a_trace(void **state)
{
	struct world *w = *state;

	own(w, ours, "ab");
	own(w, theirs, "a");
	prune(w, "b");
	w->clock += EXPIRE;
	prune(w, "b"); /* whole seconds: one more is sure */
	assert_found(w, ours, "a0.1.0 b1.0.0 ");
	w->clock += 1;
	prune(w, "b");
	assert_found(w, ours, "a0.0.1 b1.0.0 ");
	assert_found(w, theirs, "a1.0.0 ");
	assert_int_equal(w->counts.of[GC_OWNERS][GC_DESTROYED].count, 1);
	assert_int_equal(w->counts.of[GC_TRACES][GC_MADE].count, 1);
	w->clock += 10 * EXPIRE;
	prune(w, "b");
	assert_found(w, ours, "a0.0.1 b1.0.0 ");
}

static void a_branch_that_returns_in_time_costs_nothing(void **state)
{
	struct world *w = *state;

	own(w, ours, "a");
	prune(w, "");
	assert_found(w, ours, "a0.1.0 ");
	w->clock += EXPIRE / 2;
	prune(w, "a");
	assert_found(w, ours, "a1.1.0 "); /* the entry stays */
	w->clock += GRACE;
	prune(w, "a");
	assert_found(w, ours, "a1.1.0 "); /* the live one is young */
	w->clock += GRACE;
	prune(w, "a");
	assert_found(w, ours, "a1.0.0 ");
}

static void the_last_prune_reads_the_refs_again(void **state)
{
	struct world *w = *state;

	own(w, ours, "a");
	prune(w, "");
	w->clock += 10 * EXPIRE;
	prune(w, "a");
	assert_found(w, ours, "a1.1.0 ");
}

static void time_in_trash_counts_from_the_last_time(void **state)
{
	struct world *w = *state;

	own(w, ours, "a");
	prune(w, "");
	w->clock += EXPIRE / 2;
	prune(w, "a");
	prune(w, "");
	assert_found(w, ours, "a0.2.0 ");
	w->clock += EXPIRE / 2 + 10; /* the first entry is older than that */
	prune(w, "");
	assert_found(w, ours, "a0.2.0 ");
	w->clock += EXPIRE / 2;
	prune(w, "");
	assert_found(w, ours, "a0.0.1 ");
}

static void nothing_expires_before_the_grace_period_and_a_step(void **state)
{
	struct world *w = *state;
	struct pruning p;

	own(w, ours, "a");
	prune(w, "");
	for (int64_t passed = 0; passed <= GRACE + GRACE / 24; passed++, w->clock++) {
		assert_int_equal(prune_starts(&p, w, w->store), 0);
		p.expire = 1;
		assert_int_equal(prune_looks(&p), 0);
		assert_int_equal(p.prune.of[PRUNE_WAITS], 1);
		assert_true(prune_time_left(&p.prune, &p.run, &p.prune.list[0]) > 0);
		prune_ends(&p);
	}
	assert_int_equal(prune_starts(&p, w, w->store), 0);
	p.expire = 1;
	assert_int_equal(prune_looks(&p), 0);
	assert_int_equal(p.prune.of[PRUNE_EXPIRES], 1);
	prune_ends(&p);
}

/* Cleared of its entry it would be lost to a collector that has seen it absent, and looks into
 * trash now (tests/models/prune.py, brought-back young-live). */
static void what_came_to_life_since_the_beginning_is_young(void **state)
{
	struct world *w = *state;
	struct pruning p;

	own(w, ours, "a");
	prune(w, "");
	w->clock += 2 * EXPIRE;
	assert_int_equal(prune_starts(&p, w, w->store), 0);
	prune_reads_refs(&p, "a");
	assert_int_equal(bring_back(w, "a"), 0);
	assert_int_equal(prune_looks(&p), 0);
	assert_int_equal(p.prune.of[PRUNE_CLEARED], 0);
	assert_int_equal(p.prune.of[PRUNE_WAITS], 1);
	prune_ends(&p);
	assert_found(w, ours, "a1.1.0 ");
}

static void what_expired_is_owned_again_while_it_is_there(void **state)
{
	struct world *w = *state;
	char key[KEY_MAX], trash[KEY_MAX];
	struct oid b = letter('b');

	own(w, ours, "abc");
	put_manifests(w, "ab");
	prune(w, "");
	w->clock += 2 * EXPIRE;
	prune(w, "");
	assert_found(w, ours, "a0.0.1 b0.0.1 c0.0.1 ");
	key_object(&b, key);
	assert_int_equal(store_set_aside(w->store, key, trash, NULL), 0);
	prune(w, "abc");
	assert_found(w, ours, "a1.0.1 b1.0.1 c0.0.1 ");
	assert_int_equal(w->counts.of[GC_OWNERS][GC_MADE].count, 2);
}

static void undelete_brings_back_and_does_nothing_else(void **state)
{
	struct world *w = *state;

	own(w, ours, "abc");
	put_manifests(w, "de");
	prune(w, "c");
	w->clock += 10 * EXPIRE; /* a prune would destroy both */
	assert_int_equal(bring_back(w, "ad"), 0);
	assert_found(w, ours, "a1.1.0 b0.1.0 c1.0.0 d1.0.0 ");
	assert_int_equal(w->counts.of[GC_OWNERS][GC_RESTORED].count, 1);
	assert_int_equal(w->counts.of[GC_OWNERS][GC_MADE].count, 1);
	assert_int_equal(w->counts.of[GC_OWNERS][GC_DESTROYED].count, 0);
}

static void a_dry_run_touches_nothing(void **state)
{
	struct world *w = *state;

	own(w, ours, "abc");
	prune(w, "bc");
	w->clock += 10 * EXPIRE;
	assert_int_equal(prune_on(w, w->store, "b", GC_DRY_RUN), 0);
	assert_found(w, ours, "a0.1.0 b1.0.0 c1.0.0 ");
	assert_int_equal(w->counts.of[GC_OWNERS][GC_MOVED].count, 1);
	assert_int_equal(w->counts.of[GC_OWNERS][GC_DESTROYED].count, 1);
	assert_int_equal(w->counts.of[GC_TRACES][GC_MADE].count, 1);
}

/* ---------------------------------------------------------------- faults */

/* Every fate at once: a moves, b expires, c returns, d is cleared, e is adopted. */
static void make_every_fate(struct world *w)
{
	own(w, ours, "bcde");
	put_manifests(w, "abcde");
	prune(w, "bcd"); /* e */
	w->clock += 2 * EXPIRE;
	prune(w, "bcd"); /* e is a trace */
	prune(w, "");    /* b, c, d */
	prune(w, "d");
	w->clock += 2 * EXPIRE;
	own(w, ours, "a");
	assert_found(w, ours, "a1.0.0 b0.1.0 c0.1.0 d1.1.0 e0.0.1 ");
}

/* What b gave up has a trace, or is still owned; all else is owned. */
static void assert_nothing_lost(struct store *s)
{
	struct found f = find(s, ours);

	for (int i = 0; i < LETTERS - 1; i++)
		assert_true(f.live[i] || f.entries[i] || (i == 1 && f.traces[i]));
}

static uint64_t fail_each_call(enum store_fault fault)
{
	const unsigned keep = FAULT_KEEP_INNER;
	uint64_t points = 0;
	bool hit = true;

	for (uint64_t nth = 1; hit; nth++) {
		struct store_fault_plan plan = { fault, nth };
		struct store *faulty;
		struct world w;
		world_open(&w);
		make_every_fate(&w);
		assert_int_equal(store_faulty_new(w.store, plan, keep, &faulty, NULL), 0);
		(void)prune_on(&w, faulty, "cde", 0);
		hit = store_faulty_calls(faulty) >= nth;
		store_close(faulty);
		assert_nothing_lost(w.store);
		prune(&w, "cde"); /* the same command again completes it */
		struct found f = find(w.store, ours);
		assert_true(!f.live[0] && f.entries[0] == 1);
		assert_true(!f.live[1] && !f.entries[1] && f.traces[1]);
		assert_true(f.live[2] && f.live[3] && f.live[4]);
		world_close(&w);
		points += hit;
	}
	return points;
}

static void every_call_may_fail(void **state)
{
	uint64_t points = 0;

	(void)state;
	points += fail_each_call(FAULT_FAIL);
	points += fail_each_call(FAULT_LOSE_REPLY);
	points += fail_each_call(FAULT_CRASH);
	print_message("%llu points of failure\n", (unsigned long long)points);
	assert_true(points > 30);
}

int main(void)
{
#define RULE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		RULE(what_no_ref_reaches_goes_to_trash_and_others_are_left),
		RULE(a_marker_expires_after_its_time_and_leaves_a_trace),
		RULE(a_branch_that_returns_in_time_costs_nothing),
		RULE(the_last_prune_reads_the_refs_again),
		RULE(time_in_trash_counts_from_the_last_time),
		RULE(nothing_expires_before_the_grace_period_and_a_step),
		RULE(what_came_to_life_since_the_beginning_is_young),
		RULE(what_expired_is_owned_again_while_it_is_there),
		RULE(undelete_brings_back_and_does_nothing_else),
		RULE(a_dry_run_touches_nothing),
		RULE(every_call_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
