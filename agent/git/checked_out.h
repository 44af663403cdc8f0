/*
 * Which files of the worktree are the objects that HEAD names, byte for byte: of those a
 * clone has two copies, one here and one in git-lfs's storage.
 */
#ifndef ZLLM_CHECKED_OUT_H
#define ZLLM_CHECKED_OUT_H

#include <stdbool.h>

struct err;
struct git_paths;
struct lfs_object;

/* Whether the plain file at the object's path in the worktree has its size and SHA-256:
 * reads it, all of it. False too where it is a link, is not there, or cannot be read. */
bool checked_out_is(const struct git_paths *paths, const struct lfs_object *object);

#endif
