#include "agent/git/url_alias.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/lfs_config.h"
#include "codec/common/buf.h"

/* The longest url.<base>.<variable> that is a prefix of `url`. */
struct alias_search {
	const char *url;
	const char *variable; /* ".insteadof" */
	const char *base;     /* of the best so far; not ended */
	size_t base_size;
	size_t prefix_size;
	bool found;
};

static int look_at_alias(void *ctx, const char *key, const char *value)
{
	struct alias_search *s = ctx;
	size_t n = strlen(key), m = strlen(s->variable), prefix = strlen(value);

	if (n < 4 + m || strncmp(key, "url.", 4) != 0 ||
	    strcmp(key + n - m, s->variable) != 0)
		return 0;
	if (strncmp(s->url, value, prefix) != 0 || (s->found && prefix < s->prefix_size))
		return 0;
	s->found = true;
	s->base = key + 4;
	s->base_size = n - 4 - m;
	s->prefix_size = prefix;
	return 0;
}

char *url_alias_apply(const struct lfs_config *config, const char *url,
                      enum url_alias_use use)
{
	struct alias_search push = { .url = url, .variable = ".pushinsteadof" };
	struct alias_search any = { .url = url, .variable = ".insteadof" };
	struct alias_search *best = &any;
	struct buf result = BUF_INIT;

	if (use == URL_ALIAS_PUSH)
		lfs_config_each(config, look_at_alias, &push);
	if (push.found)
		best = &push;
	else
		lfs_config_each(config, look_at_alias, &any);
	if (best->found)
		buf_add(&result, best->base, best->base_size);
	buf_add_str(&result, url + best->prefix_size);
	char *text = strdup(buf_text(&result));
	if (result.failed) {
		free(text);
		text = NULL;
	}
	buf_wipe(&result);
	return text;
}
