#include "agent/session/ahead_plan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_config.h"
#include "agent/session/path_filter.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { BATCH = 100 };

static bool holds(const struct lfs_objects *o, const struct oid *oid)
{
	for (size_t i = 0; i < o->count; i++)
		if (oid_equal(&o->list[i].oid, oid))
			return true;
	return false;
}

static bool is_local(const struct git_paths *paths, const struct oid *oid)
{
	char *path = git_paths_lfs_object(paths, oid);
	bool there = path && access(path, F_OK) == 0;

	free(path);
	return there;
}

/* The objects of the trees of `revisions` that are still to be fetched. */
static int find_missing(const struct git_paths *paths, const struct lfs_config *config,
                        const struct buf *revisions, struct lfs_objects *out,
                        struct err *err)
{
	static const char *const arguments[] = { "--no-walk", NULL };
	const char *include = lfs_config_get(config, "lfs.fetchinclude");
	const char *exclude = lfs_config_get(config, "lfs.fetchexclude");
	struct lfs_objects all = LFS_OBJECTS_INIT;
	int rc = lfs_objects_add(&all, revisions, arguments, err);

	for (size_t i = 0; i < all.count && !rc; i++)
		if (path_filter_allows(include, exclude, all.list[i].path) &&
		    !is_local(paths, &all.list[i].oid))
			rc = lfs_objects_append(out, &all.list[i], err);
	lfs_objects_wipe(&all);
	lfs_objects_unique(out);
	return rc;
}

static int in_head(const struct git_paths *paths, const struct lfs_config *config,
                   struct lfs_objects *out, struct err *err)
{
	static const char *const argv[] = { "git",     "rev-parse", "--verify",
		                            "--quiet", "HEAD",      NULL };
	struct buf revisions = BUF_INIT;
	int status;
	int rc = git_run(argv,
	                 &(struct git_run_io){ .output = &revisions, .quiet = true },
	                 &status, err);

	if (!rc && !status) /* else HEAD is unborn */
		rc = find_missing(paths, config, &revisions, out, err);
	buf_wipe(&revisions);
	return rc;
}

static int in_recent_refs(const struct git_paths *paths, const struct lfs_config *config,
                          struct lfs_objects *out, struct err *err)
{
	static const char *const argv[] = { "git",
		                            "for-each-ref",
		                            "--sort=-committerdate",
		                            "--count=16",
		                            "--format=%(objectname)",
		                            "refs/heads",
		                            "refs/remotes",
		                            "refs/tags",
		                            NULL };
	struct buf revisions = BUF_INIT;
	int status;
	int rc = git_run(argv,
	                 &(struct git_run_io){ .output = &revisions, .quiet = true },
	                 &status, err);

	if (!rc && !status && revisions.size)
		rc = find_missing(paths, config, &revisions, out, err);
	buf_wipe(&revisions);
	return rc;
}

static int largest_first(const void *a, const void *b)
{
	const struct lfs_object *x = a, *y = b;

	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return oid_compare(&x->oid, &y->oid); /* git-lfs has no rule */
}

int ahead_plan_make(const struct git_paths *paths, const struct lfs_config *config,
                    const struct oid *first, struct lfs_objects *out, struct err *err)
{
	struct err ignored = ERR_INIT;
	struct lfs_objects found = LFS_OBJECTS_INIT;
	int rc = in_head(paths, config, &found, &ignored);

	if (rc || !holds(&found, first)) {
		lfs_objects_wipe(&found);
		rc = in_recent_refs(paths, config, &found, err);
	}
	if (rc || !holds(&found, first))
		lfs_objects_wipe(&found);
	for (size_t i = 0; i < found.count; i += BATCH)
		qsort(found.list + i, found.count - i < BATCH ? found.count - i : BATCH,
		      sizeof(*found.list), largest_first);
	*out = found;
	return rc;
}
