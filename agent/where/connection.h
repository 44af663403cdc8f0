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

/* What says which store it is. */
enum connection_named {
	CONNECTION_NAMED_HERE,      /* what is checked out, or git's configuration */
	CONNECTION_NAMED_ELSEWHERE, /* HEAD, where that is left behind, or another ref */
	CONNECTION_NAMED_NOWHERE
};

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

/* A configuration, and how it comes to lead to a store. */
struct connection_config {
	struct lfs_config *config; /* owned */
	enum connection_named named;
};

/* The first half of it: the configuration that leads to a store of ours, or, where that is
 * CONNECTION_NAMED_NOWHERE, that of here. The caller frees. */
int connection_config_find(enum endpoint_direction direction, const char *remote,
                           struct connection_config *out, struct err *err);

/* The second half: `config`, of which it takes possession also when it fails, says where the
 * store is. */
int connection_open_by(struct lfs_config *config, enum endpoint_direction direction,
                       const char *remote, struct connection *out, struct err *err);

/* The same of the store that `place` names, which stands in the repository's git-annex branch;
 * url.repo_id is what `place` says. */
int connection_open_named(enum endpoint_direction direction, const char *place,
                          struct connection *out, struct err *err);
void connection_close(struct connection *c);

#endif
