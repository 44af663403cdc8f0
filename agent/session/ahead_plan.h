/*
 * What git-lfs is going to ask for, as far as git can tell: the objects of a tree that
 * are not in git-lfs's storage yet, in the order in which it will ask (batches of 100
 * in order of path, the largest first in each).
 */
#ifndef ZLLM_AHEAD_PLAN_H
#define ZLLM_AHEAD_PLAN_H

#include "agent/git/lfs_objects.h"

struct err;
struct git_paths;
struct lfs_config;

/*
 * Guesses from the first object that was asked for which tree is being checked out:
 * HEAD's (a clone, a pull), else one of the branches and tags that changed last (a
 * switch, whose HEAD is still the old one). *out is empty when none of them has it.
 * What lfs.fetchinclude and lfs.fetchexclude leave out is left out. Runs git a few
 * times. The caller wipes *out.
 */
int ahead_plan_make(const struct git_paths *paths, const struct lfs_config *config,
                    const struct oid *first, struct lfs_objects *out, struct err *err);

#endif
