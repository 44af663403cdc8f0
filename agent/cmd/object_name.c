#include "agent/cmd/object_name.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/git_run.h"
#include "agent/git/lfs_pointer.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

/* What git has under `spec`: 0, or 1 when it has nothing. */
static int read_blob(const char *spec, struct buf *out, struct err *err)
{
	const char *argv[] = { "git", "cat-file", "blob", spec, NULL };
	int status;
	int rc = git_run(argv, &(struct git_run_io){ .output = out, .quiet = true },
	                 &status, err);

	return rc ? rc : status ? 1 : 0;
}

/* A path is looked up in the index first: that is what the worktree shows; then in
 * HEAD, for bare repositories. */
static int read_path(const char *path, struct buf *out, struct err *err)
{
	static const char *const places[] = { ":./", "HEAD:./", "HEAD:" };
	int rc = 1;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && rc == 1; i++) {
		char *spec;
		if (asprintf(&spec, "%s%s", places[i], path) < 0)
			return err_nomem(err, "a path");
		rc = read_blob(spec, out, err);
		free(spec);
	}
	return rc;
}

int object_name_resolve(const char *name, struct oid *out, struct err *err)
{
	struct buf bytes = BUF_INIT;
	struct lfs_pointer pointer;

	if (oid_parse(name, out))
		return 0;
	int rc = strchr(name, ':') ? read_blob(name, &bytes, err) : 1;
	if (rc == 1)
		rc = read_path(name, &bytes, err);
	if (rc == 1)
		rc = err_set(
			err, ERR_INPUT,
			"'%s' is not a path that git knows, a <rev>:<path> or an oid",
			name);
	else if (!rc && !lfs_pointer_parse(bytes.data, bytes.size, &pointer))
		rc = err_set(err, ERR_INPUT,
		             "'%s' is not kept by git-lfs: git has it whole", name);
	if (!rc)
		*out = pointer.oid;
	buf_wipe(&bytes);
	return rc;
}
