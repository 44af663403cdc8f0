/*
 * Parts do the work: history_scan.c finds the commit and the path that bring an
 * object; history_rank.c orders other files by likeness; history_user.c and
 * history_card.c hint at what the user and the card say (tiers 1 and 4). Here they are
 * put together in the order of history.h, within the budgets below.
 */
#include "agent/hints/history.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/git/git_paths.h"
#include "agent/hints/base_setting.h"
#include "agent/hints/history_private.h"
#include "agent/hints/history_rank.h"

enum {
	SAME_PATH_MAX = 8,    /* hints by the object's own path in its past */
	BRANCHES_MAX = 16,    /* hints by its path elsewhere */
	OLDER_FILES_MAX = 32, /* hints by other files of the commits before */
	STEPS_MAX = 256,      /* commits along first parents, for one object */
	TIPS_ASKED_MAX = 64,  /* branches whose tree is asked for one path */
	TIPS_LISTED_MAX = 4   /* branches whose tree is listed whole */
};

struct history *history_open(const struct git_paths *paths, const char *remote)
{
	struct history *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->paths = paths;
	h->scan = (struct history_scan)HISTORY_SCAN_INIT;
	h->remote = remote ? strdup(remote) : NULL;
	if (remote && !h->remote) {
		free(h);
		return NULL;
	}
	return h;
}

void history_free(struct history *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->listing_count; i++)
		sightings_wipe(&h->listings[i].models);
	for (size_t i = 0; i < h->named_count; i++)
		free(h->named[i].objects);
	history_scan_wipe(&h->scan);
	base_setting_free(h->setting);
	git_repo_free(h->repo);
	free(h->remote);
	free(h);
}

void history_use_store(struct history *h, const struct transfer *t)
{
	h->transfer = t;
}

void history_know_annex(struct history *h)
{
	h->annex = true;
}

static void scan_once(struct history *h)
{
	if (h->scanned)
		return;
	h->scanned = true;
	if (h->paths->git_dir)
		h->repo = git_repo_open(h->paths->git_dir);
	if (h->repo && h->annex)
		git_repo_know_annex(h->repo);
	if (h->repo)
		history_scan_unpushed(&h->scan, h->repo, h->remote);
}

/* A pushed-again object was brought by a commit that the remote has already. */
static const struct sighting *find_origin(struct history *h, const struct oid *oid)
{
	const struct sighting *where = history_scan_find(&h->scan, oid);

	if (!where && !h->scan.whole) {
		history_scan_whole(&h->scan, h->repo);
		where = history_scan_find(&h->scan, oid);
	}
	return where;
}

/* The path of a local copy, or NULL: not there, not whole, or no memory. */
static char *local_copy(const struct history *h, const struct lfs_pointer *pointer)
{
	struct stat st;
	char *path = git_paths_lfs_object(h->paths, &pointer->oid);

	if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size == pointer->size)
		return path;
	free(path);
	return NULL;
}

static bool wanted(const struct question *q, const struct oid *oid, uint64_t size)
{
	if (size < MODEL_SIZE_MIN || oid_equal(oid, q->oid))
		return false;
	for (size_t i = 0; i < q->out->count; i++)
		if (oid_equal(&q->out->list[i].oid, oid))
			return false;
	return q->out->count < q->limit;
}

/* Appends a hint, whose texts go to it or are freed. */
static void append(struct question *q, struct base_hint hint, bool whole)
{
	struct base_hints *out = q->out;
	struct base_hint *list =
		whole ? realloc(out->list, (out->count + 1) * sizeof(*list)) : NULL;

	if (!list) {
		free(hint.path);
		free(hint.commit);
		free(hint.local_file);
		return;
	}
	out->list = list;
	list[out->count++] = hint;
}

void question_add_file(struct question *q, const struct commit_id *commit,
                       const char *path, const struct lfs_pointer *pointer)
{
	if (!wanted(q, &pointer->oid, pointer->size))
		return;
	struct base_hint hint = {
		.oid = pointer->oid,
		.source = q->source,
		.path = strdup(path),
		.commit = strdup(commit->hex),
		.local_file = local_copy(q->h, pointer),
	};
	append(q, hint, hint.path && hint.commit);
}

void question_add_object(struct question *q, const struct oid *oid, const char *name)
{
	if (!wanted(q, oid, MODEL_SIZE_MIN))
		return;
	struct base_hint hint = { .oid = *oid,
		                  .source = q->source,
		                  .path = name ? strdup(name) : NULL };
	append(q, hint, hint.path || !name);
}

void question_begin_tier(struct question *q, enum base_source source, size_t hints)
{
	size_t limit = q->out->count + hints;

	q->source = source;
	q->limit = limit < HINTS_MAX ? limit : HINTS_MAX;
}

static void ask_commit(struct question *q, const struct commit_id *commit)
{
	struct lfs_pointer pointer;

	if (git_repo_pointer_at(q->h->repo, commit, q->where->path, &pointer))
		question_add_file(q, commit, q->where->path, &pointer);
}

/* Tier 2 of history.h: what the path held before, all parents of a merge included; and what
 * other commits of this same push put there. */
static void hint_same_path(struct question *q)
{
	struct commit_id parents[2], at = q->where->commit;
	const struct sightings *brought = &q->h->scan.brought;

	question_begin_tier(q, BASE_SOURCE_HISTORY, SAME_PATH_MAX);
	size_t enough = q->out->count + SAME_PATH_MAX / 2;
	for (int step = 0; step < STEPS_MAX && q->out->count < enough; step++) {
		size_t count = git_repo_parents(q->h->repo, &at, parents, 2);
		for (size_t i = 0; i < count && i < 2; i++)
			ask_commit(q, &parents[i]);
		if (!count)
			break;
		at = parents[0];
	}
	for (size_t i = 0; i < brought->count && q->out->count < q->limit; i++)
		if (strcmp(brought->list[i].path, q->where->path) == 0)
			question_add_file(q, &brought->list[i].commit, q->where->path,
			                  &brought->list[i].pointer);
}

/* Tier 3: the same path on the remote's branches, then on ours. */
static void hint_branches(struct question *q)
{
	const struct commit_list *tips[] = { &q->h->scan.remote, &q->h->scan.local };

	question_begin_tier(q, BASE_SOURCE_HISTORY, BRANCHES_MAX);
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < tips[k]->count && i < TIPS_ASKED_MAX; i++)
			ask_commit(q, &tips[k]->list[i]);
}

static int list_model(void *ctx, const char *path, const struct lfs_pointer *pointer)
{
	struct listing *listing = ctx;

	if (pointer->size < MODEL_SIZE_MIN)
		return 0;
	return !sightings_add(&listing->models, &listing->commit, path, pointer);
}

/* All model files of a commit; kept, since a push asks again and again. */
const struct sightings *history_models_of(struct history *h,
                                          const struct commit_id *commit)
{
	static const struct sightings none = SIGHTINGS_INIT;

	for (size_t i = 0; i < h->listing_count; i++)
		if (strcmp(h->listings[i].commit.hex, commit->hex) == 0)
			return &h->listings[i].models;
	if (h->listing_count == LISTINGS_MAX)
		return &none;
	struct listing *listing = &h->listings[h->listing_count++];
	listing->commit = *commit;
	git_repo_each_pointer(h->repo, commit, list_model, listing);
	return &listing->models;
}

static void gather(struct question *q, const struct commit_id *commit,
                   struct sightings *into)
{
	const struct sightings *models = history_models_of(q->h, commit);

	for (size_t i = 0; i < models->count; i++)
		if (wanted(q, &models->list[i].pointer.oid, models->list[i].pointer.size))
			sightings_add(into, commit, models->list[i].path,
			              &models->list[i].pointer);
}

static void hint_ranked(struct question *q, struct sightings *found)
{
	history_rank(found, q->where ? q->where->path : NULL, q->size);
	for (size_t i = 0; i < found->count; i++)
		question_add_file(q, &found->list[i].commit, found->list[i].path,
		                  &found->list[i].pointer);
	sightings_wipe(found);
}

/* Tier 5: the other model files of the parents and of the remote's branches. */
static void hint_older_files(struct question *q)
{
	const struct commit_list *remote = &q->h->scan.remote;
	struct sightings found = SIGHTINGS_INIT;
	struct commit_id parents[2];
	size_t count = 0;

	question_begin_tier(q, BASE_SOURCE_HISTORY, OLDER_FILES_MAX);
	if (q->where)
		count = git_repo_parents(q->h->repo, &q->where->commit, parents, 2);
	for (size_t i = 0; i < count && i < 2; i++)
		gather(q, &parents[i], &found);
	for (size_t i = 0; i < remote->count && i < TIPS_LISTED_MAX; i++)
		gather(q, &remote->list[i], &found);
	hint_ranked(q, &found);
}

/* Tier 6: the other model files of the commit itself and of our branches. */
static void hint_own_files(struct question *q)
{
	const struct commit_list *local = &q->h->scan.local;
	struct sightings found = SIGHTINGS_INIT;

	question_begin_tier(q, BASE_SOURCE_HISTORY, HINTS_MAX);
	if (q->where)
		gather(q, &q->where->commit, &found);
	for (size_t i = 0; i < local->count && i < TIPS_LISTED_MAX; i++)
		gather(q, &local->list[i], &found);
	hint_ranked(q, &found);
}

void history_hints(struct history *h, const struct oid *oid, uint64_t size,
                   struct base_hints *out)
{
	struct question q = { .h = h, .oid = oid, .size = size, .out = out };

	scan_once(h);
	q.where = h->repo ? find_origin(h, oid) : NULL;
	if (q.where) {
		out->path = strdup(q.where->path);
		out->commit = strdup(q.where->commit.hex);
	}
	history_user_hints(&q);
	if (!h->repo || out->never)
		return;
	size_t before = out->count;
	if (q.where) {
		hint_same_path(&q);
		hint_branches(&q);
	}
	if (q.where && out->count == before)
		history_card_hints(&q);
	hint_older_files(&q);
	hint_own_files(&q);
}
