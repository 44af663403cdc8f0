/* Each rule holds for each way to read a repository: the same tests, once for each. */
#include "agent/git/git_repo.h"
#include "agent/git/git_way.h"
#include "agent/git/lfs_pointer.h"
#include "tests/unit/git_sandbox.h"

static struct git_repo *open_repo(const struct sandbox *s, const char *git_dir)
{
	struct git_repo *r = git_repo_open_by(s->given, git_dir);

	assert_non_null(r);
	assert_string_equal(git_repo_way(r), ((const struct git_way *)s->given)->name);
	return r;
}

static struct commit_id resolved(struct git_repo *r, const char *rev)
{
	struct commit_id id;

	if (!git_repo_resolve(r, rev, &id))
		fail_msg("no %s", rev);
	return id;
}

static int add_path(void *ctx, const char *path, const struct lfs_pointer *pointer)
{
	char text[128];

	snprintf(text, sizeof(text), "%s:%llu ", path, (unsigned long long)pointer->size);
	buf_add_str(ctx, text);
	return 0;
}

static int stop(void *ctx, const char *path, const struct lfs_pointer *pointer)
{
	(void)path;
	(void)pointer;
	++*(int *)ctx;
	return 5;
}

static void pointers_of_a_tree_come_in_order_and_nothing_else_does(void **state)
{
	struct buf seen = BUF_INIT;
	int calls = 0;

	sandbox_init(*state);
	sandbox_point("b.bin", "b", 10);
	sandbox_point("a/deep/er.bin", "a", 20);
	sandbox_write("a/text", "no pointer\n");
	assert_int_equal(symlink("b.bin", "link"), 0);
	sandbox_commit(*state);
	struct git_repo *r = open_repo(*state, ".git");
	struct commit_id head = resolved(r, "HEAD");
	assert_int_equal(git_repo_each_pointer(r, &head, add_path, &seen), 0);
	assert_string_equal(buf_text(&seen), "a/deep/er.bin:20 b.bin:10 ");
	assert_int_equal(git_repo_each_pointer(r, &head, stop, &calls), 5);
	assert_int_equal(calls, 1);
	buf_wipe(&seen);
	git_repo_free(r);
}

static void new_pointers_are_those_that_differ(void **state)
{
	struct buf seen = BUF_INIT;

	sandbox_init(*state);
	sandbox_point("same/x.bin", "x", 1);
	sandbox_point("d/y.bin", "y", 2);
	sandbox_commit(*state);
	sandbox_point("d/y.bin", "y2", 3);
	sandbox_point("d/z.bin", "z", 4);
	sandbox_commit(*state);
	struct git_repo *r = open_repo(*state, ".git");
	struct commit_id head = resolved(r, "HEAD"), first = resolved(r, "HEAD~1");
	git_repo_each_new_pointer(r, &head, &first, add_path, &seen);
	assert_string_equal(buf_text(&seen), "d/y.bin:3 d/z.bin:4 ");
	buf_wipe(&seen);
	git_repo_free(r);
}

static void a_pointer_is_found_by_its_path(void **state)
{
	struct lfs_pointer p;

	sandbox_init(*state);
	sandbox_point("d/x.bin", "x", 7);
	sandbox_write("text", "text\n");
	sandbox_commit(*state);
	struct git_repo *r = open_repo(*state, ".git");
	struct commit_id head = resolved(r, "main"), none = { "1234" };
	assert_true(git_repo_pointer_at(r, &head, "d/x.bin", &p));
	assert_int_equal(p.size, 7);
	assert_false(git_repo_pointer_at(r, &head, "text", &p));
	assert_false(git_repo_pointer_at(r, &head, "d", &p));
	assert_false(git_repo_pointer_at(r, &head, "d/none", &p));
	assert_false(git_repo_pointer_at(r, &none, "d/x.bin", &p));
	git_repo_free(r);
}

static int add_commit(void *ctx, const struct commit_id *commit)
{
	buf_addf(ctx, "%.6s ", commit->hex);
	return 0;
}

/* The commits that `revs` (the hidden ones after a NULL) reach, against what was
 * expected of them. */
static void assert_walk(struct git_repo *r, const char *const *revs,
                        const char *const *hide, size_t max, const char *const *expected)
{
	struct commit_id tips[4], hidden[4];
	struct buf seen = BUF_INIT, wanted = BUF_INIT;
	size_t n = 0, m = 0;

	for (; revs[n]; n++)
		tips[n] = resolved(r, revs[n]);
	for (; hide && hide[m]; m++)
		hidden[m] = resolved(r, hide[m]);
	for (; *expected; expected++)
		buf_addf(&wanted, "%.6s ", resolved(r, *expected).hex);
	struct commit_range range = { .tips = tips,
		                      .tip_count = n,
		                      .hidden = hidden,
		                      .hidden_count = m,
		                      .max = max };
	assert_int_equal(git_repo_walk(r, &range, add_commit, &seen), 0);
	assert_string_equal(buf_text(&seen), buf_text(&wanted));
	buf_wipe(&seen);
	buf_wipe(&wanted);
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void walks_are_newest_first_and_stop_at_what_is_hidden(void **state)
{
	struct commit_id parents[4];

	sandbox_init(*state);
	sandbox_commit(*state);
	sandbox_commit(*state);
	sandbox_git(*state, "checkout", "-q", "-b", "side", "HEAD~1", NULL);
	sandbox_commit(*state);
	sandbox_git(*state, "checkout", "-q", "main", NULL);
	sandbox_git(*state, "merge", "-q", "--no-ff", "-m", "merge", "side", NULL);
	struct git_repo *r = open_repo(*state, ".git");
	assert_walk(r, LIST("main"), NULL, 10, LIST("main", "side", "main~1", "main~2"));
	assert_walk(r, LIST("main"), LIST("side"), 10, LIST("main", "main~1"));
	assert_walk(r, LIST("main", "side"), LIST("main~1"), 10, LIST("main", "side"));
	assert_walk(r, LIST("side"), LIST("main"), 10, LIST(NULL));
	assert_walk(r, LIST("main"), NULL, 2, LIST("main", "main~1"));
	struct commit_id head = resolved(r, "main");
	assert_int_equal(git_repo_parents(r, &head, parents, 4), 2);
	assert_string_equal(parents[1].hex, resolved(r, "side").hex);
	assert_int_equal(git_repo_parents(r, &head, parents, 1), 2);
	git_repo_free(r);
}

/* The committer of what is hidden has a clock that is far behind. */
static void hidden_commits_stay_hidden_whatever_their_clocks_say(void **state)
{
	struct sandbox *s = *state;

	sandbox_init(s);
	sandbox_commit(s);
	sandbox_commit(s);
	s->minutes -= 1000;
	sandbox_git(s, "checkout", "-q", "-b", "late", NULL);
	sandbox_commit(s);
	s->minutes += 2000;
	sandbox_git(s, "checkout", "-q", "-b", "new", NULL);
	sandbox_commit(s);
	struct git_repo *r = open_repo(*state, ".git");
	assert_walk(r, LIST("new"), LIST("late"), 10, LIST("new"));
	assert_walk(r, LIST("new", "main"), LIST("late"), 10, LIST("new"));
	git_repo_free(r);
}

static void a_shallow_clone_ends_where_it_ends(void **state)
{
	char url[4200];

	sandbox_init(*state);
	for (int i = 0; i < 4; i++)
		sandbox_commit(*state);
	snprintf(url, sizeof(url), "file://%s/repo", ((struct sandbox *)*state)->root);
	sandbox_git(*state, "clone", "-q", "--depth", "2", url, "../shallow", NULL);
	struct git_repo *r = open_repo(*state, "../shallow/.git");
	assert_walk(r, LIST("HEAD"), NULL, 10, LIST("HEAD", "HEAD~1"));
	git_repo_free(r);
}

static int add_ref(void *ctx, const char *name, const struct commit_id *tip)
{
	buf_addf(ctx, "%s:%zu ", name, strlen(tip->hex));
	return 0;
}

static void refs_are_listed_by_prefix_and_tags_are_peeled(void **state)
{
	struct buf seen = BUF_INIT;

	sandbox_init(*state);
	sandbox_commit(*state);
	sandbox_git(*state, "tag", "-a", "-m", "tag", "v1", NULL);
	sandbox_git(*state, "tag", "not-a-commit", "HEAD^{tree}", NULL);
	struct git_repo *r = open_repo(*state, ".git");
	git_repo_each_ref(r, "refs/tags/", add_ref, &seen);
	assert_string_equal(buf_text(&seen), "refs/tags/v1:40 ");
	assert_string_equal(resolved(r, "v1").hex, resolved(r, "main").hex);
	buf_wipe(&seen);
	git_repo_free(r);
}

static void odd_repositories_open_or_are_not_known(void **state)
{
	sandbox_init(*state);
	sandbox_commit(*state);
	sandbox_git(*state, "worktree", "add", "-q", "../wt", NULL);
	sandbox_git(*state, "config", "core.repositoryformatversion", "1", NULL);
	sandbox_git(*state, "config", "extensions.worktreeConfig", "true", NULL);
	sandbox_git(*state, "config", "extensions.partialClone", "origin", NULL);
	static const char *const folders[] = { ".git", ".git/worktrees/wt" };
	for (size_t i = 0; i < 2; i++) {
		struct git_repo *r = open_repo(*state, folders[i]);
		resolved(r, "HEAD");
		git_repo_free(r);
	}
	const struct git_way *way = ((struct sandbox *)*state)->given;
	assert_null(git_repo_open_by(way, "/no/such/folder"));
	assert_null(git_repo_open_by(way, "."));
}

static void an_empty_repository_has_no_commits(void **state)
{
	struct commit_id id;

	sandbox_init(*state);
	struct git_repo *r = open_repo(*state, ".git");
	assert_false(git_repo_resolve(r, "HEAD", &id));
	assert_false(git_repo_resolve(r, "", &id));
	assert_false(git_repo_resolve(r, "two\nlines", &id));
	assert_false(git_repo_resolve(r, "--all", &id));
	assert_int_equal(git_repo_each_ref(r, "refs/", add_ref, NULL), 0);
	git_repo_free(r);
	git_repo_free(NULL);
}

static void a_card_is_read_up_to_its_limit(void **state)
{
	struct buf text = BUF_INIT;

	sandbox_init(*state);
	sandbox_write("d/README.md", "twelve bytes");
	sandbox_write("empty", "");
	assert_int_equal(symlink("d/README.md", "link"), 0);
	sandbox_commit(*state);
	struct git_repo *r = open_repo(*state, ".git");
	struct commit_id head = resolved(r, "HEAD");
	for (int again = 0; again < 2; again++) { /* from git, and from what is kept */
		assert_false(git_repo_text_at(r, &head, "d/README.md", 11, &text));
		assert_false(git_repo_text_at(r, &head, "d", 100, &text));
		assert_false(git_repo_text_at(r, &head, "link", 100, &text));
		assert_int_equal(text.size, 0);
		assert_true(git_repo_text_at(r, &head, "empty", 0, &text));
		assert_true(git_repo_text_at(r, &head, "d/README.md", 12, &text));
		assert_string_equal(buf_text(&text), "twelve bytes");
		text.size = 0;
	}
	buf_wipe(&text);
	git_repo_free(r);
}

/* A file becomes a folder, a folder a file; "a-b" and "a.b" stand between "a" as a file
 * and "a" as a folder in git's order. */
static void folders_and_files_may_change_places(void **state)
{
	struct buf seen = BUF_INIT;

	sandbox_init(*state);
	sandbox_point("a", "a", 1);
	sandbox_point("a-b", "b", 2);
	sandbox_point("d/x", "x", 3);
	sandbox_commit(*state);
	sandbox_git(*state, "rm", "-q", "-r", "a", "d", NULL);
	sandbox_point("a/y", "y", 4);
	sandbox_point("a.b", "c", 5);
	sandbox_point("d", "d", 6);
	sandbox_commit(*state);
	struct git_repo *r = open_repo(*state, ".git");
	struct commit_id head = resolved(r, "HEAD"), first = resolved(r, "HEAD~1");
	git_repo_each_new_pointer(r, &head, &first, add_path, &seen);
	assert_string_equal(buf_text(&seen), "a.b:5 a/y:4 d:6 ");
	seen.size = 0;
	git_repo_each_new_pointer(r, &first, &head, add_path, &seen);
	assert_string_equal(buf_text(&seen), "a:1 d/x:3 ");
	buf_wipe(&seen);
	git_repo_free(r);
}

/* What the remote promised and this clone lacks is not fetched, and hides nothing else. */
static void a_partial_clone_knows_what_it_has(void **state)
{
	struct buf seen = BUF_INIT;
	struct lfs_pointer p;
	char url[4200];

	sandbox_init(*state);
	sandbox_git(*state, "config", "uploadpack.allowFilter", "true", NULL);
	sandbox_point("a.bin", "old", 1);
	sandbox_point("b.bin", "b", 2);
	sandbox_commit(*state);
	sandbox_point("a.bin", "new", 3);
	sandbox_commit(*state);
	snprintf(url, sizeof(url), "file://%s/repo", ((struct sandbox *)*state)->root);
	sandbox_git(*state, "clone", "-q", "--filter=blob:none", url, "../partial", NULL);
	struct git_repo *r = open_repo(*state, "../partial/.git");
	struct commit_id first = resolved(r, "HEAD~1"), head = resolved(r, "HEAD");
	assert_false(git_repo_pointer_at(r, &first, "a.bin", &p));
	git_repo_each_pointer(r, &first, add_path, &seen);
	git_repo_each_pointer(r, &head, add_path, &seen);
	assert_string_equal(buf_text(&seen), "b.bin:2 a.bin:3 b.bin:2 ");
	assert_false(git_repo_pointer_at(r, &first, "a.bin", &p));
	buf_wipe(&seen);
	git_repo_free(r);
}

#define BY(way, test)                                                       \
	{                                                                   \
#test " (" #way ")", test, sandbox_setup, sandbox_teardown, \
			(void *)(uintptr_t)&git_way_##way                   \
	}
#define EACH_WAY(test) BY(library, test), BY(program, test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH_WAY(pointers_of_a_tree_come_in_order_and_nothing_else_does),
		EACH_WAY(new_pointers_are_those_that_differ),
		EACH_WAY(a_pointer_is_found_by_its_path),
		EACH_WAY(a_card_is_read_up_to_its_limit),
		EACH_WAY(folders_and_files_may_change_places),
		EACH_WAY(walks_are_newest_first_and_stop_at_what_is_hidden),
		EACH_WAY(hidden_commits_stay_hidden_whatever_their_clocks_say),
		EACH_WAY(a_shallow_clone_ends_where_it_ends),
		EACH_WAY(a_partial_clone_knows_what_it_has),
		EACH_WAY(refs_are_listed_by_prefix_and_tags_are_peeled),
		EACH_WAY(odd_repositories_open_or_are_not_known),
		EACH_WAY(an_empty_repository_has_no_commits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
