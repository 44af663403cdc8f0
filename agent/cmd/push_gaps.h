/*
 * What becomes of a push that needs objects which the store does not have: what this
 * clone holds of them can be uploaded, and a push that did not is refused; what is not
 * here either (a fixture, an object lost years ago) stops the push unless
 * lfs.allowincompletepush says that it may go without.
 */
#ifndef ZLLM_PUSH_GAPS_H
#define ZLLM_PUSH_GAPS_H

#include <stddef.h>

struct err;
struct git_paths;
struct lfs_config;
struct lfs_objects;
struct store;

/* What a push goes to and comes from; nothing is owned. */
struct push_gaps {
	const struct lfs_config *config;
	const struct git_paths *paths;
	const struct store *store;
	const char *remote; /* a name or a URL, as git gives it */
};

/* Says on standard error what is missing, where it could come from, and by which
 * command. 0 when the push may go on without, 1 when it is to be refused; or negative. */
int push_gaps_judge(const struct push_gaps *g, const struct lfs_objects *missing,
                    struct err *err);

/* How many of `needed`, which the store has, this clone does not: git-lfs calls them
 * missing, and somebody has to say that they are not. */
size_t push_gaps_elsewhere(const struct git_paths *paths,
                           const struct lfs_objects *needed);

#endif
