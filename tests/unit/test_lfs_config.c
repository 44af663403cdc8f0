#include "agent/git/lfs_config.h"
#include "tests/unit/git_sandbox.h"

/* Keys and values as `git config -z --list` prints them; '|' stands for NUL. */
static struct lfs_config *parsed(const char *git, const char *lfsconfig)
{
	struct buf lists[2] = { BUF_INIT, BUF_INIT };
	struct lfs_config *c = NULL;

	buf_add_str(&lists[0], git);
	buf_add_str(&lists[1], lfsconfig);
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < lists[k].size; i++)
			if (lists[k].data[i] == '|')
				lists[k].data[i] = 0;
	assert_int_equal(lfs_config_parse(&lists[0], &lists[1], &c, NULL), 0);
	buf_wipe(&lists[0]);
	buf_wipe(&lists[1]);
	return c;
}

static void assert_value(const struct lfs_config *c, const char *key, const char *value)
{
	const char *found = lfs_config_get(c, key);

	if (value)
		assert_string_equal(found ? found : "(null)", value);
	else
		assert_null(found);
}

static void the_last_value_counts(void **state)
{
	struct lfs_config *c = parsed("a.b\n1|a.b\n2|", "");

	(void)state;
	assert_value(c, "a.b", "2");
	assert_value(c, "a.c", NULL);
	lfs_config_free(c);
}

static void keys_are_normalised_but_for_their_middle(void **state)
{
	struct lfs_config *c = parsed("Remote.Ori.Gin.LfsURL\nx|CORE.Bare\ny|", "");

	(void)state;
	assert_value(c, "remote.Ori.Gin.lfsurl", "x");
	assert_value(c, "core.bare", "y");
	lfs_config_free(c);
}

static void a_key_alone_means_true_and_values_may_hold_newlines(void **state)
{
	struct lfs_config *c = parsed("a.b|c.d\n1\n2|e.f\n", "");

	(void)state;
	assert_value(c, "a.b", "true");
	assert_value(c, "c.d", "1\n2");
	assert_value(c, "e.f", "");
	lfs_config_free(c);
}

static void only_safe_keys_are_taken_from_lfsconfig(void **state)
{
	static const struct {
		const char *key;
		bool safe;
	} cases[] = {
		{ "lfs.url", true },
		{ "lfs.pushurl", true },
		{ "lfs.fetchinclude", true },
		{ "remote.origin.lfsurl", true },
		{ "remote.a.b.lfsurl", true },
		{ "lfs.https://x.access", true },
		{ "lfs.extension.foo.priority", true },
		{ "remote.origin.url", false },
		{ "remote.origin.lfspushurl", false },
		{ "lfs.standalonetransferagent", false },
		{ "lfs.zllm::.standalonetransferagent", false },
		{ "lfs.customtransfer.x.path", false },
		{ "lfs.extension.foo.clean", false },
		{ "lfs.storage", false },
		{ "core.sharedrepository", false },
		{ "url.x.insteadof", false },
		{ "x.access", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char list[128];
		snprintf(list, sizeof(list), "%s\nv|", cases[i].key);
		struct lfs_config *c = parsed("", list);
		if (!lfs_config_get(c, cases[i].key) == cases[i].safe)
			fail_msg("%s", cases[i].key);
		lfs_config_free(c);
		c = parsed(list, "");
		assert_value(c, cases[i].key, "v");
		lfs_config_free(c);
	}
}

static void git_goes_before_lfsconfig_and_the_source_is_known(void **state)
{
	struct lfs_config *c = parsed("lfs.url\nuser|",
	                              "lfs.url\nrepo|lfs.pushurl\nrepo|");

	(void)state;
	assert_value(c, "lfs.url", "user");
	assert_false(lfs_config_from_lfsconfig(c, "lfs.url"));
	assert_true(lfs_config_from_lfsconfig(c, "lfs.pushurl"));
	assert_false(lfs_config_from_lfsconfig(c, "lfs.nothing"));
	lfs_config_free(c);
}

static int stop_at_b(void *ctx, const char *key, const char *value)
{
	strcat(strcat(ctx, key), value);
	return strcmp(key, "b.b") == 0 ? 7 : 0;
}

static void pairs_come_in_order_of_rising_precedence(void **state)
{
	struct lfs_config *c = parsed("a.a\n1|b.b\n2|c.c\n3|", "lfs.url\n0|");
	char seen[64] = "";

	(void)state;
	assert_int_equal(lfs_config_each(c, stop_at_b, seen), 7);
	assert_string_equal(seen, "lfs.url0a.a1b.b2");
	lfs_config_free(c);
}

static void assert_read(const char *key, const char *value)
{
	struct lfs_config *c = NULL;
	struct err err = ERR_INIT;

	if (lfs_config_read(&c, &err))
		fail_msg("%s", err.text);
	assert_value(c, key, value);
	lfs_config_free(c);
}

static void lfsconfig_is_that_of_the_worktree_even_from_below(void **state)
{
	sandbox_init(*state);
	assert_read("lfs.url", NULL);
	sandbox_write(".lfsconfig", "[lfs]\n\turl = one\n");
	assert_read("lfs.url", "one");
	assert_int_equal(mkdir("sub", 0777), 0);
	assert_int_equal(chdir("sub"), 0);
	assert_read("lfs.url", "one");
}

static void without_a_file_the_index_counts_and_then_HEAD(void **state)
{
	sandbox_init(*state);
	sandbox_write(".lfsconfig", "[lfs]\n\turl = one\n");
	sandbox_commit(*state);
	sandbox_write(".lfsconfig", "[lfs]\n\turl = two\n");
	sandbox_git(*state, "add", ".lfsconfig", NULL);
	assert_int_equal(unlink(".lfsconfig"), 0);
	assert_read("lfs.url", "two");
	sandbox_git(*state, "rm", "-q", "--cached", ".lfsconfig", NULL);
	assert_read("lfs.url", "one");
}

static void a_bare_repository_has_that_of_HEAD_or_of_a_commit(void **state)
{
	struct lfs_config *c = NULL;

	sandbox_init(*state);
	sandbox_write(".lfsconfig", "[lfs]\n\turl = one\n");
	sandbox_commit(*state);
	sandbox_write(".lfsconfig", "[lfs]\n\turl = two\n");
	sandbox_commit(*state);
	sandbox_git(*state, "clone", "-q", "--bare", ".", "../bare", NULL);
	assert_int_equal(chdir("../bare"), 0);
	assert_read("lfs.url", "two");
	assert_int_equal(lfs_config_read_at("HEAD~1", &c, NULL), 0);
	assert_value(c, "lfs.url", "one");
	lfs_config_free(c);
}

static void configuration_from_the_environment_counts(void **state)
{
	sandbox_init(*state);
	setenv("GIT_CONFIG_COUNT", "1", 1);
	setenv("GIT_CONFIG_KEY_0", "lfs.url", 1);
	setenv("GIT_CONFIG_VALUE_0", "env", 1);
	assert_read("lfs.url", "env");
	unsetenv("GIT_CONFIG_COUNT");
}

static void outside_a_repository_only_the_user_speaks(void **state)
{
	(void)state;
	sandbox_write(".lfsconfig", "[lfs]\n\turl = one\n");
	assert_read("lfs.url", NULL);
}

static void a_broken_lfsconfig_is_an_error_with_a_remedy(void **state)
{
	struct lfs_config *c = NULL;
	struct err err = ERR_INIT;

	sandbox_init(*state);
	sandbox_write(".lfsconfig", "[lfs\n");
	assert_int_equal(lfs_config_read(&c, &err), ERR_CONFIG);
	assert_non_null(strstr(err.text, ".lfsconfig"));
	assert_null(c);
}

#define IN_SANDBOX(test) \
	cmocka_unit_test_setup_teardown(test, sandbox_setup, sandbox_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_value_counts),
		cmocka_unit_test(keys_are_normalised_but_for_their_middle),
		cmocka_unit_test(a_key_alone_means_true_and_values_may_hold_newlines),
		cmocka_unit_test(only_safe_keys_are_taken_from_lfsconfig),
		cmocka_unit_test(git_goes_before_lfsconfig_and_the_source_is_known),
		cmocka_unit_test(pairs_come_in_order_of_rising_precedence),
		IN_SANDBOX(lfsconfig_is_that_of_the_worktree_even_from_below),
		IN_SANDBOX(without_a_file_the_index_counts_and_then_HEAD),
		IN_SANDBOX(a_bare_repository_has_that_of_HEAD_or_of_a_commit),
		IN_SANDBOX(configuration_from_the_environment_counts),
		IN_SANDBOX(outside_a_repository_only_the_user_speaks),
		IN_SANDBOX(a_broken_lfsconfig_is_an_error_with_a_remedy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
