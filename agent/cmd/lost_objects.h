/* LFS objects that are nowhere, named so that a person can tell which they were. */
#ifndef ZLLM_LOST_OBJECTS_H
#define ZLLM_LOST_OBJECTS_H

struct err;
struct git_paths;
struct lfs_objects;

/* Prints a line of each: its oid, a path, and the oldest commit that has it there (of the
 * first 100: git has to search history for each). */
int lost_objects_report(const struct git_paths *paths, const struct lfs_objects *lost,
                        struct err *err);

#endif
