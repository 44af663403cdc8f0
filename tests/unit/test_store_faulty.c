/* The store that misbehaves must misbehave exactly as planned. */
#include <pthread.h>

#include "tests/unit/store_fixture.h"

/* Puts a faulty store before the fixture's. */
static struct store *faulty_before(void **state, enum store_fault fault, uint64_t nth)
{
	const struct store_fault_plan plan = { fault, nth };
	struct store *s;

	assert_int_equal(
		store_faulty_new(store_of(state), plan, FAULT_KEEP_INNER, &s, NULL), 0);
	return s;
}

/* ---------------------------------------------------------------- one program */

/* One call of every verb, each counted: the nth returns `results[n - 1]`. */
enum { PUT, WRITE, COMMIT, GET, READ, LIST, REMOVE, PUT2, ABORT, CALLS };

static const char *const verbs[CALLS] = { "put",  "write",  "commit", "get",  "read",
	                                  "list", "remove", "put2",   "abort" };

static int nothing(void *ctx, const struct store_entry *entry)
{
	(void)ctx;
	(void)entry;
	return 0;
}

static void write_value(struct store *s, int results[CALLS], struct err *err)
{
	struct store_writer *w;

	results[PUT] = store_put(s, "a/new", 1, &w, err);
	if (results[PUT])
		return;
	results[WRITE] = store_write(w, "ail", 3, err);
	results[COMMIT] = store_commit(w, "t", err);
}

static void read_value(struct store *s, int results[CALLS], char text[8], struct err *err)
{
	struct store_reader *r;

	results[GET] = store_get(s, "a/old", 0, &r, err);
	if (results[GET])
		return;
	results[READ] = store_read(r, 0, text, 5, err);
	store_reader_close(r);
}

/* Those that could not be made stay 1. */
static void run_program(struct store *s, int results[CALLS], char text[8],
                        struct err *err)
{
	struct store_writer *w;

	for (int i = 0; i < CALLS; i++)
		results[i] = 1;
	memset(text, 0, 8);
	write_value(s, results, err);
	read_value(s, results, text, err);
	results[LIST] = store_list(s, "a/", nothing, NULL, err);
	results[REMOVE] = store_remove(s, "a/gone", err);
	results[PUT2] = store_put(s, "a/aborted", 0, &w, err);
	if (!results[PUT2])
		store_abort(w);
}

static void prepare(struct store *s)
{
	store_remove(s, "a/new", NULL);
	put(s, "a/old", "value");
	put(s, "a/gone", "value");
}

static void without_faults_every_call_is_counted(void **state)
{
	struct store *s = faulty_before(state, FAULT_NONE, 0);
	int results[CALLS];
	char text[8];

	prepare(store_of(state));
	run_program(s, results, text, NULL);
	for (int i = 0; i < ABORT; i++)
		assert_int_equal(results[i], 0);
	assert_string_equal(text, "value");
	assert_int_equal(store_faulty_calls(s), CALLS);
	assert_int_equal(store_faulty_peak(s), 1);
	assert_int_equal(s->inflight, store_of(state)->inflight);
	assert_string_equal(s->name, store_of(state)->name);
	store_close(s);
}

/* ---------------------------------------------------------------- what each fault does */

struct expectation {
	int code;         /* of the call that is hit */
	const char *keys; /* in the inner store afterwards */
	const char *text; /* read */
};

static void assert_program(void **state, enum store_fault fault, int nth,
                           const struct expectation *expect)
{
	struct store *inner = store_of(state);
	struct store *s = faulty_before(state, fault, (uint64_t)nth + 1);
	struct err err = ERR_INIT;
	int results[CALLS];
	char text[8];

	prepare(inner);
	run_program(s, results, text, &err);
	if (results[nth] != expect->code)
		fail_msg("fault %d at %s gave %d", (int)fault, verbs[nth], results[nth]);
	assert_int_equal(err.code, expect->code);
	assert_string_equal(text, expect->text);
	assert_listing(inner, "", expect->keys);
	store_close(s);
}

#define ALL "a/new a/old "

static void a_call_that_fails_has_not_happened(void **state)
{
	static const struct expectation cases[ABORT] = {
		[PUT] = { ERR_IO, "a/old ", "value" },
		[WRITE] = { ERR_IO, ALL, "value" }, /* the program commits all the same */
		[COMMIT] = { ERR_IO, "a/old ", "value" },
		[GET] = { ERR_IO, ALL, "" },
		[READ] = { ERR_IO, ALL, "" },
		[LIST] = { ERR_IO, ALL, "value" },
		[REMOVE] = { ERR_IO, "a/gone a/new a/old ", "value" },
		[PUT2] = { ERR_IO, ALL, "value" },
	};

	/* A call not made counts for nothing, so that numbers after it shift. */
	for (int i = 0; i < ABORT; i++)
		assert_program(state, FAULT_FAIL, i, &cases[i]);
}

static void a_call_that_loses_its_reply_has_happened(void **state)
{
	static const struct expectation cases[ABORT] = {
		[PUT] = { ERR_IO, "a/old ", "value" }, [WRITE] = { ERR_IO, ALL, "value" },
		[COMMIT] = { ERR_IO, ALL, "value" },   [GET] = { ERR_IO, ALL, "" },
		[READ] = { ERR_IO, ALL, "value" },     [LIST] = { ERR_IO, ALL, "value" },
		[REMOVE] = { ERR_IO, ALL, "value" },   [PUT2] = { ERR_IO, ALL, "value" },
	};

	for (int i = 0; i < ABORT; i++)
		assert_program(state, FAULT_LOSE_REPLY, i, &cases[i]);
}

static void a_short_read_is_damage(void **state)
{
	static const struct expectation read = { ERR_DAMAGED, ALL, "" };
	static const struct expectation commit = { ERR_IO, "a/old ", "value" };

	assert_program(state, FAULT_SHORT, READ, &read);
	assert_program(state, FAULT_SHORT, COMMIT, &commit);
}

static void a_flip_turns_one_bit_of_what_is_read(void **state)
{
	struct store *inner = store_of(state);
	struct store *s = faulty_before(state, FAULT_FLIP, READ + 1);
	int results[CALLS], bits = 0;
	char text[8];

	prepare(inner);
	run_program(s, results, text, NULL);
	for (int i = 0; i < ABORT; i++)
		assert_int_equal(results[i], 0);
	for (int i = 0; i < 5; i++)
		bits += __builtin_popcount((unsigned)(text[i] ^ "value"[i]));
	assert_int_equal(bits, 1);
	assert_value(inner, "a/old", "value");
	store_close(s);
}

static void after_a_crash_nothing_works(void **state)
{
	static const char *const keys[CALLS] = {
		[PUT] = "a/gone a/old ",
		[WRITE] = "a/gone a/old ",
		[COMMIT] = "a/gone a/old ",
		[GET] = "a/gone a/new a/old ",
		[READ] = "a/gone a/new a/old ",
		[LIST] = "a/gone a/new a/old ",
		[REMOVE] = "a/gone a/new a/old ",
		[PUT2] = ALL,
		[ABORT] = ALL,
	};

	for (int nth = 0; nth < CALLS; nth++) {
		struct store *s = faulty_before(state, FAULT_CRASH, (uint64_t)nth + 1);
		int results[CALLS];
		char text[8];
		prepare(store_of(state));
		run_program(s, results, text, NULL);
		for (int i = 0; i < ABORT; i++)
			assert_true(i < nth ? results[i] == 0 : results[i] != 0);
		assert_int_equal(store_list(s, "", nothing, NULL, NULL), ERR_IO);
		assert_listing(store_of(state), "", keys[nth]);
		store_close(s);
	}
}

static void flags_that_are_unknown_are_refused(void **state)
{
	const struct store_fault_plan none = { FAULT_NONE, 0 };
	struct store *s = NULL;

	assert_int_equal(store_faulty_new(store_of(state), none, 6, &s, NULL), ERR_INPUT);
	assert_null(s);
}

/* ---------------------------------------------------------------- many at once */

enum { THREADS = 4 };

/* Meets the others inside the store: a listing's callback waits for all. */
static int meet(void *ctx, const struct store_entry *entry)
{
	(void)entry;
	pthread_barrier_wait(ctx);
	return 1;
}

struct visitor {
	struct store *store;
	pthread_barrier_t *all;
	int rc;
};

static void *visit(void *ctx)
{
	struct visitor *v = ctx;

	v->rc = store_list(v->store, "", meet, v->all, NULL);
	return NULL;
}

static void the_peak_counts_calls_that_are_inside_at_once(void **state)
{
	struct store *s = faulty_before(state, FAULT_NONE, 0);
	struct visitor visitors[THREADS];
	pthread_t threads[THREADS];
	pthread_barrier_t all;

	put(s, "a/x", "x");
	assert_int_equal(store_faulty_peak(s), 1);
	store_faulty_delay(s, 1);
	pthread_barrier_init(&all, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		visitors[i] = (struct visitor){ s, &all, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]),
		                 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&all);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(visitors[i].rc, 1);
	assert_int_equal(store_faulty_peak(s), THREADS);
	assert_int_equal(store_faulty_calls(s), 3 + THREADS);
	store_close(s);
}

static const struct rule rules[] = {
	RULE(without_faults_every_call_is_counted),
	RULE(a_call_that_fails_has_not_happened),
	RULE(a_call_that_loses_its_reply_has_happened),
	RULE(a_short_read_is_damage),
	RULE(a_flip_turns_one_bit_of_what_is_read),
	RULE(after_a_crash_nothing_works),
	RULE(flags_that_are_unknown_are_refused),
	RULE(the_peak_counts_calls_that_are_inside_at_once),
};

int main(void)
{
	return run_rules_on_all(rules, ARRAY_SIZE(rules));
}
