#include "agent/where/remote_store.h"

#include "agent/git/git_paths.h"
#include "agent/git/lfs_config.h"
#include "agent/git/remote_head.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

int remote_store_config(const struct lfs_config *here, enum endpoint_direction direction,
                        const char *remote, struct lfs_config **out, struct err *err)
{
	struct git_paths paths = { 0 };
	struct lfs_config *config = NULL;
	struct buf file = BUF_INIT;

	int rc = git_paths_find(here, &paths, err);
	if (!rc)
		rc = remote_head_file(&paths, remote, ".lfsconfig", &file, err);
	if (!rc)
		rc = lfs_config_read_text(&file, &config, err);
	if (!rc && !endpoint_is_ours(config, direction, remote))
		rc = 1;
	if (!rc)
		*out = config;
	else
		lfs_config_free(config);
	git_paths_wipe(&paths);
	buf_wipe(&file);
	return rc;
}
