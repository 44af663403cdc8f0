#include "agent/git/worktree_file.h"
#include "tests/unit/git_sandbox.h"

#include <fcntl.h>

/* The root of a worktree, with whatever a repository may bring. */
static void make_worktree(void)
{
	sandbox_write("outside", "mine");
	sandbox_write("wt/plain", "text");
	sandbox_write("wt/folder/plain", "text");
	sandbox_write("wt/huge", "");
	assert_int_equal(truncate("wt/huge", WORKTREE_FILE_MAX + 1), 0);
	assert_int_equal(symlink("../outside", "wt/link"), 0);
	assert_int_equal(symlink("../nowhere", "wt/dangling"), 0);
	assert_int_equal(symlink("plain", "wt/inside"), 0);
	assert_int_equal(symlink("..", "wt/up"), 0);
	assert_int_equal(symlink("/dev/zero", "wt/zero"), 0);
	assert_int_equal(symlink("loop", "wt/loop"), 0);
	assert_int_equal(mkfifo("wt/fifo", 0600), 0);
	assert_int_equal(symlink("fifo", "wt/to-fifo"), 0);
}

static const struct {
	const char *name, *words; /* of the refusal; NULL: may be written */
} writes[] = {
	{ "new", NULL },
	{ "plain", NULL },
	{ "folder/plain", NULL },
	{ "folder/new/deeper", NULL },
	{ "link", "link is a symbolic link" },
	{ "dangling", "symbolic link" },
	{ "inside", "symbolic link" },
	{ "up/outside", "up is a symbolic link" },
	{ "up/new", "symbolic link" },
	{ "folder/../up/new", "symbolic link" },
	{ "folder", "not a regular file" },
	{ "plain/below", "plain is not a folder" },
	{ "fifo", "not a regular file" },
	{ "huge", "more than" },
};

static void nothing_is_written_through_a_link_of_the_worktree(void **state)
{
	(void)state;
	make_worktree();
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		struct err err = ERR_INIT;
		int rc = worktree_file_check_write("wt", writes[i].name, &err);
		if (rc != (writes[i].words ? ERR_CONFIG : 0) ||
		    (rc && !strstr(err.text, writes[i].words)))
			fail_msg("%s: %d %s", writes[i].name, rc, err.text);
	}
}

static void a_folder_is_reached_through_folders_alone(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	make_worktree();
	assert_int_equal(worktree_file_check_folder("wt", "folder", &err), 0);
	assert_int_equal(worktree_file_check_folder("wt", "folder/", &err), 0);
	assert_int_equal(worktree_file_check_folder("wt", "new/hooks", &err), 0);
	assert_int_equal(worktree_file_check_folder("wt", "up", &err), ERR_CONFIG);
	assert_int_equal(worktree_file_check_folder("wt", "up/x", &err), ERR_CONFIG);
	assert_int_equal(worktree_file_check_folder("wt", "plain", &err), ERR_CONFIG);
}

static void what_never_ends_is_not_read(void **state)
{
	static const struct {
		const char *path;
		int rc;
	} reads[] = {
		{ "wt/plain", 0 },
		{ "wt/link", 0 },
		{ "wt/inside", 0 },
		{ "wt/none", 1 },
		{ "wt/dangling", 1 },
		{ "wt/plain/x", 1 },
		{ "wt/zero", ERR_CONFIG },
		{ "wt/fifo", ERR_CONFIG },
		{ "wt/to-fifo", ERR_CONFIG },
		{ "wt/huge", ERR_CONFIG },
		{ "wt/folder", ERR_CONFIG },
		{ "wt/loop", ERR_IO },
	};

	(void)state;
	make_worktree();
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		struct err err = ERR_INIT;
		int rc = worktree_file_check_read(reads[i].path, &err);
		if (rc != reads[i].rc)
			fail_msg("%s: %d %s", reads[i].path, rc, err.text);
	}
}

#define IN_SANDBOX(test) \
	cmocka_unit_test_setup_teardown(test, sandbox_setup, sandbox_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_SANDBOX(nothing_is_written_through_a_link_of_the_worktree),
		IN_SANDBOX(a_folder_is_reached_through_folders_alone),
		IN_SANDBOX(what_never_ends_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
