/*
 * The order is git-lfs's own (lfsapi/endpoint_finder.go), down to its corners: a
 * remote that has a git URL of its own never falls back to origin's LFS URL.
 */
#include "agent/where/endpoint.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/lfs_config.h"
#include "agent/git/url_alias.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

void endpoint_wipe(struct endpoint *e)
{
	free(e->url);
	free(e->key_memory);
	*e = (struct endpoint){ 0 };
}

/* The value of remote.<remote>.<variable>; *key is its name, owned by the caller. */
static int remote_value(const struct lfs_config *config, const char *remote,
                        const char *variable, const char **value, char **key)
{
	struct buf name = BUF_INIT;

	buf_addf(&name, "remote.%s.%s", remote, variable);
	*value = lfs_config_get(config, buf_text(&name));
	if (*value) {
		*key = strdup(buf_text(&name));
		if (!*key)
			name.failed = true;
	}
	int rc = name.failed ? ERR_NOMEM : 0;
	buf_wipe(&name);
	return rc;
}

/* What one remote says. 0 with *value set, or with *value NULL and *ends saying
 * whether the search is over: the remote has a git URL, whose server is not us. */
static int ask_remote(const struct lfs_config *config, enum endpoint_direction direction,
                      const char *remote, const char **value, char **key)
{
	static const char *const variables[] = { "lfspushurl", "lfsurl", "pushurl",
		                                 "url" };
	bool upload = direction == ENDPOINT_UPLOAD;

	for (size_t i = upload ? 0 : 1; i < 4; i++) {
		if (i == 2 && !upload)
			continue;
		int rc = remote_value(config, remote, variables[i], value, key);
		if (rc || *value)
			return rc;
	}
	return 0;
}

static bool looks_like_url(const char *remote)
{
	return strpbrk(remote, ":/") != NULL;
}

/* The configured value and its key; *value NULL when there is none. */
static int find_configured(const struct lfs_config *config,
                           enum endpoint_direction direction, const char *remote,
                           const char **value, struct endpoint *out)
{
	*value = NULL;
	if (direction == ENDPOINT_UPLOAD) {
		out->key = "lfs.pushurl";
		*value = lfs_config_get(config, out->key);
	}
	if (!*value) {
		out->key = "lfs.url";
		*value = lfs_config_get(config, out->key);
	}
	if (*value)
		return 0;
	out->key = NULL;
	int rc = 0;
	if (remote && strcmp(remote, "origin") != 0) {
		rc = ask_remote(config, direction, remote, value, &out->key_memory);
		if (!rc && !*value && looks_like_url(remote))
			return 0;
	}
	if (!rc && !*value)
		rc = ask_remote(config, direction, "origin", value, &out->key_memory);
	out->key = out->key_memory;
	return rc;
}

int endpoint_find(const struct lfs_config *config, enum endpoint_direction direction,
                  const char *remote, struct endpoint *out, struct err *err)
{
	struct endpoint found = { 0 };
	const char *value;

	int rc = find_configured(config, direction, remote, &value, &found);
	if (rc) {
		err_nomem(err, "the store's URL");
		goto out;
	}
	if (!value) {
		rc = err_set(
			err, ERR_CONFIG,
			"no store is configured: 'git zllm init <store>' writes one to "
			".lfsconfig, or set lfs.url to zllm::<store>");
		goto out;
	}
	found.url = url_alias_apply(config, value,
	                            direction == ENDPOINT_UPLOAD ? URL_ALIAS_PUSH
	                                                         : URL_ALIAS_FETCH);
	if (!found.url) {
		rc = err_nomem(err, "the store's URL");
		goto out;
	}
	if (!store_url_is_ours(found.url)) {
		rc = err_set(
			err, ERR_CONFIG,
			"%s is '%s', which is not a git-zllm store: 'git zllm init <store>' "
			"writes one to .lfsconfig, or set lfs.url to zllm::<store>",
			found.key, found.url);
		goto out;
	}
	*out = found;
	return 0;
out:
	endpoint_wipe(&found);
	return rc;
}

bool endpoint_is_ours(const struct lfs_config *config, enum endpoint_direction direction,
                      const char *remote)
{
	struct endpoint endpoint = { 0 };
	bool ours = endpoint_find(config, direction, remote, &endpoint, NULL) == 0;

	endpoint_wipe(&endpoint);
	return ours;
}
