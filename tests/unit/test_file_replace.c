/* A file appears whole or not at all, and what was there stays until then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "codec/common/err.h"
#include "index/work/file_replace.h"
#include "tests/unit/scratch_folder.h"

static char folder[SCRATCH_MAX];

static int make_folder(void **state)
{
	(void)state;
	scratch_folder_new(folder);
	return chdir(folder);
}

static int remove_folder(void **state)
{
	(void)state;
	scratch_folder_remove(folder);
	return 0;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void assert_text(const char *path, const char *text)
{
	char found[64] = "";
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, found, sizeof(found) - 1) >= 0);
	close(fd);
	assert_string_equal(found, text);
}

static int count_files(void)
{
	DIR *d = opendir(".");
	int n = -2; /* . and .. */

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void it_appears_only_when_it_is_committed(void **state)
{
	struct file_replace f;

	(void)state;
	write_text("out", "old");
	assert_int_equal(file_replace_begin("out", &f, NULL), 0);
	assert_int_equal(write(f.fd, "new text", 8), 8);
	assert_text("out", "old");
	assert_int_equal(file_replace_commit(&f, NULL), 0);
	assert_text("out", "new text");
	assert_int_equal(count_files(), 1);
	file_replace_abort(&f); /* after a commit there is nothing to undo */
	assert_text("out", "new text");
}

static void given_up_it_leaves_nothing(void **state)
{
	struct file_replace f;

	(void)state;
	assert_int_equal(file_replace_begin("out", &f, NULL), 0);
	assert_int_equal(write(f.fd, "half", 4), 4);
	file_replace_abort(&f);
	assert_int_equal(count_files(), 0);
}

static void two_at_once_do_not_meet(void **state)
{
	struct file_replace a, b;

	(void)state;
	assert_int_equal(file_replace_begin("out", &a, NULL), 0);
	assert_int_equal(file_replace_begin("out", &b, NULL), 0);
	assert_int_equal(write(a.fd, "a", 1), 1);
	assert_int_equal(write(b.fd, "b", 1), 1);
	assert_int_equal(file_replace_commit(&a, NULL), 0);
	assert_text("out", "a");
	assert_int_equal(file_replace_commit(&b, NULL), 0);
	assert_text("out", "b");
	assert_int_equal(count_files(), 1);
}

static void a_link_stays_and_its_target_is_replaced(void **state)
{
	struct file_replace f;
	struct stat st;

	(void)state;
	write_text("target", "old");
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(file_replace_begin("link", &f, NULL), 0);
	assert_int_equal(write(f.fd, "new", 3), 3);
	assert_int_equal(file_replace_commit(&f, NULL), 0);
	assert_text("target", "new");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

static void folders_and_devices_are_left_alone(void **state)
{
	static const char *const paths[] = { ".", "/dev/null" };
	struct file_replace f;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(file_replace_begin(paths[i], &f, &err), ERR_INPUT);
	assert_int_equal(file_replace_begin("no/such/folder", &f, &err), ERR_IO);
	assert_int_equal(count_files(), 0);
}

static void its_mode_is_what_the_umask_says(void **state)
{
	struct file_replace f;
	struct stat st;
	mode_t before = umask(027);

	(void)state;
	assert_int_equal(file_replace_begin("out", &f, NULL), 0);
	assert_int_equal(file_replace_commit(&f, NULL), 0);
	umask(before);
	assert_int_equal(stat("out", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_appears_only_when_it_is_committed,
		                                make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(given_up_it_leaves_nothing, make_folder,
		                                remove_folder),
		cmocka_unit_test_setup_teardown(two_at_once_do_not_meet, make_folder,
		                                remove_folder),
		cmocka_unit_test_setup_teardown(a_link_stays_and_its_target_is_replaced,
		                                make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(folders_and_devices_are_left_alone,
		                                make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(its_mode_is_what_the_umask_says,
		                                make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
