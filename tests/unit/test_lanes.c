#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/work/lanes.h"
#include "index/work/turns.h"

enum { TASKS = 1000 };

struct tally {
	atomic_uint done[TASKS];
	_Atomic unsigned inside, peak;
	unsigned ticks;
	size_t fail_at; /* TASKS: never */
	int tick_answer;
};

static int count_task(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct tally *t = ctx;
	unsigned inside = atomic_fetch_add(&t->inside, 1) + 1;
	unsigned peak = atomic_load(&t->peak);

	(void)lane;
	while (inside > peak && !atomic_compare_exchange_weak(&t->peak, &peak, inside))
		;
	atomic_fetch_add(&t->done[i], 1);
	atomic_fetch_sub(&t->inside, 1);
	return i == t->fail_at ? err_set(err, ERR_IO, "task %zu failed", i) : 0;
}

static int count_tick(void *ctx, struct err *err)
{
	struct tally *t = ctx;

	t->ticks++;
	return t->tick_answer ? err_set(err, t->tick_answer, "told to stop") : 0;
}

static void every_task_is_done_once_at_any_width(void **state)
{
	(void)state;
	for (unsigned width = 1; width <= 33; width += 8) {
		struct tally t = { .fail_at = TASKS };
		struct lanes_work work = { TASKS, count_task, count_tick, &t };
		struct err err = ERR_INIT;

		assert_int_equal(lanes_run(width, &work, &err), 0);
		for (size_t i = 0; i < TASKS; i++)
			assert_int_equal(atomic_load(&t.done[i]), 1);
		assert_true(atomic_load(&t.peak) <= width);
		assert_true(t.ticks >= 1);
	}
}

static void nothing_to_do_is_done_at_once(void **state)
{
	struct lanes_work work = { 0, count_task, NULL, NULL };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(lanes_run(4, &work, &err), 0);
	assert_int_equal(err.code, 0);
}

static void the_first_failure_ends_the_work_with_its_words(void **state)
{
	struct tally t = { .fail_at = 3 };
	struct lanes_work work = { TASKS, count_task, NULL, &t };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(lanes_run(1, &work, &err), ERR_IO);
	assert_string_equal(err.text, "task 3 failed");
	assert_int_equal(atomic_load(&t.done[3]), 1);
	assert_int_equal(atomic_load(&t.done[4]), 0);
}

static void a_tick_that_says_stop_is_an_error_of_the_whole(void **state)
{
	struct tally t = { .fail_at = TASKS, .tick_answer = ERR_INTERRUPTED };
	struct lanes_work work = { 1, count_task, count_tick, &t };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(lanes_run(2, &work, &err), ERR_INTERRUPTED);
	assert_string_equal(err.text, "told to stop");
}

struct queue {
	struct turns *turns;
	size_t order[TASKS], count; /* touched in turns only */
	size_t fail_at;             /* before its turn came; TASKS: never */
};

/* Every third task waits for its turn first, another has its turn when it ends. */
static int task_in_turn(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct queue *q = ctx;
	bool fails = i == q->fail_at;

	(void)lane;
	if (!fails && i % 3 == 0) {
		turns_wait(q->turns, i);
		turns_wait(q->turns, i);
		q->order[q->count++] = i;
	}
	turns_end(q->turns, i);
	return fails ? err_set(err, ERR_IO, "task %zu failed", i) : 0;
}

static void turns_come_in_order_and_pass_over_what_failed(void **state)
{
	(void)state;
	for (unsigned width = 1; width <= 9; width += 4) {
		for (size_t fail_at = TASKS / 2; fail_at <= TASKS; fail_at += TASKS / 2) {
			struct queue q = { .fail_at = fail_at };
			struct lanes_work work = { TASKS, task_in_turn, NULL, &q };
			struct err err = ERR_INIT;
			int wanted = fail_at < TASKS ? ERR_IO : 0;

			assert_int_equal(turns_new(&q.turns, &err), 0);
			assert_int_equal(lanes_run(width, &work, &err), wanted);
			assert_true(q.count >= fail_at / 3);
			for (size_t i = 0; i < q.count; i++)
				assert_int_equal(q.order[i], 3 * i);
			turns_free(q.turns);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_task_is_done_once_at_any_width),
		cmocka_unit_test(nothing_to_do_is_done_at_once),
		cmocka_unit_test(the_first_failure_ends_the_work_with_its_words),
		cmocka_unit_test(a_tick_that_says_stop_is_an_error_of_the_whole),
		cmocka_unit_test(turns_come_in_order_and_pass_over_what_failed),
	};
	return cmocka_run_group_tests_name("lanes", tests, NULL, NULL);
}
