#include "agent/where/grace.h"

#include "agent/git/lfs_config.h"
#include "agent/report/duration_text.h"
#include "codec/common/err.h"

int grace_read(const struct lfs_config *config, int64_t *seconds, struct err *err)
{
	const char *text = lfs_config_get(config, "zllm.gc.grace");
	uint64_t given = GRACE_SECONDS;

	if (text && (!duration_parse(text, &given) || !given))
		return err_set(
			err, ERR_CONFIG,
			"zllm.gc.grace is '%s': a time is wanted, such as 24h or 10m",
			text);
	*seconds = (int64_t)given;
	return 0;
}
