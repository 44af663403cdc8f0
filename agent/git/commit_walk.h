/*
 * The walk over a history: which commits are reachable from some and not from
 * others, newest first. Knows nothing of git but what its caller answers, so
 * that a commit that is not there (shallow clones) ends no walk.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_COMMIT_WALK_H
#define ZLLM_COMMIT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/git/commit_id.h"

enum { COMMIT_PARENTS_MAX = 16 }; /* an octopus has more than that in jest only */

/* What a walk has to know of a commit. */
struct commit_facts {
	int64_t time; /* seconds since 1970 */
	struct commit_id parents[COMMIT_PARENTS_MAX];
	size_t parent_count; /* the first ones, where there are more */
};

/* Tells of `id`; false when there is no such commit. */
typedef bool commit_describe_fn(void *ctx, const struct commit_id *id,
                                struct commit_facts *out);

struct commit_walk;

/* A walk that looks at no more than `max` commits. NULL when memory ran out. */
struct commit_walk *commit_walk_new(commit_describe_fn *describe, void *ctx, size_t max);
void commit_walk_free(struct commit_walk *w);

/* Where to begin, and what not to show with all its ancestors. Before the first
 * commit_walk_next(). */
void commit_walk_add(struct commit_walk *w, const struct commit_id *id);
void commit_walk_hide(struct commit_walk *w, const struct commit_id *id);

/* The next commit; false at the end. */
bool commit_walk_next(struct commit_walk *w, struct commit_id *out);

#endif
