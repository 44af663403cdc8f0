#include "agent/hints/repo_name.h"

#include <string.h>

#include "agent/git/lfs_config.h"
#include "agent/hints/base_setting.h"
#include "agent/hints/model_name.h"
#include "codec/common/buf.h"

bool repo_name_find(const struct base_setting *setting, const struct lfs_config *config,
                    const char *remote, struct model_name *out)
{
	const char *declared = setting ? base_setting_name(setting) : NULL;
	struct buf key = BUF_INIT;

	if (declared)
		return model_name_parse(declared, strlen(declared), out);
	buf_addf(&key, "remote.%s.url", remote && *remote ? remote : "origin");
	const char *url = key.failed ? NULL : lfs_config_get(config, buf_text(&key));
	if (!url)
		url = remote;
	bool found = url && model_name_from_url(url, out);
	buf_wipe(&key);
	return found;
}
