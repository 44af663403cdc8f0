/*
 *   git config --get-regexp      which remotes promised objects: none, nothing to do
 *   git rev-list --missing=print "?<object>" lines: what is not here
 *   git fetch --stdin            these by their names, as git itself does for one of them
 *
 * A tree that was absent may name further absent objects: it goes round until all is here,
 * or until a round brought nothing.
 *
 * `git fetch --refetch --filter=blob:limit=1024` would bring no file that is too long for
 * a pointer; but then what is still absent may be such a file, or one that the remote did
 * not give, and which of them it is nobody can tell.
 */
#include "agent/git/absent_objects.h"

#include <stdbool.h>
#include <string.h>

#include "agent/git/git_run.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum {
	ARGUMENTS_MAX = 8,
	PROMISOR_KEY_PREFIX = sizeof("remote.") - 1,
	ROUNDS_MAX = 100 /* a tree comes with those below it, so two are the rule */
};

/* The names of the remotes that promised objects, one to a line. */
static int find_promisors(struct buf *out, struct err *err)
{
	static const char *const argv[] = { "git",
		                            "config",
		                            "--type=bool",
		                            "--get-regexp",
		                            "^remote\\..*\\.promisor$",
		                            NULL };
	static const char yes[] = ".promisor true";
	struct buf text = BUF_INIT;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = &text, .quiet = true },
	                 &status, err);
	for (const char *line = buf_text(&text); !rc && *line;) {
		size_t n = strcspn(line, "\n"), end = sizeof(yes) - 1;
		if (n > PROMISOR_KEY_PREFIX + end &&
		    memcmp(line + n - end, yes, end) == 0)
			buf_addf(out, "%.*s\n", (int)(n - end - PROMISOR_KEY_PREFIX),
			         line + PROMISOR_KEY_PREFIX);
		line += n + (line[n] == '\n');
	}
	buf_wipe(&text);
	return rc;
}

/* The names of the objects that are not here, one to a line. */
static int list_absent(const struct buf *revisions, const char *const *arguments,
                       struct buf *out, size_t *count, struct err *err)
{
	const char *argv[ARGUMENTS_MAX + 6] = { "git", "rev-list", "--objects",
		                                "--missing=print" };
	struct buf list = BUF_INIT;
	size_t n = 4;
	int status;

	for (; arguments && *arguments && n < ARGUMENTS_MAX + 4; arguments++)
		argv[n++] = *arguments;
	argv[n] = "--stdin";
	int rc = git_run(argv,
	                 &(struct git_run_io){ .input = revisions, .output = &list },
	                 &status, err);
	if (!rc && (status || (arguments && *arguments)))
		rc = err_set(err, ERR_INPUT, "git cannot list what these revisions hold");
	*count = 0;
	for (const char *line = buf_text(&list); !rc && *line;) {
		size_t size = strcspn(line, "\n");
		if (*line == '?') {
			buf_addf(out, "%.*s\n", (int)strcspn(line + 1, " \n"), line + 1);
			(*count)++;
		}
		line += size + (line[size] == '\n');
	}
	buf_wipe(&list);
	return rc;
}

/* *done: all of them came. What went wrong git has said on standard error. */
static int fetch_from(const char *remote, const struct buf *names, bool *done,
                      struct err *err)
{
	const char *const argv[] = { "git",
		                     "-c",
		                     "fetch.negotiationAlgorithm=noop",
		                     "fetch",
		                     "--no-tags",
		                     "--no-write-fetch-head",
		                     "--no-auto-maintenance",
		                     "--recurse-submodules=no",
		                     "--filter=blob:none",
		                     "--stdin",
		                     remote,
		                     NULL };
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .input = names }, &status, err);
	*done = !rc && !status;
	return rc;
}

/* From the first remote that has all of them. */
static int fetch_from_any(const struct buf *remotes, const struct buf *names, bool *done,
                          struct err *err)
{
	const char *line = (const char *)remotes->data;
	struct buf name = BUF_INIT;
	int rc = 0;

	for (*done = false; !rc && !*done && *line;) {
		size_t n = strcspn(line, "\n");
		name.size = 0;
		buf_addf(&name, "%.*s", (int)n, line);
		rc = fetch_from(buf_text(&name), names, done, err);
		line += n + (line[n] == '\n');
	}
	buf_wipe(&name);
	return rc;
}

int absent_objects_bring(const struct buf *revisions, const char *const *arguments,
                         struct absent_objects *out, struct err *err)
{
	struct buf remotes = BUF_INIT, names = BUF_INIT;
	struct absent_objects found = { 0 };

	int rc = find_promisors(&remotes, err);
	bool go_on = *buf_text(&remotes) != 0;
	for (int i = 0; !rc && go_on && i < ROUNDS_MAX; i++) {
		names.size = 0;
		rc = list_absent(revisions, arguments, &names, &found.left, err);
		if (rc || !found.left)
			break;
		rc = fetch_from_any(&remotes, &names, &go_on, err);
		found.brought += go_on ? found.left : 0;
	}
	if (!rc)
		*out = found;
	buf_wipe(&remotes);
	buf_wipe(&names);
	return rc;
}

int absent_objects_count(size_t *out, struct err *err)
{
	static const char *const all[] = { "--all", NULL };
	struct buf remotes = BUF_INIT, names = BUF_INIT;
	size_t count = 0;

	int rc = find_promisors(&remotes, err);
	if (!rc && *buf_text(&remotes))
		rc = list_absent(NULL, all, &names, &count, err);
	if (!rc)
		*out = count;
	buf_wipe(&remotes);
	buf_wipe(&names);
	return rc;
}
