#include "agent/where/connection.h"

#include <stdbool.h>

#include "agent/git/lfs_config.h"
#include "agent/where/base_cache.h"
#include "agent/where/effort_setting.h"
#include "agent/where/grace.h"
#include "agent/where/ref_stores.h"
#include "agent/where/repo_id.h"
#include "agent/where/store_open.h"
#include "codec/common/err.h"
#include "index/blob/effort.h"
#include "index/gc/gc_ages.h"
#include "index/store/store.h"

/* What a connection needs beside its store, which is open. */
static int set_up(struct connection *c, enum endpoint_direction direction,
                  struct err *err)
{
	int rc = base_cache_open(c->config, c->store, &c->cache, err);
	if (!rc)
		rc = grace_read(c->config, &c->grace, err);
	c->store->step_limit = (unsigned)gc_step_limit(c->grace);
	if (!rc)
		rc = transfer_init(&c->transfer, c->store, 0, err);
	c->transfer.repo_id = c->url.repo_id;
	c->transfer.cache = c->cache;
	if (!rc && direction == ENDPOINT_UPLOAD)
		rc = effort_read(c->config, &effort_normal, &c->transfer.effort, err);
	return rc;
}

static struct store_context context_for(const struct connection *c,
                                        enum endpoint_direction direction)
{
	struct store_context context = store_context_of(&c->paths, c->config);

	context.use = direction == ENDPOINT_UPLOAD ? STORE_TO_WRITE : STORE_TO_READ;
	return context;
}

static int open_store(struct connection *c, enum endpoint_direction direction,
                      const char *remote, struct err *err)
{
	struct store_context context = context_for(c, direction);
	int rc = endpoint_find(c->config, direction, remote, &c->endpoint, err);

	if (rc)
		return rc;
	rc = store_url_parse(c->endpoint.url, &c->url, err);
	if (rc) {
		err_context(err, "%s", c->endpoint.key);
		return rc;
	}
	if (lfs_config_from_lfsconfig(c->config, c->endpoint.key))
		context.named_by = STORE_NAMED_BY_REPOSITORY;
	rc = store_open(&c->url, &context, &c->store, err);
	if (!rc && direction == ENDPOINT_UPLOAD && !*c->url.repo_id)
		rc = repo_id_of_push(c->config, context.root, remote, c->url.repo_id,
		                     err);
	return rc < 0 ? rc : set_up(c, direction, err);
}

/* git-lfs has started us, so this repository's objects are ours, and yet what is checked
 * out may name no store: git is on its way from a commit with one to a commit from before
 * `init` (HEAD still is the one it comes from), or nothing is checked out yet, or nothing
 * with a store, and the user's configuration says that this server's objects are ours
 * (server_key.h). Then a branch or a tag tells. */
int connection_config_find(enum endpoint_direction direction, const char *remote,
                           struct connection_config *out, struct err *err)
{
	struct lfs_config *here = NULL, *before = NULL;
	int rc = lfs_config_read(&here, err);

	*out = (struct connection_config){ here, CONNECTION_NAMED_HERE };
	if (rc || endpoint_is_ours(here, direction, remote))
		return rc;
	rc = lfs_config_read_at("HEAD", &before, err);
	if (!rc && !endpoint_is_ours(before, direction, remote)) {
		lfs_config_free(before);
		rc = ref_stores_config(direction, remote, &before, err);
	}
	out->named = rc ? CONNECTION_NAMED_NOWHERE : CONNECTION_NAMED_ELSEWHERE;
	if (!rc)
		out->config = before;
	if (rc <= 0)
		lfs_config_free(here);
	return rc < 0 ? rc : 0;
}

static int find_repository(struct connection *c, struct err *err)
{
	int rc = git_paths_find(c->config, &c->paths, err);

	return rc > 0 ? err_set(err, ERR_CONFIG,
	                        "this is not a git repository; run it inside one")
	              : rc;
}

int connection_open_named(enum endpoint_direction direction, const char *place,
                          struct connection *out, struct err *err)
{
	*out = (struct connection){ 0 };
	int rc = lfs_config_read(&out->config, err);

	if (!rc)
		rc = find_repository(out, err);
	if (!rc)
		rc = store_url_parse(place, &out->url, err);
	if (!rc) {
		struct store_context context = context_for(out, direction);
		context.named_by = STORE_NAMED_BY_ANNEX;
		rc = store_open(&out->url, &context, &out->store, err);
	}
	if (!rc)
		rc = set_up(out, direction, err);
	if (rc)
		connection_close(out);
	return rc;
}

int connection_open_by(struct lfs_config *config, enum endpoint_direction direction,
                       const char *remote, struct connection *out, struct err *err)
{
	*out = (struct connection){ .config = config };
	int rc = find_repository(out, err);

	if (!rc)
		rc = open_store(out, direction, remote, err);
	if (rc)
		connection_close(out);
	return rc;
}

int connection_open(enum endpoint_direction direction, const char *remote,
                    struct connection *out, struct err *err)
{
	struct connection_config found;

	*out = (struct connection){ 0 };
	int rc = connection_config_find(direction, remote, &found, err);
	return rc ? rc : connection_open_by(found.config, direction, remote, out, err);
}

void connection_close(struct connection *c)
{
	transfer_wipe(&c->transfer);
	store_close(c->cache);
	store_close(c->store);
	store_url_wipe(&c->url);
	endpoint_wipe(&c->endpoint);
	git_paths_wipe(&c->paths);
	lfs_config_free(c->config);
	*c = (struct connection){ 0 };
}
