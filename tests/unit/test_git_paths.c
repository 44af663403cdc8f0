#include "agent/git/git_paths.h"
#include "agent/git/lfs_config.h"
#include "tests/unit/git_sandbox.h"

static int find(struct git_paths *p)
{
	struct lfs_config *c = NULL;
	struct err err = ERR_INIT;

	if (lfs_config_read(&c, &err))
		fail_msg("%s", err.text);
	int rc = git_paths_find(c, p, &err);
	if (rc < 0)
		print_message("%s\n", err.text);
	lfs_config_free(c);
	return rc;
}

static void assert_below(const struct sandbox *s, const char *path, const char *rest)
{
	size_t n = strlen(s->root);

	assert_non_null(path);
	assert_memory_equal(path, s->root, n);
	assert_string_equal(path + n, rest);
}

static void a_plain_repository_also_from_a_sub_folder(void **state)
{
	struct git_paths p;

	sandbox_init(*state);
	assert_int_equal(mkdir("sub", 0777), 0);
	assert_int_equal(chdir("sub"), 0);
	assert_int_equal(find(&p), 0);
	assert_below(*state, p.git_dir, "/repo/.git");
	assert_below(*state, p.common_dir, "/repo/.git");
	assert_below(*state, p.worktree, "/repo");
	assert_below(*state, p.lfs_dir, "/repo/.git/lfs");
	assert_below(*state, p.lfs_tmp, "/repo/.git/lfs/tmp");
	git_paths_wipe(&p);
}

static void a_linked_worktree_shares_git_lfs_storage(void **state)
{
	struct git_paths p;

	sandbox_init(*state);
	sandbox_commit(*state);
	sandbox_git(*state, "worktree", "add", "-q", "../wt", NULL);
	assert_int_equal(chdir("../wt"), 0);
	assert_int_equal(find(&p), 0);
	assert_below(*state, p.git_dir, "/repo/.git/worktrees/wt");
	assert_below(*state, p.common_dir, "/repo/.git");
	assert_below(*state, p.worktree, "/wt");
	assert_below(*state, p.lfs_dir, "/repo/.git/lfs");
	git_paths_wipe(&p);
}

static void a_separate_git_folder_and_a_submodule(void **state)
{
	struct git_paths p;

	sandbox_git(*state, "init", "-q", "--separate-git-dir", "elsewhere", "repo",
	            NULL);
	assert_int_equal(chdir("repo"), 0);
	assert_int_equal(find(&p), 0);
	assert_below(*state, p.git_dir, "/elsewhere");
	assert_below(*state, p.worktree, "/repo");
	git_paths_wipe(&p);
	sandbox_commit(*state);
	sandbox_git(*state, "init", "-q", "../super", NULL);
	assert_int_equal(chdir("../super"), 0);
	sandbox_git(*state, "-c", "protocol.file.allow=always", "submodule", "--quiet",
	            "add", "../repo", "sub", NULL);
	assert_int_equal(chdir("sub"), 0);
	assert_int_equal(find(&p), 0);
	assert_below(*state, p.lfs_dir, "/super/.git/modules/sub/lfs");
	git_paths_wipe(&p);
}

static void a_bare_repository_has_no_worktree(void **state)
{
	struct git_paths p;

	sandbox_git(*state, "init", "-q", "--bare", "bare", NULL);
	assert_int_equal(chdir("bare"), 0);
	assert_int_equal(find(&p), 0);
	assert_below(*state, p.git_dir, "/bare");
	assert_null(p.worktree);
	git_paths_wipe(&p);
}

/* A relative store begins at one place, wherever in a clone git runs us. */
static void assert_root_at(const struct sandbox *s, const char *folder, const char *root)
{
	char path[4200];
	struct git_paths p;

	snprintf(path, sizeof(path), "%s/%s", s->root, folder);
	assert_int_equal(chdir(path), 0);
	assert_int_equal(find(&p), 0);
	assert_below(s, p.store_root, root);
	git_paths_wipe(&p);
}

static void a_store_begins_at_the_main_worktree(void **state)
{
	const struct sandbox *s = *state;

	sandbox_init(*state);
	sandbox_commit(*state);
	assert_int_equal(mkdir("sub", 0777), 0);
	sandbox_git(*state, "worktree", "add", "-q", ".worktrees/deep/wt", NULL);
	assert_root_at(s, "repo", "/repo");
	assert_root_at(s, "repo/sub", "/repo");
	assert_root_at(s, "repo/.git", "/repo");
	assert_root_at(s, "repo/.worktrees/deep/wt", "/repo");
}

static void a_store_begins_at_a_bare_repository(void **state)
{
	const struct sandbox *s = *state;

	sandbox_init(*state);
	sandbox_commit(*state);
	sandbox_git(*state, "clone", "-q", "--bare", ".", "../modules/bare.git", NULL);
	sandbox_git(*state, "-C", "../modules/bare.git", "worktree", "add", "-q",
	            "../../wt", "main", NULL);
	assert_root_at(s, "modules/bare.git", "/modules/bare.git");
	assert_root_at(s, "wt", "/modules/bare.git");
}

static void a_separate_git_folder_tells_no_linked_worktree(void **state)
{
	const struct sandbox *s = *state;

	assert_int_equal(mkdir("modules", 0777), 0);
	sandbox_git(*state, "init", "-q", "--separate-git-dir", "modules/elsewhere",
	            "repo", NULL);
	assert_int_equal(chdir("repo"), 0);
	sandbox_commit(*state);
	sandbox_git(*state, "worktree", "add", "-q", "../wt", NULL);
	assert_root_at(s, "repo", "/repo");
	assert_root_at(s, "wt", "/wt");
}

/* Submodules of submodules, and linked worktrees of either. */
static void a_submodules_store_begins_at_its_superproject(void **state)
{
	const struct sandbox *s = *state;

	sandbox_git(*state, "init", "-q", "-b", "main", "inner", NULL);
	assert_int_equal(chdir("inner"), 0);
	sandbox_commit(*state);
	sandbox_git(*state, "init", "-q", "-b", "main", "../middle", NULL);
	assert_int_equal(chdir("../middle"), 0);
	sandbox_git(*state, "-c", "protocol.file.allow=always", "submodule", "--quiet",
	            "add", "../inner", "libs/modules/i", NULL);
	sandbox_commit(*state);
	assert_root_at(s, "middle/libs/modules/i", "/middle");
	assert_int_equal(chdir(s->root), 0);
	sandbox_git(*state, "-c", "protocol.file.allow=always", "clone", "-q",
	            "--recurse-submodules", "middle", "other", NULL);
	assert_root_at(s, "other/libs/modules/i", "/other");
	assert_int_equal(chdir(s->root), 0);
	sandbox_git(*state, "init", "-q", "-b", "main", "super", NULL);
	assert_int_equal(chdir("super"), 0);
	sandbox_git(*state, "-c", "protocol.file.allow=always", "submodule", "--quiet",
	            "add", "../middle", "m", NULL);
	sandbox_git(*state, "-c", "protocol.file.allow=always", "submodule", "--quiet",
	            "update", "--init", "--recursive", NULL);
	sandbox_commit(*state);
	assert_root_at(s, "super/m/libs/modules/i", "/super");
	sandbox_git(*state, "worktree", "add", "-q", "linked", NULL);
	assert_root_at(s, "super/m/libs/modules/i/linked", "/super");
	assert_int_equal(chdir(s->root), 0);
	sandbox_git(*state, "-C", "super", "worktree", "add", "-q", "linked/w", NULL);
	assert_int_equal(chdir("super/linked/w"), 0);
	sandbox_git(*state, "-c", "protocol.file.allow=always", "submodule", "--quiet",
	            "update", "--init", NULL);
	assert_root_at(s, "super/linked/w/m", "/super");
}

static void no_repository_is_an_answer_with_modes_alone(void **state)
{
	struct git_paths p;

	(void)state;
	umask(022);
	assert_int_equal(find(&p), 1);
	assert_null(p.git_dir);
	assert_null(p.lfs_dir);
	assert_int_equal(p.modes.file, 0444);
	assert_int_equal(p.modes.folder, 0755);
	git_paths_wipe(&p);
}

/* What git refuses is not "no repository". */
static void assert_refused(const char *words, const char *remedy)
{
	struct lfs_config *c = NULL;
	struct err err = ERR_INIT;
	struct git_paths p;

	int rc = lfs_config_read(&c, &err);
	if (!rc)
		rc = git_paths_find(c, &p, &err);
	assert_int_equal(rc, ERR_CONFIG);
	if (!strstr(err.text, words) || !strstr(err.text, remedy) ||
	    strchr(err.text, '\n'))
		fail_msg("%s", err.text);
	lfs_config_free(c);
}

static void what_git_refuses_is_told_in_its_words(void **state)
{
	const struct sandbox *s = *state;
	char remedy[4200];

	sandbox_init(*state);
	snprintf(remedy, sizeof(remedy), "--add safe.directory %s/repo", s->root);
	setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1", 1);
	assert_refused("belongs to another user", remedy);
	unsetenv("GIT_TEST_ASSUME_DIFFERENT_OWNER");
	sandbox_git(*state, "config", "core.repositoryFormatVersion", "99", NULL);
	assert_refused("git refuses this repository: ", "99");
	sandbox_write(".git/config", "[core\n");
	assert_refused("bad config", "1");
	assert_int_equal(mkdir("../other", 0777), 0);
	assert_int_equal(chdir("../other"), 0);
	sandbox_write(".git", "gitdir: /gone/from/here\n");
	assert_refused("not a git repository: ", "/gone/from/here");
}

static void lfs_storage_is_relative_to_the_common_folder(void **state)
{
	struct git_paths p;

	sandbox_init(*state);
	sandbox_git(*state, "config", "lfs.storage", "../st", NULL);
	assert_int_equal(find(&p), 0);
	assert_below(*state, p.lfs_dir, "/repo/.git/../st");
	git_paths_wipe(&p);
	sandbox_git(*state, "config", "lfs.storage", "/abs/st", NULL);
	assert_int_equal(find(&p), 0);
	assert_string_equal(p.lfs_dir, "/abs/st");
	git_paths_wipe(&p);
}

static void modes_follow_core_sharedRepository_and_umask(void **state)
{
	static const struct {
		const char *value;
		mode_t mask, file, folder;
	} cases[] = {
		{ "umask", 022, 0444, 0755 },      { "false", 077, 0400, 0700 },
		{ "0", 027, 0440, 0750 },          { "group", 077, 0440, 02770 },
		{ "true", 022, 0444, 02775 },      { "1", 027, 0440, 02770 },
		{ "all", 077, 0444, 02775 },       { "world", 077, 0444, 02775 },
		{ "everybody", 077, 0444, 02775 }, { "2", 077, 0444, 02775 },
		{ "0640", 077, 0440, 02750 },      { "0660", 022, 0440, 02770 },
		{ "0664", 077, 0444, 02775 },      { "0600", 022, 0400, 02700 },
	};

	sandbox_init(*state);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct git_paths p;
		umask(022);
		sandbox_git(*state, "config", "core.sharedRepository", cases[i].value,
		            NULL);
		umask(cases[i].mask);
		assert_int_equal(find(&p), 0);
		if (p.modes.file != cases[i].file || p.modes.folder != cases[i].folder)
			fail_msg("%s: 0%o 0%o", cases[i].value, p.modes.file,
			         p.modes.folder);
		git_paths_wipe(&p);
	}
	umask(022);
}

static void objects_lie_where_git_lfs_has_them_and_folders_get_their_mode(void **state)
{
	struct oid oid = sandbox_oid("x");
	char hex[SHA256_HEX + 1], expected[256];
	struct git_paths p;
	struct stat st;

	sandbox_init(*state);
	sandbox_git(*state, "config", "core.sharedRepository", "group", NULL);
	assert_int_equal(find(&p), 0);
	oid_format(&oid, hex);
	snprintf(expected, sizeof(expected), "/repo/.git/lfs/objects/%.2s/%.2s/%s", hex,
	         hex + 2, hex);
	char *path = git_paths_lfs_object(&p, &oid);
	assert_below(*state, path, expected);
	free(path);
	assert_int_equal(git_paths_make_folder(&p, p.lfs_tmp, NULL), 0);
	assert_int_equal(git_paths_make_folder(&p, p.lfs_tmp, NULL), 0);
	assert_int_equal(stat(p.lfs_tmp, &st), 0);
	assert_int_equal(st.st_mode & 07777, 02775);
	git_paths_wipe(&p);
}

#define IN_SANDBOX(test) \
	cmocka_unit_test_setup_teardown(test, sandbox_setup, sandbox_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SANDBOX(a_plain_repository_also_from_a_sub_folder),
		IN_SANDBOX(a_linked_worktree_shares_git_lfs_storage),
		IN_SANDBOX(a_separate_git_folder_and_a_submodule),
		IN_SANDBOX(a_bare_repository_has_no_worktree),
		IN_SANDBOX(a_store_begins_at_the_main_worktree),
		IN_SANDBOX(a_store_begins_at_a_bare_repository),
		IN_SANDBOX(a_separate_git_folder_tells_no_linked_worktree),
		IN_SANDBOX(a_submodules_store_begins_at_its_superproject),
		IN_SANDBOX(no_repository_is_an_answer_with_modes_alone),
		IN_SANDBOX(what_git_refuses_is_told_in_its_words),
		IN_SANDBOX(lfs_storage_is_relative_to_the_common_folder),
		IN_SANDBOX(modes_follow_core_sharedRepository_and_umask),
		IN_SANDBOX(objects_lie_where_git_lfs_has_them_and_folders_get_their_mode),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
