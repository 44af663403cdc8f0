#include "agent/cmd/doctor.h"

#include <stdint.h>
#include <stdlib.h>

#include "agent/git/lfs_config.h"
#include "agent/report/checkup.h"
#include "agent/report/size_text.h"
#include "agent/session/look_ahead.h"
#include "agent/where/base_cache.h"
#include "codec/common/err.h"
#include "index/store/store.h"

/* Where a setting's value is from. */
static const char *source(const struct lfs_config *config, const char *key)
{
	return lfs_config_get(config, key) ? key : "the default";
}

static void tell_folder(struct checkup *c, const struct lfs_config *config, uint64_t size)
{
	char *folder = base_cache_folder(config);
	char text[SIZE_TEXT];
	struct err err = ERR_INIT;

	size_format(size, text);
	if (!folder)
		checkup_add(c, FINDING_DOUBTFUL, "cache", "set zllm.cache.path",
		            "bases will be downloaded every time: HOME is not set");
	else if (base_cache_check(folder, &err))
		checkup_add(c, FINDING_DOUBTFUL, "cache",
		            "set zllm.cache.path to a folder of yours",
		            "bases will be downloaded every time: their folder %s "
		            "cannot be written: %s",
		            folder, err.text);
	else
		checkup_add(c, FINDING_GOOD, "cache", NULL,
		            "bases are kept in %s (%s), up to %s (%s)", folder,
		            source(config, "zllm.cache.path"), text,
		            source(config, "zllm.cache.size"));
	free(folder);
}

static void tell_cache(struct checkup *c, const struct lfs_config *config,
                       const struct store *store)
{
	struct err err = ERR_INIT;
	uint64_t size;

	if (base_cache_size(config, &size, &err))
		checkup_add(c, FINDING_BAD, "cache", NULL, "%s", err.text);
	else if (store->remote && size)
		tell_folder(c, config, size);
	else if (store->remote)
		checkup_add(c, FINDING_GOOD, "cache", NULL,
		            "none (zllm.cache.size is 0)");
}

void doctor_cache(struct checkup *c, const struct lfs_config *config,
                  const struct store *store)
{
	struct err err = ERR_INIT;
	char text[SIZE_TEXT];
	uint64_t budget;

	tell_cache(c, config, store);
	if (look_ahead_budget(config, store, &budget, &err)) {
		checkup_add(c, FINDING_BAD, "look-ahead", NULL, "%s", err.text);
		return;
	}
	size_format(budget, text);
	if (budget)
		checkup_add(c, FINDING_GOOD, "look-ahead", NULL, "up to %s (%s)", text,
		            source(config, "zllm.lookahead"));
	else if (store->remote)
		checkup_add(c, FINDING_GOOD, "look-ahead", NULL,
		            "none (zllm.lookahead is 0)");
}
