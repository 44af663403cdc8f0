/*
 * The ways from a clone to remotes: what git is given to go there (a remote's name, or a
 * URL), and the place that it leads to (remote_place.h). Several ways may lead to one place.
 */
#ifndef ZLLM_REMOTE_WAYS_H
#define ZLLM_REMOTE_WAYS_H

#include <stddef.h>

#include "agent/git/remote_place.h"

struct lfs_config;

struct remote_way {
	char *given; /* owned; may hold credentials: never shown */
	struct remote_place place;
};

struct remote_ways {
	struct remote_way *list; /* owned */
	size_t count;
	size_t lost; /* those that lead nowhere, or to a folder that is not there */
};

#define REMOTE_WAYS_INIT   \
	{                  \
		NULL, 0, 0 \
	}

/* What a clone knows of its remotes. */
struct remote_view {
	const struct lfs_config *config;
	const char *root; /* where relative paths begin: the worktree, or a bare one's git
	                   * directory */
};

/* Adds the places that a push to `remote` (a name, a URL, or NULL: origin) goes to: those of
 * its push URLs, else of its URLs, aliases applied. */
int remote_ways_add_push(struct remote_ways *ways, const struct remote_view *view,
                         const char *remote, struct err *err);

/* Adds the places of all URLs of `remote` (a name, or a URL), those that it is fetched from
 * first. */
int remote_ways_add(struct remote_ways *ways, const struct remote_view *view,
                    const char *remote, struct err *err);

/* The same of every remote that is configured. */
int remote_ways_add_all(struct remote_ways *ways, const struct remote_view *view,
                        struct err *err);

void remote_ways_wipe(struct remote_ways *ways);

#endif
