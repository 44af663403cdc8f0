#include "agent/cmd/old_server.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/cmd/lfsconfig_history.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_config.h"
#include "agent/where/server_key.h"
#include "agent/where/store_url.h"
#include "codec/common/err.h"

void old_server_wipe(struct old_server *s)
{
	buf_wipe(&s->remote);
	buf_wipe(&s->url);
}

/* ---------------------------------------------------------------- where it is */

/* Takes the remote that a key like remote.origin.url names, the first of them. */
static int take_remote(void *ctx, const char *key, const char *value)
{
	static const char front[] = "remote.", end[] = ".url";
	const size_t before = sizeof(front) - 1, after = sizeof(end) - 1;
	struct buf *remote = ctx;
	size_t n = strlen(key);

	(void)value;
	if (n > before + after && strncmp(key, front, before) == 0 &&
	    strcmp(key + n - after, end) == 0) {
		buf_add(remote, key + before, n - before - after);
		return 1;
	}
	return 0;
}

static void find_remote(const struct lfs_config *config, struct buf *out)
{
	if (lfs_config_get(config, "remote.origin.url"))
		buf_add_str(out, "origin");
	else
		lfs_config_each(config, take_remote, out);
}

static const char *remote_value(const struct lfs_config *config, struct old_server *s,
                                const char *variable)
{
	struct buf key = BUF_INIT;

	buf_addf(&key, "remote.%s.%s", buf_text(&s->remote), variable);
	const char *value = lfs_config_get(config, buf_text(&key));
	buf_wipe(&key);
	return value;
}

/* Whether git-lfs, as it is set up, would come to us. */
static bool leads_to_us(const struct lfs_config *config, struct old_server *s)
{
	const char *url = lfs_config_get(config, "lfs.url");

	if (!url)
		url = remote_value(config, s, "lfsurl");
	return url && store_url_is_ours(url);
}

static int take_foreign(void *ctx, const char *url, struct err *err)
{
	struct buf *out = ctx;

	(void)err;
	if (store_url_is_ours(url))
		return 0;
	buf_add_str(out, url);
	return 1;
}

static bool ends_in(const char *text, size_t n, const char *end)
{
	size_t m = strlen(end);

	return n >= m && memcmp(text + n - m, end, m) == 0;
}

/* The LFS server that git-lfs takes a git server at `url` to have. */
static void add_server_of(const char *url, struct buf *out)
{
	size_t n = strlen(url);

	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0) {
		buf_add_str(out, url); /* of a folder, or asked for by ssh */
		return;
	}
	while (n && url[n - 1] == '/')
		n--;
	buf_addf(out, "%.*s%s/info/lfs", (int)n, url,
	         ends_in(url, n, ".git") ? "" : ".git");
}

/* Whether a pair of the configuration, as old_commits.h sets it, turns `url` into ours. */
static int turns_to_us(void *ctx, const char *key, const char *value)
{
	static const char front[] = "url.";
	const char *url = ctx;

	return strncmp(key, front, sizeof(front) - 1) == 0 &&
	       ends_in(key, strlen(key), ".insteadof") &&
	       store_url_is_ours(key + sizeof(front) - 1) &&
	       strncmp(url, value, strlen(value)) == 0;
}

/* Takes what .lfsconfig names where it is another server which an alias turns into ours. */
static void add_aliased(const struct lfs_config *config, struct buf *out)
{
	const char *url = lfs_config_get(config, "lfs.url");

	if (url && lfs_config_each(config, turns_to_us, (void *)(uintptr_t)url))
		buf_add_str(out, url);
}

int old_server_find(const struct lfs_config *config, const char *named,
                    struct old_server *out, struct err *err)
{
	struct old_server s = { BUF_INIT, BUF_INIT };
	int rc = 0;

	find_remote(config, &s.remote);
	if (named) {
		buf_add_str(&s.url, named);
	} else if (leads_to_us(config, &s)) {
		rc = lfsconfig_history_each(take_foreign, &s.url, err);
		const char *url = remote_value(config, &s, "url");
		if (!rc && url)
			add_server_of(url, &s.url);
	} else {
		add_aliased(config, &s.url);
	}
	if (rc >= 0 && (s.remote.failed || s.url.failed))
		rc = err_nomem(err, "the old server's address");
	if (rc < 0) {
		old_server_wipe(&s);
		return rc;
	}
	*out = s;
	return 0;
}

/* ---------------------------------------------------------------- what it has */

int old_server_fetch_refs(const struct old_server *s, struct err *err)
{
	struct buf remote = BUF_INIT, heads = BUF_INIT;
	int rc = 0, status = 0;

	buf_add(&remote, s->remote.data, s->remote.size);
	buf_addf(&heads, "+refs/heads/*:refs/remotes/%s/*", buf_text(&remote));
	const char *const argv[] = { "git",
		                     "fetch",
		                     "--quiet",
		                     "--tags",
		                     "--no-recurse-submodules",
		                     "--",
		                     buf_text(&remote),
		                     buf_text(&heads),
		                     NULL };
	if (remote.size)
		rc = git_run(argv, NULL, &status, err);
	if (!rc && status)
		rc = err_set(
			err, ERR_IO,
			"git cannot fetch all branches and tags of '%s', whose objects "
			"are to be moved too; what is wrong is said above",
			buf_text(&remote));
	buf_wipe(&remote);
	buf_wipe(&heads);
	return rc;
}

/* "<key>=<agent>": what the user's configuration says of this server (server_key.h) would
 * bring it all to us. Nothing where it has no such key. */
static void add_own_agent(const char *url, struct buf *out)
{
	static const char end[] = "/info/lfs";
	size_t n = strlen(url);
	struct buf server = BUF_INIT;

	buf_addf(&server, "%.*s", (int)(ends_in(url, n, end) ? n - (sizeof(end) - 1) : n),
	         url);
	if (server_key(buf_text(&server), out) == 0)
		buf_add_str(out, strstr(buf_text(out), "lfs.file://")
		                         ? "=lfs-standalone-file"
		                         : "=");
	buf_wipe(&server);
}

/* The address as url.*.insteadOf does not know it, where that would lead to us: to git-lfs
 * "HTTPS" is the same as "https". */
static void add_unaliased(const struct lfs_config *config, const char *url,
                          struct buf *out)
{
	size_t scheme = strcspn(url, ":/");

	if (strncmp(url + scheme, "://", 3) != 0 ||
	    !lfs_config_each(config, turns_to_us, (void *)(uintptr_t)url))
		scheme = 0;
	for (size_t i = 0; i < scheme; i++)
		buf_add_u8(out, (uint8_t)toupper((unsigned char)url[i]));
	buf_add_str(out, url + scheme);
}

enum { SETTINGS = 3 };

/* What git is told for this one command. git-lfs wants the name of a remote, also where it
 * is told the address. */
static void make_settings(const struct lfs_config *config, struct old_server *s,
                          struct buf settings[SETTINGS])
{
	const char *url = s->url.size ? buf_text(&s->url) : NULL;

	if (url) {
		buf_add_str(&settings[0], "lfs.url=");
		add_unaliased(config, url, &settings[0]);
	}
	if (url && !s->remote.size)
		buf_addf(&settings[1], "remote.origin.url=%s", url);
	if (!url)
		url = lfs_config_get(config, "lfs.url");
	if (!url)
		url = remote_value(config, s, "lfsurl");
	if (!url)
		url = remote_value(config, s, "url");
	if (url)
		add_own_agent(url, &settings[2]);
}

int old_server_fetch_objects(const struct lfs_config *config, struct old_server *s,
                             struct err *err)
{
	struct buf settings[SETTINGS] = { BUF_INIT, BUF_INIT, BUF_INIT };
	const char *argv[2 * SETTINGS + 6] = { "git" };
	size_t n = 1;
	int status, rc = 0;

	make_settings(config, s, settings);
	for (size_t i = 0; i < SETTINGS; i++) {
		if (!settings[i].size)
			continue;
		argv[n++] = "-c";
		argv[n++] = buf_text(&settings[i]);
	}
	argv[n++] = "lfs";
	argv[n++] = "fetch";
	argv[n++] = "--all";
	argv[n++] = s->remote.size ? buf_text(&s->remote) : "origin";
	argv[n] = NULL;
	if (s->remote.size || s->url.size)
		rc = git_run(argv, NULL, &status, err);
	for (size_t i = 0; i < SETTINGS; i++)
		buf_wipe(&settings[i]);
	return rc;
}
