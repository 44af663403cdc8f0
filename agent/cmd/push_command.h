/*
 * The command that brings objects into a store, for a person to copy: these and no others,
 * since `git lfs push --all` stops at the first object of all history that a clone lacks,
 * and `git push` sends nothing where the commits are there.
 */
#ifndef ZLLM_PUSH_COMMAND_H
#define ZLLM_PUSH_COMMAND_H

struct buf;
struct lfs_objects;

enum { PUSH_COMMAND_OIDS = 20 }; /* in one command, the first ones */

/* "git lfs push --object-id <remote> <oid>..." */
void push_command_add(struct buf *out, const char *remote,
                      const struct lfs_objects *objects);

#endif
