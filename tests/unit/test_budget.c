#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/report/budget_text.h"
#include "agent/report/duration_text.h"
#include "agent/report/progress.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"
#include "index/store/store_memory.h"
#include "index/store/store_metered.h"
#include "index/work/budget.h"

static void durations_have_a_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = { { "2s", 2 },      { "10m", 600 },
		     { "24h", 86400 }, { "30d", 2592000 },
		     { "0", 0 },       { "0s", 0 },
		     { "007s", 7 },    { "36500d", 3153600000 } };
	static const char *const bad[] = { "",
		                           "s",
		                           "2",
		                           "-2s",
		                           "2 s",
		                           "2sec",
		                           "2S",
		                           "1h2m",
		                           "1.5h",
		                           "0x1s",
		                           "36501d",
		                           "+1s",
		                           " 1s",
		                           "1s ",
		                           "99999999999999999999s",
		                           "18446744073709551616s" };
	(void)state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint64_t seconds = 1;
		assert_true(duration_parse(good[i].text, &seconds));
		assert_int_equal(seconds, good[i].seconds);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t seconds = 12345;
		assert_false(duration_parse(bad[i], &seconds));
		assert_int_equal(seconds, 12345);
	}
}

static void durations_are_told_in_two_units(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} rows[] = { { 0, "0 s" },         { 59, "59 s" },
		     { 60, "1 min" },      { 107, "1 min 47 s" },
		     { 3600, "1 h" },      { 3661, "1 h 1 min" },
		     { 90000, "1 d 1 h" }, { UINT64_MAX, "213503982334601 d 7 h" } };
	char text[DURATION_TEXT];
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		duration_format(rows[i].seconds, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void budgets_are_times_bytes_and_requests(void **state)
{
	static const struct {
		const char *text;
		struct budget_limits limits;
	} good[] = {
		{ "10m", { .milliseconds = 600000 } },
		{ "5GB", { .bytes = 5000000000 } },
		{ "5 gb", { .bytes = 5000000000 } },
		{ "3GiB", { .bytes = 3221225472 } },
		{ "1B", { .bytes = 1 } },
		{ "1000requests", { .requests = 1000 } },
		{ "1 request", { .requests = 1 } },
		{ "1h,2MB,3requests", { 3600000, 2000000, 3 } },
	};
	static const char *const bad[] = { "",
		                           "10",
		                           "0m",
		                           "0GB",
		                           "0requests",
		                           "m",
		                           "5XB",
		                           "-1m",
		                           "1m,",
		                           ",1m",
		                           "1m,2m",
		                           "1B,2kB",
		                           "1request,2requests",
		                           "99999999999TB",
		                           "18446744073709551616B",
		                           "1111111111111111111111111111111111111111m" };
	(void)state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct budget_limits l = { 7, 7, 7 };
		assert_int_equal(budget_parse(good[i].text, &l, NULL), 0);
		assert_memory_equal(&l, &good[i].limits, sizeof(l));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct budget_limits l = { 7, 7, 7 };
		struct err err = ERR_INIT;
		assert_int_equal(budget_parse(bad[i], &l, &err), ERR_INPUT);
		assert_non_null(strstr(err.text, "10m, 5GB or 1000requests"));
		assert_int_equal(l.bytes, 7);
	}
	struct budget_limits none = { 7, 7, 7 };
	assert_int_equal(budget_parse(NULL, &none, NULL), 0);
	assert_int_equal(none.bytes + none.requests + none.milliseconds, 0);
}

static void each_limit_ends_a_budget(void **state)
{
	struct budget b;
	(void)state;

	assert_false(budget_is_over(NULL, 5));
	budget_begin(&b, &(struct budget_limits){ 0 }, 100);
	budget_spend(&b, &(struct budget_spent){ 9, UINT64_MAX, UINT64_MAX });
	assert_false(budget_is_over(&b, UINT64_MAX));

	budget_begin(&b, &(struct budget_limits){ .milliseconds = 50 }, 100);
	assert_false(budget_is_over(&b, 149));
	assert_true(budget_is_over(&b, 150));
	assert_false(budget_is_over(&b, 99)); /* a clock that goes back ends nothing */

	budget_begin(&b, &(struct budget_limits){ .bytes = 10 }, 0);
	budget_spend(&b, &(struct budget_spent){ .read = 4, .written = 5 });
	assert_false(budget_is_over(&b, 0));
	budget_spend(&b, &(struct budget_spent){ .read = 1 });
	assert_true(budget_is_over(&b, 0));
	budget_spend(&b, &(struct budget_spent){ .written = UINT64_MAX });
	assert_true(budget_is_over(&b, 0)); /* for ever */

	budget_begin(&b, &(struct budget_limits){ .requests = 2 }, 0);
	budget_spend(&b, &(struct budget_spent){ .requests = 1 });
	assert_false(budget_is_over(&b, 0));
	budget_spend(&b, &(struct budget_spent){ .requests = 1 });
	assert_true(budget_is_over(&b, 0));
}

enum { THREADS = 8, TIMES = 10000 };

static void *spend_often(void *arg)
{
	for (int i = 0; i < TIMES; i++)
		budget_spend(arg, &(struct budget_spent){ 1, 2, 3 });
	return NULL;
}

static void threads_lose_no_count(void **state)
{
	pthread_t threads[THREADS];
	struct budget b;
	(void)state;

	budget_begin(&b, &(struct budget_limits){ 0 }, 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, spend_often, &b), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	struct budget_spent s = budget_spent(&b);
	assert_int_equal(s.requests, THREADS * TIMES);
	assert_int_equal(s.read, 2 * THREADS * TIMES);
	assert_int_equal(s.written, 3 * THREADS * TIMES);
}

static int pass_over(void *ctx, const struct store_entry *entry)
{
	(void)entry;
	++*(int *)ctx;
	return 0;
}

#define KEY "blobs/ab/cd/abcd000000000000000000000000000000000000000000000000000000000000"

static void a_metered_store_is_the_store_and_counts(void **state)
{
	struct budget b;
	struct store *inner, *s;
	struct store_reader *r;
	struct store_writer *w;
	bool existed = false;
	char trash[256], bytes[4];
	int keys = 0;
	(void)state;

	budget_begin(&b, &(struct budget_limits){ 0 }, 0);
	assert_int_equal(store_memory_new(&inner, NULL), 0);
	inner->name_max = 143;
	assert_int_equal(store_metered_new(inner, &b, &s, NULL), 0);
	assert_string_equal(s->name, inner->name);
	assert_int_equal(s->name_max, 143);
	assert_int_equal(s->inflight, inner->inflight);
	assert_int_equal(s->remote, inner->remote);

	assert_int_equal(store_put_all(s, KEY, "abcd", 4, NULL), 0);
	assert_int_equal(budget_spent(&b).requests, 1);
	assert_int_equal(budget_spent(&b).written, 4);

	/* Who is second is told so, through it too. */
	assert_int_equal(store_put(s, KEY, 1, &w, NULL), 0);
	w->existed = &existed;
	assert_int_equal(store_commit(w, "x", NULL), 0);
	assert_true(existed);
	assert_int_equal(budget_spent(&b).written, 5);

	assert_int_equal(store_get(s, KEY, 2, &r, NULL), 0);
	assert_int_equal(r->size, 4);
	assert_int_equal(budget_spent(&b).requests, 3);
	assert_int_equal(store_read(r, 0, bytes, 2, NULL), 0); /* came with the get */
	assert_int_equal(budget_spent(&b).requests, 3);
	assert_int_equal(store_read(r, 1, bytes, 3, NULL), 0);
	assert_memory_equal(bytes, "bcd", 3);
	assert_int_equal(budget_spent(&b).requests, 4);
	assert_int_equal(budget_spent(&b).read, 5);
	store_reader_close(r);

	assert_int_equal(store_list(s, "blobs/", pass_over, &keys, NULL), 0);
	assert_int_equal(keys, 1);
	assert_int_equal(store_set_aside(s, KEY, trash, NULL), 0);
	assert_int_equal(store_get(s, KEY, 0, &r, NULL), 1);
	assert_int_equal(store_restore(s, trash, KEY, NULL), 0);
	assert_int_equal(store_remove(s, trash, NULL), 0);
	assert_int_equal(store_put_hint(s, "probe/0", NULL), 0);
	assert_true(budget_spent(&b).requests >= 9);
	store_close(s);

	assert_int_equal(store_get(inner, KEY, 0, &r, NULL), 0);
	store_reader_close(r);
	store_close(inner);
}

static void long_listings_are_several_requests(void **state)
{
	struct budget b;
	struct store *inner, *s;
	char key[64];
	int keys = 0;
	(void)state;

	budget_begin(&b, &(struct budget_limits){ 0 }, 0);
	assert_int_equal(store_memory_new(&inner, NULL), 0);
	assert_int_equal(store_metered_new(inner, &b, &s, NULL), 0);
	for (int i = 0; i < 2001; i++) {
		snprintf(key, sizeof(key), "probe/%d", i);
		assert_int_equal(store_put_all(inner, key, NULL, 0, NULL), 0);
	}
	assert_int_equal(store_list(s, "probe/", pass_over, &keys, NULL), 0);
	assert_int_equal(keys, 2001);
	assert_int_equal(budget_spent(&b).requests, 3);
	store_close(s);
	store_close(inner);
}

static void progress_says_rate_and_time_left(void **state)
{
	static const struct {
		uint64_t total, done, ms;
		const char *text;
	} rows[] = {
		{ 0, 0, 0, "checking: 0 B" },
		{ 2000000, 1000000, 500, "checking: 1.0 MB of 2.0 MB" },
		{ 45600000000, 12300000000, 41000,
		  "checking: 12.3 GB of 45.6 GB, 300.0 MB/s, 1 min 51 s left" },
		{ 0, 5000000, 1000, "checking: 5.0 MB, 5.0 MB/s" },
		{ 5, 10, 2000, "checking: 10 B, 5 B/s" }, /* more than was thought */
		{ 10, 10, 2000, "checking: 10 B, 5 B/s" },
	};
	char text[PROGRESS_TEXT];
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct progress p = { .what = "checking", .total = rows[i].total };
		p.done = rows[i].done;
		progress_line(&p, rows[i].ms, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void progress_of_things_is_in_numbers_and_steps_begin_at_nothing(void **state)
{
	struct progress p;
	char text[PROGRESS_TEXT];
	(void)state;

	progress_begin(&p, "listing", 0, PROGRESS_QUIET);
	const struct work_watch watch = progress_watch(&p);
	work_watch_came(&watch, 5000);
	work_watch_step(&watch, "moving", WORK_THINGS, 45000);
	work_watch_came(&watch, 1000);
	work_watch_came(&watch, 200);
	progress_line(&p, 4000, text);
	assert_string_equal(text, "moving: 1200 of 45000, 300/s, 2 min 26 s left");
	work_watch_step(&watch, "copying", WORK_BYTES, 0);
	work_watch_came(&watch, 2000000);
	progress_line(&p, 2000, text);
	assert_string_equal(text, "copying: 2.0 MB, 1.0 MB/s");
	work_watch_came(NULL, 1);
	progress_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_have_a_unit),
		cmocka_unit_test(durations_are_told_in_two_units),
		cmocka_unit_test(budgets_are_times_bytes_and_requests),
		cmocka_unit_test(each_limit_ends_a_budget),
		cmocka_unit_test(threads_lose_no_count),
		cmocka_unit_test(a_metered_store_is_the_store_and_counts),
		cmocka_unit_test(long_listings_are_several_requests),
		cmocka_unit_test(progress_says_rate_and_time_left),
		cmocka_unit_test(
			progress_of_things_is_in_numbers_and_steps_begin_at_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
