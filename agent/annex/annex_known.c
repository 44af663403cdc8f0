#include "agent/annex/annex_known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { JOURNAL_MAX = 16 << 20 }; /* bytes of a log that are read */

/* Appends the ids of the commits that the git-annex branches of here and of all remotes
 * point to, a line each. */
static int list_branches(struct buf *out, struct err *err)
{
	static const char *const argv[] = { "git", "for-each-ref",
		                            "--format=%(objectname) %(refname)", NULL };
	const struct git_run_io io = { .output = out, .quiet = true };
	int status = 0;
	int rc = git_run(argv, &io, &status, err);

	return !rc && status ? err_set(err, ERR_IO, "git for-each-ref failed") : rc;
}

/* Whether the file remote.log of that commit names it. */
static int branch_names(const char *commit, const char *uuid, bool *known,
                        struct err *err)
{
	const char *argv[] = { "git",  "grep", "-q",
		               "-F",   "-e",   uuid,
		               commit, "--",   ":(top)remote.log",
		               NULL };
	const struct git_run_io io = { .quiet = true };
	int status = 0;
	int rc = git_run(argv, &io, &status, err);

	*known = status == 0;
	return !rc && status > 1 ? err_set(err, ERR_IO, "git grep failed") : rc;
}

static bool is_annex_branch(const char *ref)
{
	const char *name = strrchr(ref, '/');

	return name && strcmp(name + 1, "git-annex") == 0;
}

static int look_at_branches(const char *uuid, bool *known, struct err *err)
{
	struct buf refs = BUF_INIT;
	char *at, *line, *rest;
	int rc = list_branches(&refs, err);

	buf_text(&refs);
	at = (char *)refs.data;
	while (!rc && !*known && at && (line = strtok_r(at, "\n", &rest))) {
		char *ref = strchr(line, ' ');
		at = rest;
		if (!ref || !is_annex_branch(ref + 1))
			continue;
		*ref = 0;
		rc = branch_names(line, uuid, known, err);
	}
	buf_wipe(&refs);
	return rc;
}

/* What waits in a journal; one that is not there names nothing. */
static int look_at_journal(const struct git_paths *paths, const char *journal,
                           const char *uuid, bool *known, struct err *err)
{
	char *path = NULL, *text = NULL;
	FILE *f = NULL;

	if (asprintf(&path, "%s/annex/%s/remote.log", paths->common_dir, journal) < 0)
		return err_nomem(err, "a path");
	f = fopen(path, "re");
	free(path);
	if (!f)
		return 0;
	text = malloc(JOURNAL_MAX);
	size_t n = text ? fread(text, 1, JOURNAL_MAX, f) : 0;
	if (text)
		*known |= n == JOURNAL_MAX || memmem(text, n, uuid, strlen(uuid));
	fclose(f);
	int rc = text ? 0 : err_nomem(err, "a log of git-annex");
	free(text);
	return rc;
}

int annex_remote_is_known(const struct git_paths *paths, const char *uuid, bool *known,
                          struct err *err)
{
	bool found = false;
	int rc = look_at_branches(uuid, &found, err);

	if (!rc)
		rc = look_at_journal(paths, "journal", uuid, &found, err);
	if (!rc)
		rc = look_at_journal(paths, "journal-private", uuid, &found, err);
	if (!rc)
		*known = found;
	return rc;
}
