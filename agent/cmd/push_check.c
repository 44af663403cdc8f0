#include "agent/cmd/push_check.h"

#include <stdlib.h>
#include <string.h>

#include "agent/git/git_paths.h"
#include "agent/git/lfs_config.h"
#include "agent/report/count_text.h"
#include "agent/report/report.h"
#include "agent/where/store_open.h"
#include "agent/where/store_url.h"
#include "codec/common/err.h"
#include "index/blob/record_map.h"
#include "index/blob/transfer.h"
#include "index/manifest/object_listing.h"
#include "index/manifest/object_look.h"
#include "index/store/store.h"
#include "index/work/lanes.h"

enum {
	LINES_MAX = 20,
	NAMES_MIN = 8 /* fewer objects are all looked at */
};

static int find_paths(const struct lfs_config *config, struct git_paths *out,
                      struct err *err)
{
	int rc = git_paths_find(config, out, err);

	if (rc > 0)
		rc = err_set(err, ERR_CONFIG, "this is not inside a git repository");
	return rc;
}

static int open_named(const struct lfs_config *config, const struct endpoint *endpoint,
                      const struct git_paths *paths, struct store **out, struct err *err)
{
	struct store_url url = { 0 };
	struct store_context context = store_context_of(paths, config);

	if (lfs_config_from_lfsconfig(config, endpoint->key))
		context.named_by = STORE_NAMED_BY_REPOSITORY;
	int rc = store_url_parse(endpoint->url, &url, err);
	if (!rc)
		rc = store_open(&url, &context, out, err);
	store_url_wipe(&url);
	return rc;
}

int push_check_open(const struct lfs_config *config, enum endpoint_direction direction,
                    const char *remote, struct store **out, struct err *err)
{
	struct endpoint endpoint = { 0 };
	struct git_paths paths = { 0 };

	int rc = find_paths(config, &paths, err);
	if (!rc)
		rc = endpoint_find(config, direction, remote, &endpoint, err);
	if (!rc)
		rc = open_named(config, &endpoint, &paths, out, err);
	git_paths_wipe(&paths);
	endpoint_wipe(&endpoint);
	return rc;
}

/* ---------------------------------------------------------------- looking at each */

/* Objects on their way through the lanes. */
struct looks {
	struct transfer narrow; /* as each look sees it */
	const struct lfs_objects *needed;
	struct answer {
		bool have;
		char *why; /* it is not whole; owned */
	} * answers;
};

static int look_at_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct looks *l = ctx;
	struct answer *answer = &l->answers[i];
	struct err why = ERR_INIT;
	int rc = object_verify(&l->narrow, &l->needed->list[i].oid, &answer->have, &why,
	                       err);

	(void)lane;
	if (rc || answer->have || !why.code)
		return rc;
	answer->why = strdup(why.text);
	return answer->why ? 0 : err_nomem(err, "what is wrong with an object");
}

/* Absent, or not whole: then it is said what is wrong. */
static int take_answers(const struct looks *l, struct lfs_objects *missing,
                        struct err *err)
{
	char hex[SHA256_HEX + 1];
	int rc = 0;

	for (size_t i = 0; i < l->needed->count && !rc; i++) {
		const struct lfs_object *object = &l->needed->list[i];
		if (l->answers[i].have)
			continue;
		oid_format(&object->oid, hex);
		if (l->answers[i].why)
			report_note("object %s is not whole: %s", hex, l->answers[i].why);
		rc = lfs_objects_append(missing, object, err);
	}
	return rc;
}

/* Many objects at once, or few and many of each one's records: never more requests at once
 * than the store wants. */
static int look_at_all(struct transfer *t, struct looks *l, struct err *err)
{
	size_t count = l->needed->count;
	unsigned lanes = count < t->lanes ? (unsigned)count : t->lanes;
	struct lanes_work work = { .count = count, .task = look_at_one, .ctx = l };
	struct err ignored = ERR_INIT;

	if (!count)
		return 0;
	l->narrow = transfer_view(t, t->lanes / lanes, NULL);
	if (t->records)
		(void)record_map_expect(t->records, &l->needed->list[0].oid, count,
		                        &ignored);
	return lanes_run(lanes, &work, err);
}

int push_check_run(struct store *store, const struct lfs_objects *needed,
                   struct lfs_objects *missing, struct err *err)
{
	struct looks looks = { .needed = needed };
	struct transfer t;
	int rc = transfer_init(&t, store, 1, err);

	if (rc)
		return rc;
	looks.answers = calloc(needed->count ? needed->count : 1, sizeof(*looks.answers));
	rc = looks.answers ? look_at_all(&t, &looks, err)
	                   : err_nomem(err, "answers about objects");
	if (!rc)
		rc = take_answers(&looks, missing, err);
	for (size_t i = 0; looks.answers && i < needed->count; i++)
		free(looks.answers[i].why);
	free(looks.answers);
	transfer_wipe(&t);
	return rc;
}

/* ---------------------------------------------------------------- by name only */

/* Takes those that are not listed. 1 where listing does not pay, or is not allowed. */
static int list_absent(struct store *store, const struct lfs_objects *needed,
                       struct lfs_objects *absent, struct err *err)
{
	struct object_listed *list = calloc(needed->count, sizeof(*list));

	if (!list)
		return err_nomem(err, "a list of objects");
	for (size_t i = 0; i < needed->count; i++)
		list[i] = (struct object_listed){ .oid = needed->list[i].oid, .at = i };
	struct err ignored = ERR_INIT;
	int rc = object_listing_fill(store, list, needed->count, &ignored) ? 1 : 0;
	for (size_t i = 0; i < needed->count && !rc; i++)
		if (!list[i].is)
			rc = lfs_objects_append(absent, &needed->list[list[i].at], err);
	free(list);
	return rc;
}

int push_check_names(struct store *store, const struct lfs_objects *needed,
                     struct lfs_objects *missing, struct err *err)
{
	struct lfs_objects absent = LFS_OBJECTS_INIT;
	int rc = needed->count < NAMES_MIN ? 1 : list_absent(store, needed, &absent, err);

	/* trash/ may have what is not listed. */
	if (rc >= 0)
		rc = push_check_run(store, rc ? needed : &absent, missing, err);
	lfs_objects_wipe(&absent);
	return rc;
}

/* ---------------------------------------------------------------- what is said */

void push_check_report(const struct store *store, const struct lfs_objects *missing)
{
	char hex[SHA256_HEX + 1];

	report_note("%s not in the store at %s:",
	            COUNT(missing->count, "LFS object is", "LFS objects are"),
	            store->name);
	for (size_t i = 0; i < missing->count && i < LINES_MAX; i++) {
		oid_format(&missing->list[i].oid, hex);
		report_note("  %s  %s", hex, missing->list[i].path);
	}
	if (missing->count > LINES_MAX)
		report_note("  and %zu more; 'git zllm verify' lists them all",
		            missing->count - LINES_MAX);
}
