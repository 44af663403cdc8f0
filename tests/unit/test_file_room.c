/* Room for a file is asked for, taken, and given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/work/file_room.h"
#include "tests/unit/scratch_folder.h"

enum { MIB = 1024 * 1024, SIZE = 8 * MIB };

static char folder[SCRATCH_MAX];
static int fd = -1;

static int make_file(void **state)
{
	(void)state;
	scratch_folder_new(folder);
	if (chdir(folder))
		return 1;
	fd = open("file", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0;
}

static int remove_file(void **state)
{
	(void)state;
	close(fd);
	if (chdir("/"))
		return 1;
	scratch_folder_remove(folder);
	return 0;
}

static uint64_t blocks_of_file(void)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

static uint64_t size_of_file(void)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint64_t)st.st_size;
}

/* Not all file systems that tests run on can. */
static void needs_fallocate(void)
{
	if (fallocate(fd, 0, 0, SIZE) || ftruncate(fd, 0))
		skip();
}

static void room_is_reserved_and_given_back_without_a_trace(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	needs_fallocate();
	assert_int_equal(file_room_take(fd, SIZE, &err), 0);
	assert_int_equal(size_of_file(), SIZE);
	assert_true(blocks_of_file() >= SIZE);
	assert_false(file_room_has_bytes(fd));
	file_room_give_back(fd);
	assert_int_equal(size_of_file(), SIZE);
	assert_true(blocks_of_file() < MIB);
	assert_false(file_room_has_bytes(fd));
}

static void what_was_written_stays_when_the_rest_is_given_back(void **state)
{
	static char bytes[MIB], found[MIB];
	struct err err = ERR_INIT;

	(void)state;
	needs_fallocate();
	memset(bytes, 7, sizeof(bytes));
	assert_int_equal(file_room_take(fd, SIZE, &err), 0);
	for (off_t at = MIB; at < SIZE; at += 4 * MIB)
		assert_int_equal(pwrite(fd, bytes, MIB, at), MIB);
	assert_true(file_room_has_bytes(fd));
	file_room_give_back(fd);
	assert_true(blocks_of_file() < 3 * MIB);
	for (off_t at = MIB; at < SIZE; at += 4 * MIB) {
		assert_int_equal(pread(fd, found, MIB, at), MIB);
		assert_memory_equal(bytes, found, MIB);
	}
	assert_true(file_room_has_bytes(fd));
	/* Taken again, the bytes are still there. */
	assert_int_equal(file_room_take(fd, SIZE, &err), 0);
	assert_true(blocks_of_file() >= SIZE);
	assert_int_equal(pread(fd, found, MIB, MIB), MIB);
	assert_memory_equal(bytes, found, MIB);
}

static void what_does_not_fit_is_a_sentence_and_changes_nothing(void **state)
{
	static const uint64_t sizes[] = { UINT64_C(1) << 60, INT64_MAX, UINT64_MAX };

	(void)state;
	assert_int_equal(pwrite(fd, "some bytes", 10, 0), 10);
	uint64_t before = blocks_of_file();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct err err = ERR_INIT;
		assert_int_equal(file_room_take(fd, sizes[i], &err), ERR_IO);
		assert_non_null(strstr(err.text, folder));
		assert_non_null(strstr(err.text, "does not fit"));
		assert_int_equal(size_of_file(), 10);
		assert_true(blocks_of_file() <= before);
	}
	assert_false(file_room_is_there(fd, UINT64_C(1) << 60));
	assert_true(file_room_is_there(fd, 10));
}

static void a_sentence_says_what_is_needed_and_what_is_free(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(file_room_take(fd, UINT64_C(1) << 60, &err), ERR_IO);
	assert_non_null(strstr(err.text, "1152921504606846976 bytes"));
	assert_non_null(strstr(err.text, "it needs 1152921504606846976 more, and "));
	assert_non_null(
		strstr(err.text, " are free: No space left on device; free some"));
}

static void a_file_that_may_not_grow_is_a_sentence(void **state)
{
	struct rlimit old, small;
	struct err err = ERR_INIT;

	(void)state;
	needs_fallocate();
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ MIB, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int rc = file_room_take(fd, SIZE, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	if (!rc)
		skip(); /* this file system's fallocate() does not look at it */
	assert_int_equal(rc, ERR_IO);
	assert_non_null(strstr(err.text, "ulimit -f"));
	assert_int_equal(size_of_file(), 0);
	assert_int_equal(blocks_of_file(), 0);
}

static void an_empty_file_needs_no_room(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(file_room_take(fd, 0, &err), 0);
	assert_false(file_room_has_bytes(fd));
	file_room_give_back(fd);
	assert_int_equal(size_of_file(), 0);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, make_file, remove_file)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_FILE(room_is_reserved_and_given_back_without_a_trace),
		WITH_FILE(what_was_written_stays_when_the_rest_is_given_back),
		WITH_FILE(what_does_not_fit_is_a_sentence_and_changes_nothing),
		WITH_FILE(a_sentence_says_what_is_needed_and_what_is_free),
		WITH_FILE(a_file_that_may_not_grow_is_a_sentence),
		WITH_FILE(an_empty_file_needs_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
