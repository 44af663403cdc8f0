#include "agent/cmd/doctor_annex.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/annex/annex_log.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_config.h"
#include "agent/report/checkup.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define REMOTE "remote."
#define TYPE ".annex-externaltype"

enum { NAME_MAX_BYTES = 256 }; /* of a remote that is looked at */

struct looking {
	struct checkup *checkup;
	const struct lfs_config *config;
	struct buf *places, log;
	size_t count;
};

/* Appends what a program prints; false when it does not run, or fails. */
static bool run(const char *const *argv, struct buf *out)
{
	const struct git_run_io io = { .output = out, .quiet = true };
	struct err ignored = ERR_INIT;
	int status = 0;

	return !git_run(argv, &io, &status, &ignored) && !status;
}

/* git-annex runs git-annex-remote-zllm by its name. */
static void check_programs(struct checkup *c)
{
	static const char *const annex[] = { "git-annex", "version", "--raw", NULL };
	static const char *const ours[] = { "git-annex-remote-zllm", NULL };
	struct buf version = BUF_INIT, said = BUF_INIT;

	if (run(annex, &version))
		checkup_add(c, FINDING_GOOD, "git-annex", NULL, "git-annex %s",
		            buf_text(&version));
	else
		checkup_add(c, FINDING_BAD, "git-annex", "install git-annex",
		            "git-annex does not run");
	/* It speaks first, and ends at the end of its input. */
	if (!run(ours, &said) || strcmp(buf_text(&said), "VERSION 2\n") != 0)
		checkup_add(c, FINDING_BAD, "git-annex",
		            "make a link of that name to git-zllm in a folder of PATH",
		            "git-annex-remote-zllm does not run");
	buf_wipe(&version);
	buf_wipe(&said);
}

static void check_remote(struct looking *l, const char *name, const char *uuid)
{
	struct buf place = BUF_INIT;

	if (!uuid ||
	    annex_log_store((const char *)l->log.data, l->log.size, uuid, &place)) {
		checkup_add(
			l->checkup, FINDING_BAD, "git-annex",
			"git annex enableremote <remote> store=<store>",
			"the git-annex branch does not say where remote '%s' keeps its "
			"contents",
			name);
	} else {
		checkup_add(l->checkup, FINDING_GOOD, "git-annex", NULL,
		            "remote '%s' keeps its contents in %s", name,
		            buf_text(&place));
		buf_add(l->places, buf_text(&place), place.size + 1);
	}
	buf_wipe(&place);
}

static int look_at(void *ctx, const char *key, const char *value)
{
	struct looking *l = ctx;
	size_t n = strlen(key), before = strlen(REMOTE), behind = strlen(TYPE);
	char name[NAME_MAX_BYTES], uuid_key[NAME_MAX_BYTES + 32];

	if (n <= before + behind || strncmp(key, REMOTE, before) != 0 ||
	    strcmp(key + n - behind, TYPE) != 0 || strcmp(value, "zllm") != 0 ||
	    n - before - behind >= sizeof(name))
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)(n - before - behind), key + before);
	snprintf(uuid_key, sizeof(uuid_key), REMOTE "%s.annex-uuid", name);
	if (!l->count++)
		check_programs(l->checkup);
	check_remote(l, name, lfs_config_get(l->config, uuid_key));
	return 0;
}

size_t doctor_annex(struct checkup *c, const struct lfs_config *config,
                    struct buf *places)
{
	static const char *const argv[] = { "git", "cat-file", "blob",
		                            "git-annex:remote.log", NULL };
	struct looking l = { c, config, places, BUF_INIT, 0 };

	(void)run(argv, &l.log);
	(void)lfs_config_each(config, look_at, &l);
	buf_wipe(&l.log);
	return l.count;
}
