/* The side hash: the same sum with a thread and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include <cmocka.h>

#include "codec/common/sha256.h"
#include "index/model/side_hash.h"

/* ------------------------------------------------- a thread that cannot start */

static bool threads_refused;
static int refusals;

/* Stands before the real one, so that a test can have no threads. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
                   void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (threads_refused) {
		refusals++;
		return EAGAIN;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
	return real(thread, attr, start, arg);
}

/* ----------------------------------------------------------------- the tests */

/* Two buffers in turn, as the caller of a side hash is allowed to use them. */
static void check_sums(struct side_hash *h)
{
	enum { SIZE = 100000, ROUNDS = 50 };
	static uint8_t buffers[2][SIZE];
	struct oid got, want;
	struct sha256 *sha = sha256_new();

	assert_non_null(sha);
	for (int i = 0; i < ROUNDS; i++) {
		uint8_t *bytes = buffers[i % 2];
		memset(bytes, i, SIZE);
		sha256_add(sha, bytes, SIZE);
		side_hash_add(h, bytes, SIZE);
	}
	sha256_finish(sha, &want);
	side_hash_finish(h, &got);
	assert_true(oid_equal(&got, &want));
	sha256_free(sha);
}

static void sums_are_right_again_and_again(void **state)
{
	(void)state;
	struct side_hash *h = side_hash_new();

	assert_non_null(h);
	for (int i = 0; i < 3; i++)
		check_sums(h);
	side_hash_free(h);
}

static void sums_are_right_without_a_thread(void **state)
{
	(void)state;
	threads_refused = true;
	struct side_hash *h = side_hash_new();
	threads_refused = false;

	assert_int_equal(refusals, 1);
	assert_non_null(h);
	check_sums(h);
	check_sums(h);
	side_hash_free(h);
}

static void the_sum_of_nothing_is_known(void **state)
{
	(void)state;
	struct side_hash *h = side_hash_new();
	struct oid got, want;

	assert_non_null(h);
	side_hash_add(h, "", 0);
	side_hash_finish(h, &got);
	assert_true(sha256_of("", 0, &want));
	assert_true(oid_equal(&got, &want));
	side_hash_free(h);
}

static void bytes_left_unfinished_do_no_harm(void **state)
{
	(void)state;
	struct side_hash *h = side_hash_new();

	assert_non_null(h);
	side_hash_add(h, "left over", 9);
	side_hash_free(h);
	side_hash_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_right_again_and_again),
		cmocka_unit_test(sums_are_right_without_a_thread),
		cmocka_unit_test(the_sum_of_nothing_is_known),
		cmocka_unit_test(bytes_left_unfinished_do_no_harm),
	};

	return cmocka_run_group_tests_name("side_hash", tests, NULL, NULL);
}
