/* Which LFS objects this clone itself has, in git-lfs's storage. */
#ifndef ZLLM_LFS_LOCAL_H
#define ZLLM_LFS_LOCAL_H

#include <stdbool.h>

struct err;
struct git_paths;
struct lfs_object;
struct lfs_objects;

/* By name and size; nothing is read. */
bool lfs_local_has(const struct git_paths *paths, const struct lfs_object *object);

/* Adds each of `objects` to `here` or to `gone`. */
int lfs_local_sort(const struct git_paths *paths, const struct lfs_objects *objects,
                   struct lfs_objects *here, struct lfs_objects *gone, struct err *err);

#endif
