#include "agent/cmd/store_place.h"

#include "agent/git/lfs_config.h"
#include "agent/where/base_cache.h"
#include "agent/where/effort_setting.h"
#include "agent/where/grace.h"
#include "agent/where/store_open.h"
#include "codec/common/err.h"
#include "index/blob/effort.h"
#include "index/gc/gc_ages.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"

/* How a store that is made gets its modes: as one user's; `init` is for teams. */
static const struct store_folder_modes own_modes = { 0444, 0755 };

static int open_store(struct connection *c, const char *typed, enum store_place_use use,
                      struct err *err)
{
	struct store_context context = { .modes = &own_modes };
	int rc = lfs_config_read(&c->config, err);

	context.config = c->config;
	context.use = use == STORE_PLACE_WRITE ? STORE_TO_WRITE : STORE_TO_READ;
	if (!rc)
		rc = store_url_parse(typed, &c->url, err);
	if (!rc)
		rc = use == STORE_PLACE_WRITE
		             ? store_open_or_make(&c->url, &context, &c->store, err)
		             : store_open(&c->url, &context, &c->store, err);
	return rc;
}

static int prepare(struct connection *c, enum store_place_use use, struct err *err)
{
	int rc = base_cache_open(c->config, c->store, &c->cache, err);

	if (!rc)
		rc = grace_read(c->config, &c->grace, err);
	if (!rc)
		rc = transfer_init(&c->transfer, c->store, 0, err);
	if (rc)
		return rc;
	c->store->step_limit = (unsigned)gc_step_limit(c->grace);
	c->transfer.repo_id = c->url.repo_id;
	c->transfer.cache = c->cache;
	if (use == STORE_PLACE_WRITE)
		rc = effort_read(c->config, &effort_normal, &c->transfer.effort, err);
	return rc;
}

int store_place_open(const char *typed, enum store_place_use use, struct connection *out,
                     struct err *err)
{
	if (!typed)
		return connection_open(use == STORE_PLACE_WRITE ? ENDPOINT_UPLOAD
		                                                : ENDPOINT_DOWNLOAD,
		                       NULL, out, err);
	*out = (struct connection){ 0 };
	int rc = open_store(out, typed, use, err);
	if (!rc)
		rc = prepare(out, use, err);
	if (rc)
		connection_close(out);
	return rc;
}
