#include "agent/cmd/agent_install.h"

#include <stdbool.h>
#include <string.h>

#include "agent/cmd/program_path.h"
#include "agent/git/git_scope.h"
#include "agent/git/lfs_config.h"
#include "agent/report/report.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define PATH_KEY "lfs.customtransfer.zllm.path"
#define AGENT_KEY "lfs.zllm::.standalonetransferagent"

struct agent_key {
	const char *key;
	const char *value; /* NULL: the path of this program */
};

/* The two agent keys are two spellings of the same: git-lfs matches the first by
 * its own rules today, and would match the second by git's. Never the plain
 * lfs.standalonetransferagent: it would take every repository of the user. */
static const struct agent_key keys[] = {
	{ PATH_KEY, NULL },
	{ "lfs.customtransfer.zllm.args", "agent" },
	{ "lfs.customtransfer.zllm.concurrent", "false" },
	{ AGENT_KEY, "zllm" },
	{ "lfs.https://zllm.invalid.standalonetransferagent", "zllm" },
};

enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static int add_key(const struct git_scope *scope, const char *key, const char *value,
                   struct err *err)
{
	struct buf old = BUF_INIT;

	int rc = git_scope_get(scope, key, &old, err);
	if (rc < 0)
		goto out;
	bool differs = !rc && strcmp(buf_text(&old), value) != 0;
	if (differs)
		report_note("%s was '%s'; it is '%s' now", key, buf_text(&old), value);
	rc = rc || differs ? git_scope_set(scope, key, value, err) : 0;
out:
	buf_wipe(&old);
	return rc;
}

int agent_install_add(const struct git_scope *scope, struct err *err)
{
	struct buf path = BUF_INIT;
	bool on_path;

	int rc = program_path(&path, &on_path, err);
	for (size_t i = 0; i < KEY_COUNT && !rc; i++)
		rc = add_key(scope, keys[i].key,
		             keys[i].value ? keys[i].value : buf_text(&path), err);
	if (!rc && !on_path)
		report_note(
			"this program is not the git-zllm that PATH leads to, so git-lfs "
			"will start it as %s",
			buf_text(&path));
	buf_wipe(&path);
	return rc;
}

static bool is_ours(const struct agent_key *k, const char *value)
{
	const char *slash = strrchr(value, '/');

	if (k->value)
		return strcmp(value, k->value) == 0;
	return strcmp(slash ? slash + 1 : value, "git-zllm") == 0;
}

int agent_install_remove(const struct git_scope *scope, int *removed, struct err *err)
{
	struct buf value = BUF_INIT;
	int rc = 0;

	*removed = 0;
	for (size_t i = 0; i < KEY_COUNT && rc >= 0; i++) {
		value.size = 0;
		rc = git_scope_get(scope, keys[i].key, &value, err);
		if (rc)
			continue;
		if (is_ours(&keys[i], buf_text(&value))) {
			rc = git_scope_unset(scope, keys[i].key, err);
			++*removed;
		} else {
			report_note("%s is '%s', which is not ours; left as it is",
			            keys[i].key, buf_text(&value));
		}
	}
	buf_wipe(&value);
	return rc < 0 ? rc : 0;
}

void agent_install_each(const struct lfs_config *config,
                        void (*each)(void *ctx, const char *key, const char *is,
                                     const char *want),
                        void *ctx)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		each(ctx, keys[i].key, lfs_config_get(config, keys[i].key),
		     keys[i].value);
}

int agent_install_present(const struct lfs_config *config)
{
	const char *agent = lfs_config_get(config, AGENT_KEY);

	return lfs_config_get(config, PATH_KEY) && agent && strcmp(agent, "zllm") == 0;
}
