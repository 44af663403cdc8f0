#include "agent/git/incomplete_push.h"

#include <stddef.h>
#include <strings.h>

#include "agent/git/lfs_config.h"

bool incomplete_push_allowed(const struct lfs_config *config)
{
	static const char *const yes[] = { "true", "yes", "on", "1", "t" };
	const char *value = lfs_config_get(config, "lfs.allowincompletepush");

	for (size_t i = 0; value && i < sizeof(yes) / sizeof(yes[0]); i++)
		if (strcasecmp(value, yes[i]) == 0)
			return true;
	return false;
}
