/* The pool: every job once, whatever the width and however many call. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "codec/common/pool.h"

enum { JOBS = 1000, CALLERS = 4, ROUNDS = 20 };

static void count_job(void *ctx, size_t i)
{
	unsigned char *done = ctx;

	done[i]++; /* each index has its own byte: no two jobs share one */
}

static struct pool *pool_of(unsigned threads)
{
	struct pool *p = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(pool_new(threads, &p, &err), 0);
	return p;
}

static void every_job_runs_once_at_any_width(void **state)
{
	static const unsigned widths[] = { 0, 1, 2, 3, 8 };
	static const size_t counts[] = { 0, 1, 2, 7, JOBS };
	(void)state;

	for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
		struct pool *p = pool_of(widths[w]);
		assert_true(pool_width(p) >= 1);
		for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
			unsigned char done[JOBS + 1] = { 0 };
			pool_run(p, counts[c], count_job, done);
			for (size_t i = 0; i <= JOBS; i++)
				assert_int_equal(done[i], i < counts[c]);
		}
		pool_free(p);
	}
}

struct order {
	size_t next;
	int broken;
};

static void order_job(void *ctx, size_t i)
{
	struct order *o = ctx;

	o->broken |= i != o->next++;
}

static void one_thread_runs_jobs_in_order(void **state)
{
	struct order o = { 0, 0 };
	(void)state;

	struct pool *p = pool_of(1);
	assert_int_equal(pool_width(p), 1);
	pool_run(p, JOBS, order_job, &o);
	assert_int_equal(o.next, JOBS);
	assert_false(o.broken);
	pool_free(p);
}

static void all_jobs_are_done_when_run_returns(void **state)
{
	struct pool *p = pool_of(4);
	(void)state;

	/* Plain bytes, read at once: TSan sees it if a job could still run. */
	for (int round = 0; round < ROUNDS; round++) {
		unsigned char done[JOBS] = { 0 };
		pool_run(p, JOBS, count_job, done);
		for (size_t i = 0; i < JOBS; i++)
			assert_int_equal(done[i], 1);
	}
	pool_free(p);
}

struct caller {
	struct pool *pool;
	atomic_uint sum;
};

static void add_job(void *ctx, size_t i)
{
	struct caller *c = ctx;

	atomic_fetch_add(&c->sum, (unsigned)i);
}

static void *caller_main(void *arg)
{
	struct caller *c = arg;

	for (int round = 0; round < ROUNDS; round++)
		pool_run(c->pool, JOBS, add_job, c);
	return NULL;
}

static void many_callers_share_one_pool(void **state)
{
	struct pool *p = pool_of(3);
	struct caller callers[CALLERS];
	pthread_t threads[CALLERS];
	(void)state;

	for (int i = 0; i < CALLERS; i++) {
		callers[i].pool = p;
		atomic_init(&callers[i].sum, 0);
		assert_int_equal(
			pthread_create(&threads[i], NULL, caller_main, &callers[i]), 0);
	}
	for (int i = 0; i < CALLERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(atomic_load(&callers[i].sum),
		                 ROUNDS * (JOBS * (JOBS - 1) / 2));
	}
	pool_free(p);
}

static void inner_job(void *ctx, size_t i)
{
	struct caller *c = ctx;

	(void)i;
	pool_run(c->pool, 10, add_job, c);
}

static void a_job_may_use_another_pool(void **state)
{
	struct pool *inner = pool_of(2);
	struct pool *outer = pool_of(2);
	struct caller c = { .pool = inner };
	(void)state;

	atomic_init(&c.sum, 0);
	pool_run(outer, 8, inner_job, &c);
	assert_int_equal(atomic_load(&c.sum), 8 * 45);
	pool_free(outer);
	pool_free(inner);
	pool_free(NULL);
}

/* ---------------------------------------------------------------- jobs that fail */

enum { MANY = 64 };

/* Which indices fail, and which were run. */
struct trying {
	bool fails[MANY];
	unsigned char ran[MANY];
	pthread_barrier_t *together; /* where all that fail wait for each other */
};

static int trying_job(void *ctx, size_t i, struct err *err)
{
	struct trying *t = ctx;

	t->ran[i]++;
	if (!t->fails[i])
		return 0;
	if (t->together)
		pthread_barrier_wait(t->together);
	return err_set(err, i % 2 ? ERR_IO : ERR_DAMAGED, "job %zu failed", i);
}

static void the_failure_of_the_lowest_index_is_the_answer(void **state)
{
	static const size_t lowest[] = { 0, 1, 30, MANY - 1 };
	(void)state;

	for (unsigned width = 1; width <= 4; width++) {
		struct pool *p = pool_of(width);
		for (int k = 0; k < 4; k++) {
			struct trying t = { .together = NULL };
			struct err err = ERR_INIT;
			char words[32];
			for (size_t i = lowest[k]; i < MANY; i++)
				t.fails[i] = true;
			int rc = pool_try(p, MANY, trying_job, &t, &err);
			snprintf(words, sizeof(words), "job %zu failed", lowest[k]);
			assert_int_equal(rc, lowest[k] % 2 ? ERR_IO : ERR_DAMAGED);
			assert_int_equal(err.code, rc);
			assert_string_equal(err.text, words);
			for (size_t i = 0; i <= lowest[k]; i++)
				assert_int_equal(t.ran[i], 1);
		}
		pool_free(p);
	}
}

/* Both fail for sure, and which of them first nobody knows. */
static void of_two_failures_at_once_the_lower_wins(void **state)
{
	struct pool *p = pool_of(2);
	(void)state;

	for (int round = 0; round < 200; round++) {
		pthread_barrier_t both;
		struct trying t = { .fails = { true, true }, .together = &both };
		struct err err = ERR_INIT;
		pthread_barrier_init(&both, NULL, 2);
		assert_int_equal(pool_try(p, 2, trying_job, &t, &err), ERR_DAMAGED);
		assert_string_equal(err.text, "job 0 failed");
		pthread_barrier_destroy(&both);
	}
	pool_free(p);
}

static void where_none_fails_the_error_is_untouched(void **state)
{
	struct pool *p = pool_of(3);
	struct trying t = { .together = NULL };
	struct err err = ERR_INIT;
	(void)state;

	assert_int_equal(pool_try(p, MANY, trying_job, &t, &err), 0);
	assert_int_equal(err.code, 0);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(t.ran[i], 1);
	assert_int_equal(pool_try(p, 0, trying_job, &t, NULL), 0);
	t.fails[3] = true;
	assert_int_equal(pool_try(p, MANY, trying_job, &t, NULL), ERR_IO);
	pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_job_runs_once_at_any_width),
		cmocka_unit_test(one_thread_runs_jobs_in_order),
		cmocka_unit_test(all_jobs_are_done_when_run_returns),
		cmocka_unit_test(many_callers_share_one_pool),
		cmocka_unit_test(a_job_may_use_another_pool),
		cmocka_unit_test(the_failure_of_the_lowest_index_is_the_answer),
		cmocka_unit_test(of_two_failures_at_once_the_lower_wins),
		cmocka_unit_test(where_none_fails_the_error_is_untouched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
