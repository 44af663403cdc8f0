#include "agent/cmd/old_commits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "agent/cmd/lfsconfig_history.h"
#include "agent/git/git_run.h"
#include "agent/git/git_scope.h"
#include "agent/git/lfs_config.h"
#include "agent/report/checkup.h"
#include "agent/report/count_text.h"
#include "agent/report/report.h"
#include "agent/report/shell_word.h"
#include "agent/where/ref_stores.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

static const struct git_scope in_this_clone = { .option = "--local" };

static bool begins_with(const char *text, const char *front)
{
	return strncmp(text, front, strlen(front)) == 0;
}

/* The X of a key remote.X.url, appended; false for other keys. */
static bool take_remote(const char *key, struct buf *name)
{
	static const char front[] = "remote.", end[] = ".url";
	const size_t before = sizeof(front) - 1, after = sizeof(end) - 1;
	size_t n = strlen(key);

	if (n <= before + after || !begins_with(key, front) ||
	    strcmp(key + n - after, end) != 0)
		return false;
	buf_add(name, key + before, n - before - after);
	return true;
}

/* ---------------------------------------------------------------- init */

/* What each pair of the configuration is looked at with. */
struct lead {
	const struct lfs_config *config;
	const char *url; /* of the store */
	struct buf said; /* the keys that were set */
	struct err *err;
};

static int lead_remote(void *ctx, const char *key, const char *value)
{
	struct lead *lead = ctx;
	struct buf name = BUF_INIT, variable = BUF_INIT;
	int rc = 0;

	(void)value;
	if (take_remote(key, &name)) {
		buf_addf(&variable, "remote.%s.lfsurl", buf_text(&name));
		const char *was = lfs_config_get(lead->config, buf_text(&variable));
		if (was && !store_url_is_ours(was))
			report_note("%s was '%s'", buf_text(&variable), was);
		rc = git_scope_set(&in_this_clone, buf_text(&variable), lead->url,
		                   lead->err);
		buf_addf(&lead->said, " %s", buf_text(&variable));
	}
	buf_wipe(&name);
	buf_wipe(&variable);
	return rc;
}

/* Whether git itself would be led astray, for the address of a remote begins as `old`. */
static int is_of_git(void *ctx, const char *key, const char *value)
{
	const char *old = ctx;
	size_t n = strlen(key);

	return begins_with(key, "remote.") &&
	       ((n > 4 && strcmp(key + n - 4, ".url") == 0) ||
	        (n > 8 && strcmp(key + n - 8, ".pushurl") == 0)) &&
	       begins_with(value, old);
}

static int is_alias(void *ctx, const char *key, const char *value)
{
	const char *const *wanted = ctx;

	return strcasecmp(key, wanted[0]) == 0 && strcmp(value, wanted[1]) == 0;
}

static bool is_set(const struct lfs_config *config, const char *key, const char *value)
{
	const char *wanted[] = { key, value };

	return lfs_config_each(config, is_alias, wanted);
}

/* Of another store of ours: a repository's own name (repo=) is no other place. */
static bool is_same_place(const char *a, const char *b)
{
	return strcspn(a, "?") == strcspn(b, "?") && strncmp(a, b, strcspn(a, "?")) == 0;
}

/* The store's URL without repo=: git-lfs cuts git's configuration at the first '=' of a
 * line, so none may be in url.<here>.insteadOf. (The agent finds the id by another ref.)
 * False where the URL has further options. */
static bool alias_key(const char *url, struct buf *key)
{
	size_t place = strcspn(url, "?");
	bool can = !memchr(url, '=', place) && !strchr(url + place, '&') &&
	           (!url[place] || begins_with(url + place, "?repo="));

	buf_addf(key, "url.%.*s.insteadOf", (int)place, url);
	return can;
}

static int lead_foreign(struct lead *lead, const char *old)
{
	struct buf key = BUF_INIT;
	int rc = 0;

	if (!alias_key(lead->url, &key) ||
	    lfs_config_each(lead->config, is_of_git, (void *)(uintptr_t)old))
		report_note("older commits name '%s' in their .lfsconfig: to check them "
		            "out or push from them, set lfs.url in this clone's "
		            "configuration meanwhile",
		            old);
	else if (!is_set(lead->config, buf_text(&key), old)) {
		rc = git_scope_add(&in_this_clone, buf_text(&key), old, lead->err);
		buf_addf(&lead->said, " url.*.insteadOf=%s", old);
	}
	buf_wipe(&key);
	return rc;
}

static void say_insteadof(const char *url, const char *old)
{
	struct buf command = BUF_INIT, key = BUF_INIT, place = BUF_INIT;

	alias_key(url, &key);
	buf_add_str(&command, "git config --global ");
	shell_word_add(&command, buf_text(&key));
	buf_add_str(&command, " ");
	buf_addf(&place, "%.*s", (int)strcspn(old, "?"), old);
	shell_word_add(&command, buf_text(&place));
	report_note("older commits name another store in their .lfsconfig, and go on to "
	            "ask it. Where that is gone, whoever needs them runs: %s",
	            buf_text(&command));
	buf_wipe(&command);
	buf_wipe(&key);
	buf_wipe(&place);
}

static int lead_url(void *ctx, const char *old, struct err *err)
{
	struct lead *lead = ctx;

	(void)err;
	if (!store_url_is_ours(old))
		return lead_foreign(lead, old);
	if (!is_same_place(old, lead->url) && !begins_with(lead->url, old))
		say_insteadof(lead->url, old);
	return 0;
}

/* Whether any ref is here: a repository that begins has no commits from before. */
static int has_commits(bool *out, struct err *err)
{
	static const char *const argv[] = { "git", "for-each-ref", "--count=1", NULL };
	struct buf refs = BUF_INIT;
	int status;
	int rc = git_run(argv, &(struct git_run_io){ .output = &refs, .quiet = true },
	                 &status, err);

	*out = !rc && refs.size;
	buf_wipe(&refs);
	return rc;
}

int old_commits_lead(const struct lfs_config *config, const char *url, struct err *err)
{
	struct lead lead = { .config = config, .url = url, .said = BUF_INIT, .err = err };
	bool any = false;
	int rc = has_commits(&any, err);

	if (rc || !any)
		return rc;
	rc = lfs_config_each(config, lead_remote, &lead);
	if (!rc)
		rc = lfsconfig_history_each(lead_url, &lead, err);
	if (!rc && lead.said.size)
		report_line("clone:    commits from before use the store too, by%s",
		            buf_text(&lead.said));
	buf_wipe(&lead.said);
	return rc;
}

/* ---------------------------------------------------------------- doctor */

static int first_remote(void *ctx, const char *key, const char *value)
{
	(void)value;
	return take_remote(key, ctx);
}

static void add_remedy(const struct lfs_config *config, const struct ref_stores *found,
                       const char *url, struct buf *out)
{
	const char *foreign = (const char *)found->foreign.data;
	struct buf key = BUF_INIT, remote = BUF_INIT;

	if (lfs_config_get(config, "remote.origin.url"))
		buf_add_str(&remote, "origin");
	else
		lfs_config_each(config, first_remote, &remote);
	bool alias = found->foreign.size && alias_key(url, &key);
	if (!alias)
		key.size = 0;
	if (!alias && !found->foreign.size && remote.size)
		buf_addf(&key, "remote.%s.lfsurl", buf_text(&remote));
	else if (!alias)
		buf_add_str(&key, "lfs.url");
	buf_add_str(out, "run: git config ");
	shell_word_add(out, buf_text(&key));
	buf_add_str(out, " ");
	shell_word_add(out, alias ? foreign : url);
	buf_wipe(&key);
	buf_wipe(&remote);
}

void doctor_old_commits(struct checkup *c, const struct lfs_config *config)
{
	struct ref_stores found = REF_STORES_INIT;
	struct err ignored = ERR_INIT;
	struct buf remedy = BUF_INIT;

	if (ref_stores_find(&found, &ignored) == 0 && found.url.size && found.astray) {
		buf_text(&found.foreign);
		add_remedy(config, &found, buf_text(&found.url), &remedy);
		checkup_add(c, FINDING_DOUBTFUL, "old commits", buf_text(&remedy),
		            "%s, as %s, from before 'init': in "
		            "this clone their objects go to %s, not to the store that %s "
		            "names",
		            COUNT(found.astray, "branch or tag", "branches and tags"),
		            buf_text(&found.example),
		            found.foreign.size ? buf_text(&found.foreign)
		                               : "the git server's own LFS",
		            buf_text(&found.named_by));
	}
	buf_wipe(&remedy);
	ref_stores_wipe(&found);
}
