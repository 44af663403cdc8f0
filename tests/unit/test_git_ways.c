/* What git itself is asked, when it is asked: few processes, none that is waited for when it
 * dies, and what libgit2 cannot open. */
#include "agent/git/git_batch.h"
#include "agent/git/git_repo.h"
#include "agent/git/git_way.h"
#include "agent/git/lfs_pointer.h"
#include "tests/unit/git_sandbox.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A program "git" before all others in PATH, which is this script; $git is the real one. */
static void put_git_before(const struct sandbox *s, const char *script)
{
	const char *argv[] = { "sh", "-c", "command -v git", NULL };
	struct buf real = BUF_INIT, text = BUF_INIT, path = BUF_INIT;
	int status;

	assert_int_equal(
		git_run(argv, &(struct git_run_io){ .output = &real }, &status, NULL), 0);
	real.size--; /* the newline */
	buf_addf(&text, "#!/bin/sh\ngit=%s root=%s\n%s\n", buf_text(&real), s->root,
	         script);
	buf_addf(&path, "%s/bin/git", s->root);
	sandbox_write(buf_text(&path), buf_text(&text));
	assert_int_equal(chmod(buf_text(&path), 0755), 0);
	path.size = 0;
	buf_addf(&path, "%s/bin:%s", s->root, getenv("PATH"));
	assert_int_equal(setenv("PATH", buf_text(&path), 1), 0);
	buf_wipe(&real);
	buf_wipe(&text);
	buf_wipe(&path);
}

/* A newer git than the system's makes kinds of repositories that this one cannot. */
static int setup(void **state)
{
	const char *newer = getenv("GITBIN");
	struct buf path = BUF_INIT;

	if (newer && *newer)
		buf_addf(&path, "%s:", newer);
	buf_add_str(&path, getenv("PATH"));
	char *text = strdup(buf_text(&path));
	buf_wipe(&path);
	if (!text || setenv("PATH", text, 1) || sandbox_setup(state))
		return 1;
	((struct sandbox *)*state)->given = text;
	return 0;
}

static int teardown(void **state)
{
	char *path = (char *)(uintptr_t)((struct sandbox *)*state)->given;

	setenv("PATH", path, 1);
	free(path);
	return sandbox_teardown(state);
}

static int count_pointer(void *ctx, const char *path, const struct lfs_pointer *pointer)
{
	(void)path;
	(void)pointer;
	++*(int *)ctx;
	return 0;
}

/* What a scan of a history does with each commit. */
struct scan {
	struct git_repo *r;
	int commits, pointers;
};

static int scan_commit(void *ctx, const struct commit_id *commit)
{
	struct scan *s = ctx;
	struct commit_id parent;
	size_t n = git_repo_parents(s->r, commit, &parent, 1);

	s->commits++;
	return git_repo_each_new_pointer(s->r, commit, n ? &parent : NULL, count_pointer,
	                                 &s->pointers);
}

static struct scan scan_head(struct git_repo *r)
{
	struct scan s = { r, 0, 0 };
	struct commit_id head;

	if (git_repo_resolve(r, "HEAD", &head)) {
		struct commit_range range = { .tips = &head,
			                      .tip_count = 1,
			                      .max = 1000 };
		git_repo_walk(r, &range, scan_commit, &s);
	}
	return s;
}

static size_t lines_of(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n = 0;

	for (int c; f && (c = getc(f)) != EOF;)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

/* A history of `commits`, each with another version of one model. */
static void make_history(struct sandbox *s, int commits)
{
	char object[16];

	sandbox_init(s);
	for (int i = 0; i < commits; i++) {
		snprintf(object, sizeof(object), "v%d", i);
		sandbox_point("models/m.bin", object, 1 << 20);
		sandbox_commit(s);
	}
}

static void a_history_is_read_by_three_processes_however_long_it_is(void **state)
{
	make_history(*state, 20);
	put_git_before(*state, "echo \"$2\" >>$root/started; exec $git \"$@\"");
	struct git_repo *r = git_repo_open_by(&git_way_program, ".git");
	assert_non_null(r);
	struct scan s = scan_head(r);
	assert_int_equal(s.commits, 20);
	assert_int_equal(s.pointers, 20);
	git_repo_free(r);
	assert_int_equal(lines_of("../started"), 3);
}

/* Each process of git says so much and dies: at once, in the middle of a head, in the
 * middle of a commit. Nothing is waited for, and it is not tried for ever. */
static void a_git_that_dies_makes_things_unknown_and_no_more(void **state)
{
	static const char *const deaths[] = {
		"exit 1",
		"read -r line; exit 0",
		"read -r line; printf 0123456789abcdef",
		"read -r line; printf '%s commit 500\\ntree 0123' \"$line\"",
		"read -r line; echo \"$line missing\"",
		"read -r line; echo \"$line commit 99999999999999999999999999\"",
		"read -r line; echo \"$line commit -1\"",
		"read -r line; head -c 100000 /dev/zero",
	};
	struct buf script = BUF_INIT;

	make_history(*state, 2);
	for (size_t i = 0; i < COUNT(deaths); i++) {
		script.size = 0;
		buf_addf(&script,
		         "[ $2 = cat-file ] || exec $git \"$@\"\n"
		         "[ $3 = --batch ] || exec $git \"$@\"\n"
		         "echo >>$root/started\n%s",
		         deaths[i]);
		remove("../started");
		put_git_before(*state, buf_text(&script));
		struct git_repo *r = git_repo_open_by(&git_way_program, ".git");
		assert_non_null(r);
		for (int again = 0; again < 100; again++)
			assert_int_equal(scan_head(r).pointers, 0);
		git_repo_free(r);
		assert_in_range(lines_of("../started"), 1, 64);
		setenv("PATH", ((struct sandbox *)*state)->given, 1);
	}
	buf_wipe(&script);
}

static void a_git_that_dies_once_is_asked_again(void **state)
{
	struct git_answer answer;
	struct buf bytes = BUF_INIT;

	make_history(*state, 1);
	put_git_before(*state, "[ -e $root/died ] || { >$root/died; exit 1; }\n"
	                       "exec $git \"$@\"");
	struct git_batch *b = git_batch_new(".git", GIT_BATCH_CONTENTS);
	assert_non_null(b);
	assert_int_equal(git_batch_ask(b, "HEAD", &answer), 1);
	assert_int_equal(git_batch_ask(b, "HEAD", &answer), 0);
	assert_string_equal(answer.type, "commit");
	assert_int_equal(git_batch_take(b, &answer, &bytes), 0);
	assert_int_equal(bytes.size, answer.size);
	assert_int_equal(git_batch_ask(b, "no-such", &answer), 1);
	assert_int_equal(git_batch_ask(b, "HEAD^{tree}", &answer), 0);
	assert_string_equal(answer.type, "tree");
	assert_int_equal(git_batch_take(b, &answer, NULL), 0);
	assert_int_equal(git_batch_ask(b, "HEAD", &answer), 0);
	assert_int_equal(git_batch_starts(b), 2);
	git_batch_free(b);
	buf_wipe(&bytes);
}

/* It reads for ever, and says nothing. */
static void a_git_that_is_silent_is_killed_and_left_alone(void **state)
{
	struct git_answer answer;

	make_history(*state, 1);
	put_git_before(*state, "echo >>$root/started; exec cat >/dev/null");
	struct git_batch *b = git_batch_new(".git", GIT_BATCH_CHECK);
	assert_non_null(b);
	git_batch_set_patience(b, 1);
	for (int i = 0; i < 100; i++)
		assert_int_equal(git_batch_ask(b, "HEAD", &answer), 1);
	assert_true(lines_of("../started") <= 1);
	git_batch_free(b);
}

/* libgit2 cannot open it, and where git is gone, too, nothing can. */
static void without_git_nothing_is_known(void **state)
{
	make_history(*state, 1);
	put_git_before(*state, "exit 127");
	assert_null(git_repo_open_by(&git_way_program, ".git"));
	setenv("PATH", "/no/such/folder", 1);
	assert_null(git_repo_open_by(&git_way_program, ".git"));
}

/* ---------------------------------------------------------------- kinds of repositories */

/* Makes a repository of this kind; false when this git cannot. */
static bool make_kind(const char *option)
{
	const char *argv[] = { "git", "init", "-q", "-b", "main", option, "kind", NULL };
	int status = 1;

	assert_int_equal(
		git_run(argv, &(struct git_run_io){ .quiet = true }, &status, NULL), 0);
	return !status;
}

static int count_ref(void *ctx, const char *name, const struct commit_id *tip)
{
	(void)tip;
	*(int *)ctx += strcmp(name, "refs/tags/v1") == 0;
	return 0;
}

/* All that is asked of a repository, of one that has two commits and a tag. */
static void assert_all_is_known(const char *git_dir, const char *way)
{
	struct git_repo *r = git_repo_open(git_dir);
	struct lfs_pointer p;
	struct commit_id tag;
	int tags = 0;

	assert_non_null(r);
	assert_string_equal(git_repo_way(r), way);
	struct scan s = scan_head(r);
	assert_int_equal(s.commits, 2);
	assert_int_equal(s.pointers, 2);
	assert_true(git_repo_resolve(r, "v1", &tag));
	assert_true(git_repo_pointer_at(r, &tag, "d/m.bin", &p));
	assert_int_equal(p.size, 10);
	git_repo_each_ref(r, "refs/tags/", count_ref, &tags);
	assert_int_equal(tags, 1);
	git_repo_free(r);
}

static void fill_kind(struct sandbox *s)
{
	assert_int_equal(chdir("kind"), 0);
	sandbox_point("d/m.bin", "old", 10);
	sandbox_commit(s);
	sandbox_git(s, "tag", "-a", "-m", "tag", "v1", NULL);
	sandbox_point("d/m.bin", "new", 20);
	sandbox_commit(s);
}

static void a_sha256_repository_is_read_by_git(void **state)
{
	if (!make_kind("--object-format=sha256")) {
		print_message("this git has no SHA-256 repositories\n");
		skip();
	}
	fill_kind(*state);
	assert_all_is_known(".git", "git");
}

static void a_reftable_repository_is_read_by_git(void **state)
{
	if (!make_kind("--ref-format=reftable")) {
		print_message("this git has no reftable (2.45): name one by GITBIN\n");
		skip();
	}
	fill_kind(*state);
	assert_all_is_known(".git", "git");
}

/* git of today does not know every extension either: it is set when all else is done. */
static void extensions_that_change_nothing_are_read_by_the_library(void **state)
{
	static const char *const names[] = { "extensions.relativeWorktrees",
		                             "extensions.submodulePathConfig" };

	assert_true(make_kind("--quiet"));
	fill_kind(*state);
	sandbox_git(*state, "config", "core.repositoryFormatVersion", "1", NULL);
	for (size_t i = 0; i < COUNT(names); i++)
		sandbox_git(*state, "config", "--file", ".git/config", names[i], "true",
		            NULL);
	assert_all_is_known(".git", "libgit2");
}

#define IN_SANDBOX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SANDBOX(a_history_is_read_by_three_processes_however_long_it_is),
		IN_SANDBOX(a_git_that_dies_makes_things_unknown_and_no_more),
		IN_SANDBOX(a_git_that_dies_once_is_asked_again),
		IN_SANDBOX(a_git_that_is_silent_is_killed_and_left_alone),
		IN_SANDBOX(without_git_nothing_is_known),
		IN_SANDBOX(a_sha256_repository_is_read_by_git),
		IN_SANDBOX(a_reftable_repository_is_read_by_git),
		IN_SANDBOX(extensions_that_change_nothing_are_read_by_the_library),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
