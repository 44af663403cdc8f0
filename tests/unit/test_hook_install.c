#include "agent/cmd/hook_install.h"
#include "tests/unit/git_sandbox.h"

#define HOOKS ".git/hooks/"
#define MARK "# git-zllm: no push of commits whose LFS objects are not in the store.\n"
#define LFS_HOOK                                                                     \
	"#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || exit 2\ngit lfs pre-push " \
	"\"$@\"\n"

static void assert_text(const char *path, const char *part)
{
	char text[4096] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	if (!strstr(text, part))
		fail_msg("%s holds: %s", path, text);
}

static void a_first_hook_has_nothing_beside_it(void **state)
{
	sandbox_init(*state);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(hook_install_pre_push(NULL), 0);
		assert_text(HOOKS "pre-push", MARK);
		assert_text(HOOKS "pre-push", " hook pre-push \"$@\"\n");
		assert_int_equal(access(HOOKS "pre-push", X_OK), 0);
		assert_int_equal(access(HOOKS HOOK_BEFORE, F_OK), -1);
	}
}

static void another_hook_is_kept_and_never_ours(void **state)
{
	sandbox_init(*state);
	sandbox_write(HOOKS "pre-push", "#!/bin/sh\nmine\n");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(hook_install_pre_push(NULL), 0);
		assert_text(HOOKS "pre-push", MARK);
		assert_text(HOOKS HOOK_BEFORE, "mine\n");
		assert_false(hook_install_runs_lfs(HOOKS HOOK_BEFORE));
	}
}

static void git_lfs_putting_its_hook_over_ours_is_undone(void **state)
{
	sandbox_init(*state);
	sandbox_write(HOOKS "pre-push", "#!/bin/sh\nmine\n");
	assert_int_equal(hook_install_pre_push(NULL), 0);
	sandbox_write(HOOKS "pre-push", LFS_HOOK);
	assert_int_equal(hook_install_pre_push(NULL), 0);
	assert_text(HOOKS "pre-push", MARK);
	assert_text(HOOKS HOOK_BEFORE, "mine\n");
}

static void two_hooks_of_others_are_left_alone(void **state)
{
	sandbox_init(*state);
	sandbox_write(HOOKS "pre-push", "#!/bin/sh\nnewer\n");
	sandbox_write(HOOKS HOOK_BEFORE, LFS_HOOK);
	assert_int_equal(hook_install_pre_push(NULL), 1);
	assert_text(HOOKS "pre-push", "newer\n");
	assert_true(hook_install_runs_lfs(HOOKS HOOK_BEFORE));
}

static void core_hooksPath_is_honoured_also_from_below(void **state)
{
	sandbox_init(*state);
	sandbox_git(*state, "config", "core.hooksPath", "my/hooks", NULL);
	assert_int_equal(mkdir("sub", 0777), 0);
	assert_int_equal(chdir("sub"), 0);
	assert_int_equal(hook_install_pre_push(NULL), 0);
	assert_text("../my/hooks/pre-push", MARK);
}

#define IN_SANDBOX(test) \
	cmocka_unit_test_setup_teardown(test, sandbox_setup, sandbox_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SANDBOX(a_first_hook_has_nothing_beside_it),
		IN_SANDBOX(another_hook_is_kept_and_never_ours),
		IN_SANDBOX(git_lfs_putting_its_hook_over_ours_is_undone),
		IN_SANDBOX(two_hooks_of_others_are_left_alone),
		IN_SANDBOX(core_hooksPath_is_honoured_also_from_below),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
