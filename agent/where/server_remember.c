#include "agent/where/server_remember.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/git/git_scope.h"
#include "agent/git/lfs_config.h"
#include "agent/git/url_alias.h"
#include "agent/where/endpoint.h"
#include "agent/where/server_key.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define OURS "zllm"

static bool is_wanted(const struct lfs_config *config)
{
	static const char *const no[] = { "false", "no", "off", "0" };
	const char *value = lfs_config_get(config, "zllm.remember");

	for (size_t i = 0; value && i < sizeof(no) / sizeof(no[0]); i++)
		if (strcasecmp(value, no[i]) == 0)
			return false;
	return true;
}

/* Whether it is the repository that says where its objects are, to whoever clones it. */
static bool repository_names_store(const struct lfs_config *config, const char *remote)
{
	struct endpoint endpoint = { 0 };

	bool names = endpoint_find(config, ENDPOINT_UPLOAD, remote, &endpoint, NULL) ==
	                     0 &&
	             lfs_config_from_lfsconfig(config, endpoint.key);
	endpoint_wipe(&endpoint);
	return names;
}

/* The key for the URL by which clones are made. 1 where there is none. */
static int find_key(const struct lfs_config *config, const char *remote, struct buf *key,
                    struct err *err)
{
	struct buf name = BUF_INIT;

	buf_addf(&name, "remote.%s.url", remote);
	const char *url = lfs_config_get(config, buf_text(&name));
	char *used = url_alias_apply(config, url ? url : remote, URL_ALIAS_FETCH);
	int rc = used ? server_key(used, key) : err_nomem(err, "a remote's URL");
	free(used);
	buf_wipe(&name);
	if (!rc && key->failed)
		rc = err_nomem(err, "a key");
	return rc;
}

bool server_is_ours(const struct lfs_config *config, const char *remote)
{
	struct buf key = BUF_INIT;
	const char *agent = remote && find_key(config, remote, &key, NULL) == 0
	                            ? lfs_config_get(config, buf_text(&key))
	                            : NULL;
	bool ours = agent && strcmp(agent, OURS) == 0;

	buf_wipe(&key);
	return ours;
}

/* A server has an address, which a store's URL has not. */
static int count_server(void *ctx, const char *key, const char *value)
{
	static const char invalid[] = SERVER_KEY_FRONT "https://zllm.invalid";
	size_t *count = ctx, n = strlen(key), end = strlen(SERVER_KEY_END);

	*count += n > end && strcmp(key + n - end, SERVER_KEY_END) == 0 &&
	          strcmp(value, OURS) == 0 && strstr(key, "://") &&
	          strncmp(key, invalid, sizeof(invalid) - 1) != 0;
	return 0;
}

size_t server_count_ours(const struct lfs_config *config)
{
	size_t count = 0;

	lfs_config_each(config, count_server, &count);
	return count;
}

/* 0 when the user, and not only the machine, has run `git zllm install`. */
static int find_install(const struct git_scope *user, struct err *err)
{
	struct buf agent = BUF_INIT;

	int rc = git_scope_get(user, "lfs.zllm::" SERVER_KEY_END, &agent, err);
	if (!rc && strcmp(buf_text(&agent), OURS) != 0)
		rc = 1;
	buf_wipe(&agent);
	return rc;
}

int server_remember(const struct lfs_config *config, const char *remote,
                    struct buf *server, struct err *err)
{
	const struct git_scope user = { .option = "--global", .quiet = true };
	const size_t front = strlen(SERVER_KEY_FRONT), end = strlen(SERVER_KEY_END);
	struct buf key = BUF_INIT;

	if (!remote || !is_wanted(config) || !repository_names_store(config, remote))
		return 1;
	int rc = find_key(config, remote, &key, err);
	if (!rc && lfs_config_get(config, buf_text(&key)))
		rc = 1;
	if (!rc)
		rc = find_install(&user, err);
	if (!rc)
		rc = git_scope_set(&user, buf_text(&key), OURS, err);
	if (!rc)
		buf_add(server, key.data + front, key.size - front - end);
	buf_wipe(&key);
	return rc;
}
