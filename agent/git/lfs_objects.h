/*
 * The LFS objects that revisions need, asked of git itself (rev-list and
 * cat-file): exact where libgit2 is only a hint, in SHA-256, shallow and partial
 * repositories and in the quarantine of a server's pre-receive hook.
 */
#ifndef ZLLM_LFS_OBJECTS_H
#define ZLLM_LFS_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct buf;
struct err;

struct lfs_object {
	struct oid oid;
	uint64_t size; /* bytes; never 0: git-lfs stores no empty object */
	char *path;    /* one of its paths; owned */
};

struct lfs_objects {
	struct lfs_object *list; /* owned */
	size_t count, cap;
};

#define LFS_OBJECTS_INIT   \
	{                  \
		NULL, 0, 0 \
	}

void lfs_objects_wipe(struct lfs_objects *o);

/*
 * Adds what the revisions need. `revisions`: one to a line, "^" in front of those
 * whose objects are not wanted. `arguments` (ended by NULL, may be NULL) are further
 * ones for git rev-list: "--all"; "--no-walk" for the trees of the revisions alone;
 * "--ignore-missing" where some may be unknown here.
 * ERR_INPUT when git does not know a revision.
 */
int lfs_objects_add(struct lfs_objects *o, const struct buf *revisions,
                    const char *const *arguments, struct err *err);

/* Where revisions are looked up, and what becomes of what is not there. */
struct lfs_objects_source {
	const char *git_dir; /* NULL: that of the current directory */
	const struct buf *revisions;
	const char *const *arguments; /* or NULL */
	enum {
		LFS_OBJECTS_PASSED_OVER, /* as lfs_objects_add() does: a hint */
		LFS_OBJECTS_DEMANDED /* what is missing is fetched, in a partial clone, or an
		                      * error: nothing that revisions need may stay unseen.
		                      * Replacements (git replace) are not followed */
	} missing;
};

/* lfs_objects_add() from there. ERR_INPUT also when something is missing. */
int lfs_objects_add_from(struct lfs_objects *o, const struct lfs_objects_source *from,
                         struct err *err);

/* Leaves each object once, in order of path. */
void lfs_objects_unique(struct lfs_objects *o);

/* Takes out those that `others`, another list, has too. 0 or ERR_NOMEM. */
int lfs_objects_remove(struct lfs_objects *o, const struct lfs_objects *others,
                       struct err *err);

/* Appends one; `path` is copied. */
int lfs_objects_append(struct lfs_objects *o, const struct lfs_object *object,
                       struct err *err);

#endif
