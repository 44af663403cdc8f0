#include "agent/session/session_way.h"

#include "agent/git/lfs_config.h"
#include "agent/report/report.h"
#include "agent/session/pass_through.h"
#include "agent/where/remote_store.h"
#include "codec/common/err.h"

/* Where no ref here names a store, the remote itself may. */
static void ask_remote(enum endpoint_direction direction, const char *remote,
                       struct lfs_config **config, enum connection_named *named)
{
	struct lfs_config *of_remote;
	struct err ignored = ERR_INIT;

	if (remote_store_config(*config, direction, remote ? remote : "origin",
	                        &of_remote, &ignored))
		return;
	lfs_config_free(*config);
	*config = of_remote;
	*named = CONNECTION_NAMED_ELSEWHERE;
}

static int find_config(struct session_way *way, enum endpoint_direction direction,
                       const char *remote, struct lfs_config **config,
                       enum connection_named *named, struct err *err)
{
	int rc = connection_config(direction, remote, config, named, err);

	if (rc || *named == CONNECTION_NAMED_HERE)
		return rc;
	rc = pass_through_new(*config, remote, &way->pass, err);
	if (!rc)
		rc = git_paths_find(*config, &way->pass_paths, err);
	if (!rc && *named == CONNECTION_NAMED_NOWHERE)
		ask_remote(direction, remote, config, named);
	if (rc < 0)
		lfs_config_free(*config);
	return rc < 0 ? rc : 0;
}

int session_way_open(struct session_way *way, enum endpoint_direction direction,
                     const char *remote, struct err *err)
{
	struct lfs_config *config;
	enum connection_named named;
	int rc = find_config(way, direction, remote, &config, &named, err);

	if (!rc && named == CONNECTION_NAMED_NOWHERE && way->pass) {
		report_trace("init: nothing names a store; git-lfs does it without us");
		lfs_config_free(config);
		return 0;
	}
	if (!rc) {
		rc = connection_open_by(config, direction, remote, &way->connection, err);
		way->open = !rc;
	}
	if (rc)
		session_way_close(way);
	return rc;
}

void session_way_close(struct session_way *way)
{
	if (way->open)
		connection_close(&way->connection);
	pass_through_free(way->pass);
	git_paths_wipe(&way->pass_paths);
	*way = (struct session_way){ .open = false };
}
