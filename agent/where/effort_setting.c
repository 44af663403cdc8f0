#include "agent/where/effort_setting.h"

#include "agent/git/lfs_config.h"
#include "codec/common/err.h"
#include "index/blob/effort.h"

int effort_read(const struct lfs_config *config, const struct effort *otherwise,
                const struct effort **out, struct err *err)
{
	const char *text = lfs_config_get(config, "zllm.effort");
	const struct effort *found = text ? effort_by_name(text) : otherwise;

	if (!found)
		return err_set(err, ERR_CONFIG,
		               "zllm.effort is '%s': fast, normal or best is wanted",
		               text);
	*out = found;
	return 0;
}
