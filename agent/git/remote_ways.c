#include "agent/git/remote_ways.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/lfs_config.h"
#include "agent/git/url_alias.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

void remote_ways_wipe(struct remote_ways *ways)
{
	for (size_t i = 0; i < ways->count; i++)
		free(ways->list[i].given);
	free(ways->list);
	*ways = (struct remote_ways)REMOTE_WAYS_INIT;
}

static int append(struct remote_ways *ways, const char *given,
                  const struct remote_place *place, struct err *err)
{
	struct remote_way *list = realloc(ways->list, (ways->count + 1) * sizeof(*list));
	char *copy = strdup(given);

	if (list)
		ways->list = list;
	if (!list || !copy) {
		free(copy);
		return err_nomem(err, "a list of remotes");
	}
	list[ways->count].given = copy;
	list[ways->count++].place = *place;
	return 0;
}

/* ---------------------------------------------------------------- one remote */

enum how { FETCHED, PUSHED, PUSHED_BY_URL };

/* The URLs that the configuration has for a remote, one by one. */
struct search {
	struct remote_ways *ways;
	const struct remote_view *view;
	const char *name;
	const char *variable; /* "url", "pushurl" */
	enum how how;
	size_t found;
	struct err *err;
};

/* `url` as it stands in the configuration. What is fetched by a remote's name goes by all
 * that is configured of it (a proxy, a program); else git gets the URL. */
static int add_url(struct search *s, const char *url)
{
	struct remote_place place;
	char *used = url_alias_apply(s->view->config, url,
	                             s->how == PUSHED_BY_URL ? URL_ALIAS_PUSH
	                                                     : URL_ALIAS_FETCH);

	s->found++;
	if (!used)
		return err_nomem(s->err, "a remote's URL");
	int rc = remote_place_find(used, s->view->root, &place, s->err);
	if (!rc)
		rc = append(s->ways,
		            s->how == FETCHED && s->found == 1 ? s->name
		            : s->how == PUSHED_BY_URL          ? used
		                                               : url,
		            &place, s->err);
	else if (rc > 0 || rc == ERR_INPUT)
		s->ways->lost++;
	free(used);
	return rc > 0 || rc == ERR_INPUT ? 0 : rc;
}

/* The middle of "remote.<name>.<variable>"; 0 when `key` is not that. */
static size_t name_in(const char *key, const char *variable)
{
	size_t n = strlen(key), end = 1 + strlen(variable);

	if (strncmp(key, "remote.", 7) != 0 || n <= 7 + end || key[n - end] != '.' ||
	    strcmp(key + n - end + 1, variable) != 0)
		return 0;
	return n - 7 - end;
}

static int look_at_pair(void *ctx, const char *key, const char *value)
{
	struct search *s = ctx;
	size_t n = name_in(key, s->variable);

	if (!n || strlen(s->name) != n || memcmp(key + 7, s->name, n) != 0 || !*value)
		return 0;
	return add_url(s, value);
}

/* Adds what remote.<name>.<variable> says; the number that was found, or negative. */
static int search(struct search s, const char *variable, enum how how, size_t *found)
{
	s.variable = variable;
	s.how = how;
	s.found = 0;
	int rc = lfs_config_each(s.view->config, look_at_pair, &s);
	*found += s.found;
	return rc;
}

int remote_ways_add_push(struct remote_ways *ways, const struct remote_view *view,
                         const char *remote, struct err *err)
{
	struct search s = { .ways = ways, .view = view, .err = err };
	size_t found = 0;

	s.name = remote && *remote ? remote : "origin";
	int rc = search(s, "pushurl", PUSHED, &found);
	if (!rc && !found)
		rc = search(s, "url", PUSHED_BY_URL, &found);
	s.how = PUSHED_BY_URL;
	return rc || found || !remote ? rc : add_url(&s, remote);
}

int remote_ways_add(struct remote_ways *ways, const struct remote_view *view,
                    const char *remote, struct err *err)
{
	struct search s = { .ways = ways, .view = view, .name = remote, .err = err };
	size_t found = 0;

	int rc = search(s, "url", FETCHED, &found);
	if (!rc)
		rc = search(s, "pushurl", PUSHED, &found);
	if (!rc && found)
		rc = search(s, "url", PUSHED_BY_URL, &found);
	s.how = FETCHED;
	return rc || found ? rc : add_url(&s, remote);
}

/* ---------------------------------------------------------------- all of them */

struct names {
	struct buf list; /* each with its NUL */
};

static bool has(const struct buf *list, const char *name, size_t n)
{
	const char *at = (const char *)list->data, *end = at + list->size;

	for (; at < end; at += strlen(at) + 1)
		if (strlen(at) == n && memcmp(at, name, n) == 0)
			return true;
	return false;
}

static int note_name(void *ctx, const char *key, const char *value)
{
	struct names *names = ctx;
	size_t n = name_in(key, "url") ? name_in(key, "url") : name_in(key, "pushurl");

	(void)value;
	if (!n || has(&names->list, key + 7, n))
		return 0;
	buf_add(&names->list, key + 7, n);
	buf_add_u8(&names->list, 0);
	return 0;
}

int remote_ways_add_all(struct remote_ways *ways, const struct remote_view *view,
                        struct err *err)
{
	struct names names = { BUF_INIT };

	lfs_config_each(view->config, note_name, &names);
	int rc = names.list.failed ? err_nomem(err, "the names of remotes") : 0;
	const char *at = (const char *)names.list.data;
	const char *end = at + names.list.size;
	for (; !rc && at < end; at += strlen(at) + 1)
		rc = remote_ways_add(ways, view, at, err);
	buf_wipe(&names.list);
	return rc;
}
