/*
 * A command's connection: the repository it runs in, and the store of that
 * repository, opened and checked.
 */
#ifndef ZLLM_CONNECTION_H
#define ZLLM_CONNECTION_H

#include "agent/git/git_paths.h"
#include "agent/where/endpoint.h"
#include "agent/where/store_url.h"
#include "index/blob/transfer.h"

struct err;
struct lfs_config;

struct connection {
	struct lfs_config *config;
	struct git_paths paths;
	struct endpoint endpoint;
	struct store_url url;
	struct store *store;
	struct store *cache; /* of its bases; NULL when there is none */
	struct transfer transfer;
	int64_t grace; /* seconds for which what is seen of the store may be relied upon */
};

/* Resolves and opens the store of the repository of the current directory, for
 * transfers in that direction with `remote` (a name, a URL, or NULL: the default). For
 * uploads url.repo_id is found where the URL has none: repo_id_of_push().
 * The error is a sentence for the user. The caller closes. */
int connection_open(enum endpoint_direction direction, const char *remote,
                    struct connection *out, struct err *err);

/* The same of the store that `place` names, which stands in the repository's git-annex branch;
 * url.repo_id is what `place` says. */
int connection_open_named(enum endpoint_direction direction, const char *place,
                          struct connection *out, struct err *err);
void connection_close(struct connection *c);

#endif
