#include "agent/session/session_way.h"

#include "agent/git/lfs_config.h"
#include "agent/report/report.h"
#include "agent/session/pass_through.h"
#include "agent/where/remote_store.h"
#include "codec/common/err.h"

/* Where no ref here names a store, the remote itself may. */
static void ask_remote(enum endpoint_direction direction, const char *remote,
                       struct connection_config *found)
{
	struct lfs_config *of_remote;
	struct err ignored = ERR_INIT;

	if (remote_store_config(found->config, direction, remote ? remote : "origin",
	                        &of_remote, &ignored))
		return;
	lfs_config_free(found->config);
	*found = (struct connection_config){ of_remote, CONNECTION_NAMED_ELSEWHERE };
}

static int find_config(struct session_way *way, enum endpoint_direction direction,
                       const char *remote, struct connection_config *found,
                       struct err *err)
{
	int rc = connection_config_find(direction, remote, found, err);

	if (rc || found->named == CONNECTION_NAMED_HERE)
		return rc;
	rc = pass_through_new(found->config, remote, &way->pass, err);
	if (!rc)
		rc = git_paths_find(found->config, &way->pass_paths, err);
	if (!rc && found->named == CONNECTION_NAMED_NOWHERE)
		ask_remote(direction, remote, found);
	if (rc < 0)
		lfs_config_free(found->config);
	return rc < 0 ? rc : 0;
}

int session_way_open(struct session_way *way, enum endpoint_direction direction,
                     const char *remote, struct err *err)
{
	struct connection_config found;
	int rc = find_config(way, direction, remote, &found, err);

	if (!rc && found.named == CONNECTION_NAMED_NOWHERE && way->pass) {
		report_trace("init: nothing names a store; git-lfs does it without us");
		lfs_config_free(found.config);
		return 0;
	}
	if (!rc) {
		rc = connection_open_by(found.config, direction, remote, &way->connection,
		                        err);
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
