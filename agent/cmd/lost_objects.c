#include "agent/cmd/lost_objects.h"

#include <stddef.h>
#include <string.h>

#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_objects.h"
#include "agent/report/report.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { SEARCHES_MAX = 100 };

/* Appends the short name and the day of the oldest commit in which the file at `path`
 * begins to hold `hex`; nothing where git finds none. */
static int find_commit(const struct git_paths *paths, const char *hex, const char *path,
                       struct buf *out, struct err *err)
{
	struct buf search = BUF_INIT, list = BUF_INIT;
	int status;

	buf_addf(&search, "-S%s", hex);
	const char *const argv[] = { "git",
		                     "--literal-pathspecs",
		                     "-C",
		                     paths->worktree,
		                     "log",
		                     "--all",
		                     "--reverse",
		                     "--format=%h of %cs",
		                     buf_text(&search),
		                     "--",
		                     path,
		                     NULL };
	int rc = git_run(argv, &(struct git_run_io){ .output = &list, .quiet = true },
	                 &status, err);
	const char *first = buf_text(&list);
	if (!rc && !status && *first)
		buf_addf(out, "  (commit %.*s)", (int)strcspn(first, "\n"), first);
	buf_wipe(&search);
	buf_wipe(&list);
	return rc;
}

int lost_objects_report(const struct git_paths *paths, const struct lfs_objects *lost,
                        struct err *err)
{
	struct buf commit = BUF_INIT;
	char hex[SHA256_HEX + 1];
	int rc = 0;

	for (size_t i = 0; !rc && i < lost->count; i++) {
		const struct lfs_object *object = &lost->list[i];
		commit.size = 0;
		oid_format(&object->oid, hex);
		if (i < SEARCHES_MAX)
			rc = find_commit(paths, hex, object->path, &commit, err);
		if (!rc)
			report_line("nowhere:  %s  %s%s", hex, object->path,
			            buf_text(&commit));
	}
	buf_wipe(&commit);
	return rc;
}
