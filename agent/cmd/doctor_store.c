#include "agent/cmd/doctor.h"
#include "agent/cmd/doctor_annex.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/cmd/old_commits.h"
#include "agent/git/git_paths.h"
#include "agent/git/lfs_config.h"
#include "agent/report/checkup.h"
#include "agent/where/endpoint.h"
#include "agent/where/store_open.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"
#include "index/store/store_probe.h"
#include "index/work/random_name.h"

/* A signature is valid for a quarter of an hour, and a grace period counts in hours. */
enum { CLOCK_DOUBTFUL = 60, CLOCK_BAD = 15 * 60 };

/* ---------------------------------------------------------------- what may be done */

/* Who may only read needs no listing: manifests say where records are. Who may write, and
 * would push, does. */
static enum finding grade_of(const struct store_probe *probe, int verb)
{
	bool reads = !probe->verbs[VERB_GET].code, writes = !probe->verbs[VERB_PUT].code;

	if (verb == VERB_LIST)
		return reads && !writes ? FINDING_DOUBTFUL : FINDING_BAD;
	return verb == VERB_GET ? FINDING_BAD : FINDING_DOUBTFUL;
}

static void check_verbs(struct checkup *c, const struct store_probe *probe)
{
	static const char *const names[] = { "list", "read", "write", "remove" };
	static const char *const needs[] = {
		"needed to push, and by verify, status and fsck; what a recent git-zllm pushed can be cloned without",
		"needed to push and to clone",
		"needed only to push",
		"needed only by gc",
	};

	for (int v = 0; v < VERB_COUNT; v++) {
		if (probe->verbs[v].code)
			checkup_add(c, grade_of(probe, v), "permission", needs[v],
			            "%s: %s", names[v], probe->verbs[v].text);
		else if (v == VERB_REMOVE && probe->removed_none)
			checkup_add(c, grade_of(probe, v), "permission", needs[v],
			            "%s: not tried, for nothing could be written",
			            names[v]);
		else
			checkup_add(c, FINDING_GOOD, "permission", NULL, "%s", names[v]);
	}
}

static void check_clock(struct checkup *c, const struct store_probe *probe)
{
	int64_t ahead = probe->clock_ahead;
	int64_t off = ahead < 0 ? -ahead : ahead;

	if (!probe->clock_known)
		return;
	if (off < CLOCK_DOUBTFUL)
		checkup_add(c, FINDING_GOOD, "clock", NULL,
		            "this machine and the store agree");
	else
		checkup_add(c, off < CLOCK_BAD ? FINDING_DOUBTFUL : FINDING_BAD, "clock",
		            "set this machine's clock (NTP)",
		            "the store's clock is %" PRId64 " s %s this machine's", off,
		            ahead > 0 ? "ahead of" : "behind");
}

static void try_verbs(struct checkup *c, struct store *store, const struct store_url *url,
                      const struct store_context *context)
{
	char nonce[PROBE_NONCE_HEX + 1];
	struct store_probe probe;

	if (random_name(nonce, NULL))
		return;
	store_probe(store, nonce, (int64_t)time(NULL), &probe);
	check_verbs(c, &probe);
	check_clock(c, &probe);
	const struct err *list = &probe.verbs[VERB_LIST];
	if (url->kind->doctor.refusal)
		url->kind->doctor.refusal(c, url, context,
		                          list->code ? list : &probe.verbs[VERB_GET],
		                          &probe.verbs[VERB_PUT]);
}

/* ---------------------------------------------------------------- which store */

static void open_and_try(struct checkup *c, const char *url,
                         const struct store_context *context)
{
	static const struct store_kind_doctor none = { 0 };
	struct store_url parsed = { 0 };
	struct store *store = NULL;
	struct err err = ERR_INIT;
	int rc = store_url_parse(url, &parsed, &err);

	const struct store_kind_doctor *own = rc ? &none : &parsed.kind->doctor;
	if (own->way)
		own->way(c, &parsed, context);
	if (!rc)
		rc = store_open(&parsed, context, &store, &err);
	if (rc) {
		checkup_add(c, FINDING_BAD, "store", NULL, "%s", err.text);
		if (own->refusal)
			own->refusal(c, &parsed, context, &err, NULL);
	} else {
		checkup_add(c, FINDING_GOOD, "store", NULL, "%s is open", store->name);
		try_verbs(c, store, &parsed, context);
		if (own->like)
			own->like(c, store, context);
		doctor_cache(c, context->config, store);
	}
	store_close(store);
	store_url_wipe(&parsed);
}

static const char *where_named(const struct lfs_config *config, const char *key)
{
	return lfs_config_from_lfsconfig(config, key) ? "the repository's .lfsconfig"
	                                              : "git's configuration";
}

/* What one direction is for, and the URL it goes to; false when there is none. */
struct way {
	enum endpoint_direction direction;
	const char *verb;
	struct endpoint endpoint;
	struct store_context context;
};

static bool find_way(struct checkup *c, const struct lfs_config *config, struct way *w)
{
	struct err err = ERR_INIT;
	const char *key;

	if (endpoint_find(config, w->direction, NULL, &w->endpoint, &err)) {
		checkup_add(c, FINDING_BAD, "store", NULL, "for %s: %s", w->verb,
		            err.text);
		return false;
	}
	key = w->endpoint.key;
	checkup_add(c, FINDING_GOOD, "store", NULL, "for %s: %s (%s in %s)", w->verb,
	            w->endpoint.url, key, where_named(config, key));
	if (lfs_config_from_lfsconfig(config, key))
		w->context.named_by = STORE_NAMED_BY_REPOSITORY;
	return true;
}

/* Whether the repository's stores are those of git-annex alone. */
static bool is_annex_alone(const struct lfs_config *config)
{
	struct endpoint endpoint = { 0 };
	struct err ignored = ERR_INIT;
	bool alone = endpoint_find(config, ENDPOINT_UPLOAD, NULL, &endpoint, &ignored) ==
	             ERR_CONFIG;

	endpoint_wipe(&endpoint);
	return alone;
}

/* The stores of git-annex's remotes; true when there are no others. */
static bool examine_annex(struct checkup *c, const struct lfs_config *config,
                          const struct store_context *of)
{
	struct store_context context = *of;
	struct buf places = BUF_INIT;
	size_t remotes = doctor_annex(c, config, &places);

	context.named_by = STORE_NAMED_BY_ANNEX;
	context.use = STORE_TO_WRITE;
	for (size_t at = 0; at < places.size; at += strlen((char *)places.data + at) + 1)
		open_and_try(c, (char *)places.data + at, &context);
	buf_wipe(&places);
	return remotes && is_annex_alone(config);
}

static void examine_repository(struct checkup *c, const struct lfs_config *config,
                               const struct git_paths *paths)
{
	struct store_context context = store_context_of(paths, config);
	struct way push = { ENDPOINT_UPLOAD, "push", { 0 }, context };
	struct way clone = { ENDPOINT_DOWNLOAD, "clone", { 0 }, context };

	if (examine_annex(c, config, &context))
		return;
	if (paths->worktree)
		doctor_hook(c);
	doctor_history(c, paths);
	doctor_servers(c, paths->worktree);
	doctor_old_commits(c, config);
	push.context.use = STORE_TO_WRITE;
	bool pushes = find_way(c, config, &push), clones = find_way(c, config, &clone);
	if (pushes)
		open_and_try(c, push.endpoint.url, &push.context);
	if (clones && !(pushes && strcmp(push.endpoint.url, clone.endpoint.url) == 0))
		open_and_try(c, clone.endpoint.url, &clone.context);
	endpoint_wipe(&push.endpoint);
	endpoint_wipe(&clone.endpoint);
}

void doctor_store(struct checkup *c, const struct lfs_config *config, const char *named)
{
	struct git_paths paths = { 0 };
	struct err err = ERR_INIT;
	int rc = git_paths_find(config, &paths, &err);
	struct store_context by_name = { .modes = &paths.modes,
		                         .config = config,
		                         .use = STORE_TO_WRITE };

	if (rc < 0)
		checkup_add(c, FINDING_BAD, "repository", NULL, "%s", err.text);
	else if (named)
		open_and_try(c, named, &by_name);
	else if (rc > 0)
		checkup_add(c, FINDING_DOUBTFUL, "repository",
		            "run doctor in a repository, or name a store",
		            "this is not a git repository, so no store was looked at");
	else
		examine_repository(c, config, &paths);
	git_paths_wipe(&paths);
}
