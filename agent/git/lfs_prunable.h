/*
 * Which local objects git-lfs itself would drop, asked of `git lfs prune --dry-run`: so what
 * is kept (the checkout, other worktrees, stashes, recent branches and commits, what is not
 * pushed) is decided by git-lfs and its settings (lfs.fetchrecent*, lfs.pruneoffsetdays),
 * whichever version it is. Whether the store has them is another question: git-lfs does
 * not ask, and says "verified" all the same where an agent serves the transfers.
 */
#ifndef ZLLM_LFS_PRUNABLE_H
#define ZLLM_LFS_PRUNABLE_H

#include <stddef.h>

struct buf;
struct err;

/* Appends the oids to *out, each a struct oid. ERR_IO, with git-lfs's words, when it cannot
 * say. */
int lfs_prunable_list(struct buf *out, struct err *err);

/* The same from what it printed: lines " * <oid> (<size>)". */
void lfs_prunable_parse(const char *text, size_t n, struct buf *out);

#endif
