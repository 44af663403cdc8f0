#include "agent/cmd/lfsconfig_history.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "agent/git/commit_id.h"
#include "agent/git/git_run.h"
#include "codec/common/buf.h"

enum { FILES_MAX = 64 };

struct files {
	char seen[FILES_MAX][COMMIT_HEX + 1];
	size_t count;
};

static int list_changes(struct buf *out, struct err *err)
{
	static const char *const argv[] = { "git",
		                            "log",
		                            "--all",
		                            "--format=",
		                            "--raw",
		                            "--no-abbrev",
		                            "--no-renames",
		                            "--full-history",
		                            "--",
		                            ":(top,literal).lfsconfig",
		                            NULL };
	int status;

	return git_run(argv, &(struct git_run_io){ .output = out, .quiet = true },
	               &status, err);
}

/* Takes the new blob of ":100644 100644 <old blob> <new blob> M<TAB>.lfsconfig"; false
 * where the line is another, and where the blob was met before. */
static bool take_blob(const char *line, struct files *files)
{
	char blob[COMMIT_HEX + 1];

	if (files->count == FILES_MAX ||
	    sscanf(line, ":%*6[0-7] %*6[0-7] %*64[0-9a-f] %64[0-9a-f]", blob) != 1)
		return false;
	if (strspn(blob, "0") == strlen(blob)) /* removed */
		return false;
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->seen[i], blob) == 0)
			return false;
	strcpy(files->seen[files->count++], blob);
	return true;
}

/* Appends the lfs.url of a .lfsconfig; nothing where git finds none. */
static int read_url(const char *blob, struct buf *out, struct err *err)
{
	const char *const argv[] = { "git",   "config",  "--blob", blob,
		                     "--get", "lfs.url", NULL };
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = out, .quiet = true },
	                 &status, err);
	if (rc || status)
		out->size = 0;
	else if (out->size && out->data[out->size - 1] == '\n')
		out->size--;
	return rc;
}

int lfsconfig_history_each(int (*each)(void *ctx, const char *url, struct err *err),
                           void *ctx, struct err *err)
{
	struct files files = { .count = 0 };
	struct buf changes = BUF_INIT, url = BUF_INIT;

	int rc = list_changes(&changes, err);
	const char *line = rc ? "" : buf_text(&changes);
	while (!rc && *line) {
		url.size = 0;
		if (take_blob(line, &files))
			rc = read_url(files.seen[files.count - 1], &url, err);
		if (!rc && url.size)
			rc = each(ctx, buf_text(&url), err);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	buf_wipe(&changes);
	buf_wipe(&url);
	return rc;
}
