#include "agent/git/git_refusal.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "agent/git/git_run.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { STATUS_NOT_FOUND = 127 };

/* The line of git's that says what is wrong: the first that is fatal, else the first. */
static void find_line(struct buf *errors, struct buf *out)
{
	static const char *const marks[] = { "fatal: ", "error: " };
	const char *text = buf_text(errors);
	const char *fatal = strstr(text, marks[0]);
	const char *line = fatal ? fatal : text;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strncmp(line, marks[i], strlen(marks[i])) == 0)
			line += strlen(marks[i]);
	buf_addf(out, "%.*s", (int)strcspn(line, "\n"), line);
}

int git_refusal_set(const char *what, struct buf *errors, struct err *err)
{
	struct buf line = BUF_INIT;

	find_line(errors, &line);
	err_set(err, ERR_CONFIG, "%s: %s", what, buf_text(&line));
	buf_wipe(&line);
	return ERR_CONFIG;
}

/* Git says which command makes an exception, with the folder quoted for a shell. */
static int say_owner(struct buf *errors, struct err *err)
{
	static const char remedy[] = "git config --global --add safe.directory ";
	const char *command = strstr(buf_text(errors), remedy);
	size_t n = command ? strcspn(command, "\n") : 0;

	if (!n)
		return git_refusal_set("git refuses this repository", errors, err);
	return err_set(err, ERR_CONFIG,
	               "git refuses this repository, for it belongs to another user; if "
	               "you trust that user, run: %.*s",
	               (int)n, command);
}

static int judge(struct buf *errors, struct err *err)
{
	struct buf line = BUF_INIT;
	int rc;

	find_line(errors, &line);
	const char *text = buf_text(&line);
	if (strstr(text, "not a git repository (or any"))
		rc = 1;
	else if (strstr(text, "dubious ownership") || strstr(text, "unsafe repository"))
		rc = say_owner(errors, err);
	else
		rc = git_refusal_set("git refuses this repository", errors, err);
	buf_wipe(&line);
	return rc;
}

int git_refusal_find(struct err *err)
{
	static const char *const argv[] = { "env",       "LC_ALL=C",  "git",
		                            "rev-parse", "--git-dir", NULL };
	struct buf out = BUF_INIT, errors = BUF_INIT;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = &out, .errors = &errors },
	                 &status, err);
	if (!rc && status == STATUS_NOT_FOUND)
		rc = err_set(err, ERR_CONFIG, "git is not installed, or not on the PATH");
	else if (!rc)
		rc = status ? judge(&errors, err) : 1;
	buf_wipe(&errors);
	buf_wipe(&out);
	return rc;
}
