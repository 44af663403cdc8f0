/*
 * Tells a store which remotes take pushes of a repository (index/store/remote_marks.h), so
 * that a prune by the refs of one does not drop what another's need.
 */
#ifndef ZLLM_REMOTE_TELL_H
#define ZLLM_REMOTE_TELL_H

#include <stdbool.h>

struct err;
struct lfs_config;
struct store;

struct remote_tell {
	const struct lfs_config *config;
	const char *root;    /* where relative paths begin: remote_ways.h */
	struct store *store; /* that is written to */
	const char *repo_id; /* "": nobody, and nothing is told */
};

/* Leaves a marker of each place that a push to `remote` (a name, a URL, or NULL: origin)
 * goes to, before anything of it is owned. A remote that leads nowhere is passed over: no
 * push gets there. */
int remote_tell(const struct remote_tell *t, const char *remote, struct err *err);

/* Whether the store knows all of these. It is only read. */
int remote_is_told(const struct remote_tell *t, const char *remote, bool *told,
                   struct err *err);

#endif
