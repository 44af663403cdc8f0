#include "agent/git/git_paths.h"
#include "agent/git/lfs_config.h"
#include "agent/hints/history.h"
#include "tests/unit/git_sandbox.h"

enum { MODEL = 1 << 20 };

/* What history knows of the made-up `object`: "path < hint hint ...", each hint
 * by its path and the made-up object it is. */
static void assert_hints(const char *remote, const char *object, uint64_t size,
                         const char *const *known, const char *expected)
{
	struct lfs_config *config = NULL;
	struct git_paths paths = { 0 };
	struct base_hints hints = BASE_HINTS_INIT;
	struct oid oid = sandbox_oid(object);
	struct buf seen = BUF_INIT;

	assert_int_equal(lfs_config_read(&config, NULL), 0);
	assert_true(git_paths_find(config, &paths, NULL) >= 0);
	struct history *h = history_open(&paths, remote);
	assert_non_null(h);
	history_hints(h, &oid, size, &hints);
	buf_addf(&seen, "%s <", hints.path ? hints.path : "-");
	for (size_t i = 0; i < hints.count; i++) {
		const char *name = "?";
		for (const char *const *k = known; *k; k++) {
			struct oid other = sandbox_oid(*k);
			if (oid_equal(&other, &hints.list[i].oid))
				name = *k;
		}
		buf_addf(&seen, " %s=%s", hints.list[i].path, name);
		assert_int_equal(strspn(hints.list[i].commit, "0123456789abcdef"),
		                 strlen(hints.list[i].commit));
	}
	assert_int_equal(!hints.path, !hints.commit);
	assert_string_equal(buf_text(&seen), expected);
	buf_wipe(&seen);
	base_hints_wipe(&hints);
	history_free(h);
	git_paths_wipe(&paths);
	lfs_config_free(config);
}

#define KNOWN ((const char *const[]){ "v1", "v2", "v3", "x", "y", "z", "s1", "s2", NULL })

static void the_same_path_in_the_parent_comes_first(void **state)
{
	sandbox_init(*state);
	sandbox_point("other.safetensors", "x", MODEL);
	sandbox_point("m.safetensors", "v1", MODEL);
	sandbox_commit(*state);
	sandbox_point("m.safetensors", "v2", MODEL);
	sandbox_commit(*state);
	assert_hints("origin", "v2", MODEL, KNOWN,
	             "m.safetensors < m.safetensors=v1 other.safetensors=x");
	/* the later version is a candidate too: git-lfs decides which comes first */
	assert_hints("origin", "v1", MODEL, KNOWN,
	             "m.safetensors < m.safetensors=v2 other.safetensors=x");
}

static void older_versions_follow_the_newest(void **state)
{
	sandbox_init(*state);
	sandbox_point("m.bin", "v1", MODEL);
	sandbox_commit(*state);
	sandbox_commit(*state);
	sandbox_point("m.bin", "v2", MODEL);
	sandbox_commit(*state);
	sandbox_commit(*state);
	sandbox_point("m.bin", "v3", MODEL);
	sandbox_commit(*state);
	assert_hints(NULL, "v3", MODEL, KNOWN, "m.bin < m.bin=v2 m.bin=v1");
}

static void what_the_remote_has_is_a_candidate(void **state)
{
	sandbox_init(*state);
	sandbox_point("m.bin", "v1", MODEL);
	sandbox_commit(*state);
	sandbox_git(*state, "update-ref", "refs/remotes/origin/main", "HEAD", NULL);
	sandbox_point("m.bin", "v2", MODEL);
	sandbox_commit(*state);
	assert_hints("origin", "v2", MODEL, KNOWN, "m.bin < m.bin=v1");
	/* pushed again: found in the history that the remote has */
	assert_hints("origin", "v1", MODEL, KNOWN, "m.bin < m.bin=v2");
	assert_hints("file:///elsewhere", "v2", MODEL, KNOWN, "m.bin < m.bin=v1");
}

static void an_orphan_branch_is_compared_with_the_remotes_branches(void **state)
{
	sandbox_init(*state);
	sandbox_point("m.bin", "v1", MODEL);
	sandbox_commit(*state);
	sandbox_git(*state, "update-ref", "refs/remotes/origin/main", "HEAD", NULL);
	sandbox_git(*state, "checkout", "-q", "--orphan", "fresh", NULL);
	sandbox_git(*state, "branch", "-q", "-D", "main", NULL);
	sandbox_point("m.bin", "v2", MODEL);
	sandbox_commit(*state);
	assert_hints("origin", "v2", MODEL, KNOWN, "m.bin < m.bin=v1");
}

static void an_amended_commit_still_has_its_parent(void **state)
{
	sandbox_init(*state);
	sandbox_point("m.bin", "v1", MODEL);
	sandbox_commit(*state);
	sandbox_point("m.bin", "v2", MODEL);
	sandbox_commit(*state);
	sandbox_git(*state, "update-ref", "refs/remotes/origin/main", "HEAD", NULL);
	sandbox_point("m.bin", "v3", MODEL);
	sandbox_git(*state, "add", "-A", NULL);
	sandbox_git(*state, "commit", "-q", "--amend", "-m", "amended", NULL);
	assert_hints("origin", "v3", MODEL, KNOWN, "m.bin < m.bin=v1 m.bin=v2");
}

static void both_sides_of_a_merge_are_candidates(void **state)
{
	sandbox_init(*state);
	sandbox_commit(*state);
	sandbox_git(*state, "checkout", "-q", "-b", "side", NULL);
	sandbox_point("m.bin", "v2", MODEL);
	sandbox_commit(*state);
	sandbox_git(*state, "checkout", "-q", "main", NULL);
	sandbox_point("m.bin", "v1", MODEL);
	sandbox_commit(*state);
	sandbox_git(*state, "merge", "-q", "-s", "ours", "--no-commit", "side", NULL);
	sandbox_point("m.bin", "v3", MODEL);
	sandbox_commit(*state);
	assert_hints("origin", "v3", MODEL, KNOWN, "m.bin < m.bin=v1 m.bin=v2");
}

static void a_renamed_model_is_found_by_likeness(void **state)
{
	sandbox_init(*state);
	sandbox_point("notes.bin", "z", MODEL);
	sandbox_point("small.safetensors", "y", MODEL / 4);
	sandbox_point("old/model.safetensors", "v1", MODEL);
	sandbox_point("tiny.safetensors", "x", 1000);
	sandbox_commit(*state);
	sandbox_git(*state, "mv", "old", "new", NULL);
	sandbox_point("new/model.safetensors", "v2", MODEL + 100);
	sandbox_commit(*state);
	assert_hints(
		"origin", "v2", MODEL + 100, KNOWN,
		"new/model.safetensors < old/model.safetensors=v1 small.safetensors=y "
		"notes.bin=z");
}

static void shards_of_one_commit_are_compared_with_the_whole_before(void **state)
{
	sandbox_init(*state);
	sandbox_point("model.safetensors", "v1", 2 * MODEL);
	sandbox_commit(*state);
	sandbox_git(*state, "rm", "-q", "model.safetensors", NULL);
	sandbox_point("model-00001-of-00002.safetensors", "s1", MODEL);
	sandbox_point("model-00002-of-00002.safetensors", "s2", MODEL);
	sandbox_commit(*state);
	assert_hints("origin", "s2", MODEL, KNOWN,
	             "model-00002-of-00002.safetensors < model.safetensors=v1 "
	             "model-00001-of-00002.safetensors=s1");
}

static void tags_and_other_branches_are_scanned_too(void **state)
{
	sandbox_init(*state);
	sandbox_point("m.bin", "v1", MODEL);
	sandbox_commit(*state);
	sandbox_git(*state, "checkout", "-q", "--detach", NULL);
	sandbox_point("m.bin", "v2", MODEL);
	sandbox_commit(*state);
	sandbox_git(*state, "tag", "-a", "-m", "release", "v2", NULL);
	sandbox_git(*state, "checkout", "-q", "-b", "side", "main", NULL);
	sandbox_point("m.bin", "v3", MODEL);
	sandbox_commit(*state);
	sandbox_git(*state, "checkout", "-q", "main", NULL);
	assert_hints("origin", "v2", MODEL, KNOWN, "m.bin < m.bin=v1 m.bin=v3");
	assert_hints("origin", "v3", MODEL, KNOWN, "m.bin < m.bin=v1 m.bin=v2");
}

static void a_bare_repository_is_as_good(void **state)
{
	sandbox_init(*state);
	sandbox_point("m.bin", "v1", MODEL);
	sandbox_commit(*state);
	sandbox_point("m.bin", "v2", MODEL);
	sandbox_commit(*state);
	sandbox_git(*state, "clone", "-q", "--bare", ".", "../bare", NULL);
	assert_int_equal(chdir("../bare"), 0);
	assert_hints("origin", "v2", MODEL, KNOWN, "m.bin < m.bin=v1");
}

static void a_shallow_clone_knows_what_it_has(void **state)
{
	char url[4200];

	sandbox_init(*state);
	sandbox_point("m.bin", "v1", MODEL);
	sandbox_point("n.bin", "x", MODEL);
	sandbox_commit(*state);
	sandbox_point("m.bin", "v2", MODEL);
	sandbox_commit(*state);
	snprintf(url, sizeof(url), "file://%s/repo", ((struct sandbox *)*state)->root);
	sandbox_git(*state, "clone", "-q", "--depth", "1", url, "../shallow", NULL);
	assert_int_equal(chdir("../shallow"), 0);
	assert_hints("origin", "v2", MODEL, KNOWN, "m.bin < n.bin=x");
	sandbox_point("m.bin", "v3", MODEL);
	sandbox_commit(*state);
	assert_hints("origin", "v3", MODEL, KNOWN, "m.bin < m.bin=v2 n.bin=x");
}

static void nothing_known_is_no_failure(void **state)
{
	assert_hints("origin", "v1", MODEL, KNOWN, "- <");
	sandbox_init(*state);
	assert_hints("origin", "v1", MODEL, KNOWN, "- <");
	history_free(NULL);
}

static void an_unknown_object_is_compared_with_our_branches(void **state)
{
	sandbox_init(*state);
	sandbox_point("a.bin", "x", MODEL);
	sandbox_point("b.bin", "y", 4 * MODEL);
	sandbox_commit(*state);
	assert_hints("origin", "v1", 4 * MODEL, KNOWN, "- < b.bin=y a.bin=x");
}

static void a_local_copy_is_told_when_it_is_whole(void **state)
{
	struct lfs_config *config = NULL;
	struct git_paths paths = { 0 };

	sandbox_init(*state);
	sandbox_point("m.bin", "v1", 70000);
	sandbox_commit(*state);
	sandbox_point("m.bin", "v2", 70000);
	sandbox_commit(*state);
	assert_int_equal(lfs_config_read(&config, NULL), 0);
	assert_int_equal(git_paths_find(config, &paths, NULL), 0);
	struct oid v1 = sandbox_oid("v1"), v2 = sandbox_oid("v2");
	char *copy = git_paths_lfs_object(&paths, &v1);
	sandbox_write(copy, "");
	for (off_t size = 69999; size <= 70000; size++) {
		struct base_hints hints = BASE_HINTS_INIT;
		struct history *h = history_open(&paths, "origin");
		assert_int_equal(truncate(copy, size), 0);
		history_hints(h, &v2, 70000, &hints);
		assert_int_equal(hints.count, 1);
		if (size == 70000)
			assert_string_equal(hints.list[0].local_file, copy);
		else
			assert_null(hints.list[0].local_file);
		base_hints_wipe(&hints);
		history_free(h);
	}
	free(copy);
	git_paths_wipe(&paths);
	lfs_config_free(config);
}

static void hints_are_at_most_64(void **state)
{
	struct lfs_config *config = NULL;
	struct git_paths paths = { 0 };
	struct base_hints hints = BASE_HINTS_INIT;
	struct oid oid = sandbox_oid("object-0");

	sandbox_init(*state);
	for (int i = 0; i < 200; i++) {
		char path[32], object[32];
		snprintf(path, sizeof(path), "m%03d.bin", i);
		snprintf(object, sizeof(object), "object-%d", i);
		sandbox_point(path, object, MODEL);
	}
	sandbox_commit(*state);
	assert_int_equal(lfs_config_read(&config, NULL), 0);
	assert_int_equal(git_paths_find(config, &paths, NULL), 0);
	struct history *h = history_open(&paths, "origin");
	history_hints(h, &oid, MODEL, &hints);
	assert_int_equal(hints.count, 64);
	base_hints_wipe(&hints);
	history_free(h);
	git_paths_wipe(&paths);
	lfs_config_free(config);
}

static int setup(void **state)
{
	if (sandbox_setup(state))
		return 1;
	struct sandbox *s = *state;
	s->option = s->given;
	return 0;
}

/* What libgit2 reads, and what is asked of git: the same hints. */
static const char sha256[] = "--object-format=sha256";

#define EACH_KIND(test)                                            \
	{ #test, test, setup, sandbox_teardown, NULL },            \
	{                                                          \
#test " (SHA-256)", test, setup, sandbox_teardown, \
			(void *)(uintptr_t)sha256                  \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH_KIND(the_same_path_in_the_parent_comes_first),
		EACH_KIND(older_versions_follow_the_newest),
		EACH_KIND(what_the_remote_has_is_a_candidate),
		EACH_KIND(an_orphan_branch_is_compared_with_the_remotes_branches),
		EACH_KIND(an_amended_commit_still_has_its_parent),
		EACH_KIND(both_sides_of_a_merge_are_candidates),
		EACH_KIND(a_renamed_model_is_found_by_likeness),
		EACH_KIND(shards_of_one_commit_are_compared_with_the_whole_before),
		EACH_KIND(tags_and_other_branches_are_scanned_too),
		EACH_KIND(a_bare_repository_is_as_good),
		EACH_KIND(a_shallow_clone_knows_what_it_has),
		EACH_KIND(nothing_known_is_no_failure),
		EACH_KIND(an_unknown_object_is_compared_with_our_branches),
		EACH_KIND(a_local_copy_is_told_when_it_is_whole),
		EACH_KIND(hints_are_at_most_64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
