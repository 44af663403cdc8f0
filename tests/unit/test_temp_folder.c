/* A folder of our own, and which of those that others left goes with the next one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/work/temp_folder.h"
#include "tests/unit/scratch_folder.h"

#define PREFIX "zllm-try-"

static void path_in(const char *top, const char *name, char path[2 * SCRATCH_MAX])
{
	snprintf(path, 2 * SCRATCH_MAX, "%s/%s", top, name);
}

/* A folder with a file in a folder, as old as `seconds`. */
static void leave(const char *top, const char *name, long seconds)
{
	char path[2 * SCRATCH_MAX], inner[3 * SCRATCH_MAX];
	struct timespec times[2];

	path_in(top, name, path);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(inner, sizeof(inner), "%s/objects", path);
	assert_int_equal(mkdir(inner, 0700), 0);
	snprintf(inner, sizeof(inner), "%s/objects/pack", path);
	close(open(inner, O_CREAT | O_WRONLY, 0444));
	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= seconds;
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool is_there(const char *top, const char *name)
{
	char path[2 * SCRATCH_MAX];
	struct stat st;

	path_in(top, name, path);
	return !lstat(path, &st);
}

static void what_killed_processes_left_goes_and_nothing_else(void **state)
{
	char top[SCRATCH_MAX], path[2 * SCRATCH_MAX], link[2 * SCRATCH_MAX];
	struct buf ours = BUF_INIT;
	int lock;

	(void)state;
	scratch_folder_new(top);
	setenv("TMPDIR", top, 1);
	leave(top, PREFIX "aaaaaa", 3600);
	leave(top, PREFIX "living", 3600);
	leave(top, PREFIX "young1", 1);
	leave(top, PREFIX "longername", 3600);
	leave(top, "zllm-not-aaaaaa", 3600);
	path_in(top, PREFIX "linked", link);
	path_in(top, "zllm-not-aaaaaa", path);
	assert_int_equal(symlink(path, link), 0);
	path_in(top, PREFIX "living", path);
	int living = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(living, LOCK_EX | LOCK_NB), 0);

	assert_int_equal(temp_folder_make(PREFIX, &ours, &lock, NULL), 0);
	assert_int_equal(access((const char *)ours.data, W_OK), 0);
	assert_false(is_there(top, PREFIX "aaaaaa"));
	assert_true(is_there(top, PREFIX "living"));
	assert_true(is_there(top, PREFIX "young1"));
	assert_true(is_there(top, PREFIX "longername"));
	assert_true(is_there(top, PREFIX "linked"));
	assert_true(is_there(top, "zllm-not-aaaaaa/objects/pack"));

	/* Its maker is dead now. */
	close(living);
	struct buf second = BUF_INIT;
	int other;
	assert_int_equal(temp_folder_make(PREFIX, &second, &other, NULL), 0);
	assert_false(is_there(top, PREFIX "living"));
	assert_int_equal(access((const char *)ours.data, W_OK), 0);
	snprintf(path, sizeof(path), "%s", (const char *)ours.data);
	temp_folder_remove(&ours, lock);
	assert_int_not_equal(access(path, F_OK), 0);
	temp_folder_remove(&second, other);
	temp_folder_remove(&second, other); /* nothing more */
	unsetenv("TMPDIR");
	scratch_folder_remove(top);
}

static void where_none_can_be_made_it_says_so(void **state)
{
	struct buf path = BUF_INIT;
	struct err err = ERR_INIT;
	int lock;

	(void)state;
	setenv("TMPDIR", "/nowhere", 1);
	assert_int_equal(temp_folder_make(PREFIX, &path, &lock, &err), ERR_IO);
	assert_non_null(strstr(err.text, "/nowhere"));
	assert_int_equal(path.size, 0);
	assert_int_equal(lock, -1);
	temp_folder_remove(&path, lock);
	unsetenv("TMPDIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_killed_processes_left_goes_and_nothing_else),
		cmocka_unit_test(where_none_can_be_made_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
