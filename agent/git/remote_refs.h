/*
 * All refs that remotes advertise, and what they reach, read into a repository aside
 * (repo_aside.h): the clone is not touched. It borrows the clone's objects, so
 * that only what the clone lacks is fetched (other people's branches, refs/pull/...); from a
 * partial clone it borrows none, and fetches commits, trees and what may be a pointer.
 *
 *     remote_refs_open()             an empty repository in $TMPDIR or /tmp
 *     remote_refs_read()             for each remote
 *     remote_refs_objects()          the LFS objects that all of them reach
 *     remote_refs_close()            removes it
 *
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_REMOTE_REFS_H
#define ZLLM_REMOTE_REFS_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/git/repo_aside.h"
#include "codec/common/buf.h"

struct err;
struct git_paths;
struct lfs_objects;

struct remote_refs {
	struct repo_aside aside;
	bool partial;    /* the clone is: nothing is borrowed of it */
	size_t remotes;  /* that were read */
	size_t refs;     /* of all of them */
	struct buf tips; /* what they point at, one to a line */
};

/* Makes the repository. ERR_CONFIG when the clone is shallow: what its own names reach
 * could not be followed. The caller closes, also after an error. */
int remote_refs_open(struct remote_refs *r, const struct git_paths *paths,
                     struct err *err);

/* Lists the refs of `given` (a remote's name or a URL) and fetches all of them. *count is
 * how many there are. git says on standard error what is in its way. 0; ERR_IO when it
 * cannot be listed, or not all that it lists was to be had; then nothing of it counts. */
int remote_refs_read(struct remote_refs *r, const char *given, size_t *count,
                     struct err *err);

/* Adds the objects that the refs of all remotes reach, in all of their history. Anything
 * missing is an error. */
int remote_refs_objects(const struct remote_refs *r, struct lfs_objects *out,
                        struct err *err);

/* Adds those that the clone of the current directory names besides: its refs, reflogs, index
 * and worktrees, and what a merge or rebase under way stands on. */
int remote_refs_own_objects(const struct remote_refs *r, struct lfs_objects *out,
                            struct err *err);

void remote_refs_close(struct remote_refs *r);

#endif
