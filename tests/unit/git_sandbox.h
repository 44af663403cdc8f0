/*
 * A temporary folder to run git in, with no configuration but its own and a clock
 * that goes a minute forward with every commit.
 */
#ifndef ZLLM_GIT_SANDBOX_H
#define ZLLM_GIT_SANDBOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/git/git_run.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/sha256.h"

enum { SANDBOX_WORDS_MAX = 16 };

/* libgit2 1.5 loses a match buffer of PCRE2 for every repository it opens. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
	return "leak:libpcre2";
}

struct sandbox {
	char root[4096]; /* realpath() of the folder */
	unsigned minutes;
	const void *given;  /* the initial state of the test's row */
	const char *option; /* of `git init`; NULL: none */
};

static inline void sandbox_set_clock(struct sandbox *s)
{
	char date[64];

	s->minutes++;
	snprintf(date, sizeof(date), "%u +0000", 1700000000u + 60 * s->minutes);
	setenv("GIT_AUTHOR_DATE", date, 1);
	setenv("GIT_COMMITTER_DATE", date, 1);
}

static inline int sandbox_setup(void **state)
{
	static const char *const unwanted[] = {
		"GIT_DIR",    "GIT_WORK_TREE",    "GIT_INDEX_FILE",
		"GIT_PREFIX", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"
	};
	char template[] = "/tmp/zllm-git-XXXXXX";
	struct sandbox *s = calloc(1, sizeof(*s));

	if (!s || !mkdtemp(template) || !realpath(template, s->root) || chdir(s->root))
		return 1;
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		unsetenv(unwanted[i]);
	s->given = *state;
	setenv("HOME", s->root, 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_DEFAULT_HASH", "sha1", 1); /* git 3.0 has others */
	setenv("GIT_DEFAULT_REF_FORMAT", "files", 1);
	setenv("GIT_AUTHOR_NAME", "A", 1);
	setenv("GIT_AUTHOR_EMAIL", "a@example.org", 1);
	setenv("GIT_COMMITTER_NAME", "A", 1);
	setenv("GIT_COMMITTER_EMAIL", "a@example.org", 1);
	*state = s;
	return 0;
}

static inline int sandbox_teardown(void **state)
{
	struct sandbox *s = *state;
	const char *argv[] = { "rm", "-rf", s->root, NULL };
	int status = 1;

	if (chdir("/") || git_run(argv, NULL, &status, NULL))
		return 1;
	free(s);
	return status;
}

/* Runs git in the current folder; the words end with NULL. The test fails with it. */
static inline void sandbox_git(struct sandbox *s, ...)
{
	const char *argv[SANDBOX_WORDS_MAX] = { "git" };
	struct buf ignored = BUF_INIT;
	struct err err = ERR_INIT;
	int status, n = 1;
	va_list ap;

	sandbox_set_clock(s);
	va_start(ap, s);
	while (n < SANDBOX_WORDS_MAX - 1 && (argv[n] = va_arg(ap, const char *)))
		n++;
	va_end(ap);
	argv[n] = NULL;
	if (git_run(argv, &(struct git_run_io){ .output = &ignored, .quiet = true },
	            &status, &err))
		fail_msg("%s", err.text);
	if (status)
		fail_msg("git %s %s failed with %d", argv[1], argv[2] ? argv[2] : "",
		         status);
	buf_wipe(&ignored);
}

static inline void sandbox_write(const char *path, const char *text)
{
	char folder[4096];

	snprintf(folder, sizeof(folder), "%s", path);
	for (char *p = strchr(folder + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = 0;
		mkdir(folder, 0777);
		*p = '/';
	}
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

/* The oid of a made-up object. */
static inline struct oid sandbox_oid(const char *object)
{
	struct oid oid;

	assert_true(sha256_of(object, strlen(object), &oid));
	return oid;
}

/* Writes an LFS pointer to the made-up `object` of `size` bytes. */
static inline void sandbox_point(const char *path, const char *object, uint64_t size)
{
	struct oid oid = sandbox_oid(object);
	char hex[SHA256_HEX + 1], text[256];

	oid_format(&oid, hex);
	snprintf(text, sizeof(text),
	         "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %llu\n",
	         hex, (unsigned long long)size);
	sandbox_write(path, text);
}

static inline void sandbox_commit(struct sandbox *s)
{
	sandbox_git(s, "add", "-A", NULL);
	sandbox_git(s, "commit", "-q", "--allow-empty", "-m", "commit", NULL);
}

/* A repository "repo" on branch main; the current folder from then on. */
static inline void sandbox_init(struct sandbox *s)
{
	sandbox_git(s, "init", "-q", "-b", "main", "repo", s->option, NULL);
	assert_int_equal(chdir("repo"), 0);
}

#endif
