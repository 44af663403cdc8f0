/*
 * Threads: one that plans, and then as many that fetch as the store likes requests at
 * once. The session's thread waits for one of them only where git-lfs wants just that
 * object.
 */
#include "agent/session/look_ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "agent/git/git_paths.h"
#include "agent/git/lfs_config.h"
#include "agent/session/ahead_folder.h"
#include "agent/session/ahead_plan.h"
#include "agent/session/object_fetch.h"
#include "agent/where/base_cache.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"

#define DEFAULT_BUDGET ((uint64_t)4 << 30)

enum {
	FETCHERS_MAX = 32,
	BUSY_BYTES = 32 * 1024 * 1024, /* of small objects under way: they are memory */
	FREE_COUNT = 16,               /* objects ahead without evidence, */
	FREE_BYTES = 64 * 1024 * 1024, /* and bytes */
	COUNT_PER_ASKED = 8,           /* more for each object that was asked for, */
	BYTES_PER_ASKED = 2,           /* and for each byte */
	READY_MAX = 1024,              /* objects */
	IN_VAIN_MAX = 48,              /* asked for in a row, and none was ahead */
	TICK_NANOSECONDS = 100 * 1000 * 1000
};

enum item_state { ITEM_PLANNED, ITEM_UNDER_WAY, ITEM_READY, ITEM_GONE };

struct item {
	struct oid oid;
	uint64_t size; /* bytes */
	enum item_state state;
	bool tried, asked;
	struct fetched fetched; /* when ready */
	atomic_bool stop;
	_Atomic uint64_t done; /* bytes, while it is under way */
};

struct look_ahead {
	const struct transfer *transfer;
	const struct git_paths *paths;
	const struct lfs_config *config;
	uint64_t budget; /* bytes */

	bool begun, planner_runs;
	pthread_t planner;
	struct oid begun_by; /* what was asked for first */
	/* The planner's; the session's when that has ended. */
	pthread_t threads[FETCHERS_MAX];
	unsigned thread_count;
	struct ahead_folder folder;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	struct item *items;
	size_t count;
	size_t first;      /* no item before it is planned any more */
	struct oid *asked; /* until there is a plan */
	size_t asked_room;
	bool stop;
	bool large_under_way; /* one of ours */
	bool large_asked;     /* one that the session fetches */
	uint64_t busy_bytes;  /* of small ones under way */
	size_t held_count;    /* ready or under way */
	uint64_t held_bytes;
	size_t asked_count;
	uint64_t asked_bytes;
	size_t in_vain;
};

static bool is_large(uint64_t size)
{
	return size >= PARTIAL_MIN;
}

/* ---------------------------------------------------------------- what to fetch */

/* There must be room for what git-lfs does with it besides. */
static bool disk_has_room(const struct look_ahead *a, uint64_t size)
{
	struct statvfs disk;

	return statvfs(a->paths->lfs_tmp, &disk) != 0 || !disk.f_blocks ||
	       (uint64_t)disk.f_bavail * disk.f_frsize / 2 > size;
}

static bool may_fetch(const struct look_ahead *a, const struct item *item)
{
	uint64_t bytes = FREE_BYTES + BYTES_PER_ASKED * a->asked_bytes;

	if (bytes > a->budget)
		bytes = a->budget;
	if (item->state != ITEM_PLANNED || item->size > bytes ||
	    a->held_bytes > bytes - item->size)
		return false;
	if (!disk_has_room(a, a->busy_bytes + item->size))
		return false;
	if (is_large(item->size))
		return !a->large_under_way && !a->large_asked;
	return !a->busy_bytes || a->busy_bytes + item->size <= BUSY_BYTES;
}

/* The next object to fetch, or NULL when there is none now. */
static struct item *choose(struct look_ahead *a)
{
	size_t most = FREE_COUNT + COUNT_PER_ASKED * a->asked_count;

	if (most > READY_MAX)
		most = READY_MAX;
	if (a->held_count >= most || a->in_vain >= IN_VAIN_MAX)
		return NULL;
	while (a->first < a->count && a->items[a->first].state != ITEM_PLANNED)
		a->first++;
	for (size_t i = a->first; i < a->count && i - a->first < READY_MAX; i++)
		if (may_fetch(a, &a->items[i]))
			return &a->items[i];
	return NULL;
}

static void item_begin(struct look_ahead *a, struct item *item)
{
	item->state = ITEM_UNDER_WAY;
	item->tried = true;
	a->held_count++;
	a->held_bytes += item->size;
	if (is_large(item->size))
		a->large_under_way = true;
	else
		a->busy_bytes += item->size;
}

/* It is no longer held for somebody who may ask. */
static void let_go(struct look_ahead *a, struct item *item)
{
	item->state = ITEM_GONE;
	a->held_count--;
	a->held_bytes -= item->size;
}

static void item_end(struct look_ahead *a, struct item *item, int rc)
{
	if (is_large(item->size))
		a->large_under_way = false;
	else
		a->busy_bytes -= item->size;
	if (rc)
		let_go(a, item);
	else
		item->state = ITEM_READY;
	pthread_cond_broadcast(&a->changed);
}

/* ---------------------------------------------------------------- fetching */

static int note_progress(void *ctx, uint64_t bytes, struct err *err)
{
	struct item *item = ctx;

	atomic_store(&item->done, bytes);
	return atomic_load(&item->stop) ? err_set(err, ERR_INTERRUPTED, "told to stop")
	                                : 0;
}

/* Errors are told when the object is asked for, and fetched by the session. */
static int fetch_item(struct look_ahead *a, struct item *item)
{
	/* Of small ones many are fetched at once instead. */
	unsigned lanes = is_large(item->size) ? a->transfer->lanes : 1;
	struct transfer view = transfer_view(a->transfer, lanes, &item->stop);
	struct object_fetch request = { .oid = item->oid,
		                        .size = item->size,
		                        .folder = a->folder.path,
		                        .progress = note_progress,
		                        .ctx = item };
	struct err ignored = ERR_INIT;

	return object_fetch(&view, a->paths, &request, &item->fetched, &ignored);
}

static void *fetcher_main(void *arg)
{
	struct look_ahead *a = arg;

	pthread_mutex_lock(&a->lock);
	while (!a->stop) {
		struct item *item = choose(a);
		if (!item) {
			pthread_cond_wait(&a->changed, &a->lock);
			continue;
		}
		item_begin(a, item);
		pthread_mutex_unlock(&a->lock);
		int rc = fetch_item(a, item);
		pthread_mutex_lock(&a->lock);
		item_end(a, item, rc);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* ---------------------------------------------------------------- planning */

static bool was_asked(const struct look_ahead *a, const struct oid *oid)
{
	for (size_t i = 0; i < a->asked_count && i < a->asked_room; i++)
		if (oid_equal(&a->asked[i], oid))
			return true;
	return false;
}

static void take_plan(struct look_ahead *a, const struct lfs_objects *plan)
{
	struct item *items = calloc(plan->count ? plan->count : 1, sizeof(*items));
	size_t count = 0;

	if (!items)
		return;
	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < plan->count; i++) {
		if (was_asked(a, &plan->list[i].oid))
			continue;
		items[count].oid = plan->list[i].oid;
		items[count].size = plan->list[i].size;
		items[count].fetched.partial = (struct partial_file)PARTIAL_FILE_INIT;
		count++;
	}
	a->items = items;
	a->count = count;
	pthread_mutex_unlock(&a->lock);
}

static bool told_to_stop(struct look_ahead *a)
{
	pthread_mutex_lock(&a->lock);
	bool stop = a->stop;
	pthread_mutex_unlock(&a->lock);
	return stop;
}

/* Plans, starts the others, and then is one of them. */
static void *planner_main(void *arg)
{
	struct look_ahead *a = arg;
	struct lfs_objects plan = LFS_OBJECTS_INIT;
	struct err ignored = ERR_INIT;
	unsigned wanted = a->transfer->store->inflight;

	if (!ahead_plan_make(a->paths, a->config, &a->begun_by, &plan, &ignored))
		take_plan(a, &plan);
	lfs_objects_wipe(&plan);
	if (!a->count || told_to_stop(a))
		return NULL;
	ahead_folder_sweep(a->paths);
	if (ahead_folder_make(a->paths, &a->folder, &ignored))
		return NULL;
	if (wanted > FETCHERS_MAX)
		wanted = FETCHERS_MAX;
	if (wanted > a->count)
		wanted = (unsigned)a->count;
	while (a->thread_count + 1 < wanted &&
	       !pthread_create(&a->threads[a->thread_count], NULL, fetcher_main, a))
		a->thread_count++;
	return fetcher_main(a);
}

static void begin(struct look_ahead *a, const struct oid *oid)
{
	a->begun = true;
	a->asked_room = READY_MAX;
	a->asked = malloc(a->asked_room * sizeof(*a->asked));
	if (!a->asked)
		return;
	a->begun_by = *oid;
	a->planner_runs = !pthread_create(&a->planner, NULL, planner_main, a);
}

/* ---------------------------------------------------------------- the session's calls */

static struct item *find(struct look_ahead *a, const struct oid *oid, uint64_t size)
{
	for (size_t i = 0; i < a->count; i++)
		if (oid_equal(&a->items[i].oid, oid))
			return a->items[i].size == size ? &a->items[i] : NULL;
	return NULL;
}

/* Waits until something changes, or a moment has passed. */
static void wait_a_moment(struct look_ahead *a)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += TICK_NANOSECONDS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&a->changed, &a->lock, &until);
}

static int wait_for(struct look_ahead *a, struct item *item,
                    const struct object_fetch *wanted, struct err *err)
{
	int rc = 0;

	while (item->state == ITEM_UNDER_WAY && !rc) {
		wait_a_moment(a);
		uint64_t done = atomic_load(&item->done);
		if (!wanted->progress || !done || item->state != ITEM_UNDER_WAY)
			continue;
		pthread_mutex_unlock(&a->lock);
		rc = wanted->progress(wanted->ctx, done, err);
		pthread_mutex_lock(&a->lock);
	}
	return rc;
}

/* The session is about to fetch an object itself: where it is a large one, none of
 * ours is to be under way beside it. */
static void make_way(struct look_ahead *a, uint64_t size)
{
	if (!is_large(size))
		return;
	a->large_asked = true;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].state == ITEM_UNDER_WAY && is_large(a->items[i].size))
			atomic_store(&a->items[i].stop, true);
	while (a->large_under_way)
		pthread_cond_wait(&a->changed, &a->lock);
}

static void note_asked(struct look_ahead *a, const struct oid *oid, uint64_t size)
{
	if (a->asked && !a->items && a->asked_count < a->asked_room)
		a->asked[a->asked_count] = *oid;
	a->asked_count++;
	a->asked_bytes += size;
	pthread_cond_broadcast(&a->changed); /* more may be fetched now */
}

int look_ahead_take(struct look_ahead *a, const struct object_fetch *wanted, char **path,
                    struct err *err)
{
	struct fetched fetched;
	struct err ignored = ERR_INIT;

	if (!a->begun)
		begin(a, &wanted->oid);
	pthread_mutex_lock(&a->lock);
	note_asked(a, &wanted->oid, wanted->size);
	struct item *item = find(a, &wanted->oid, wanted->size);
	if (item)
		item->asked = true;
	int rc = item ? wait_for(a, item, wanted, err) : 0;
	bool ready = item && item->state == ITEM_READY;
	if (ready) {
		fetched = item->fetched;
		let_go(a, item);
		a->in_vain = 0;
	} else if (!rc) {
		a->in_vain += a->held_count > 0;
		if (item)
			item->state = ITEM_GONE;
		make_way(a, wanted->size);
	}
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	if (rc && ready)
		fetched_discard(&fetched);
	if (rc)
		return rc;
	return ready && !fetched_keep(&fetched, a->paths, path, &ignored) ? 0 : 1;
}

void look_ahead_done(struct look_ahead *a)
{
	pthread_mutex_lock(&a->lock);
	a->large_asked = false;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

/* ---------------------------------------------------------------- begin and end */

int look_ahead_budget(const struct lfs_config *config, const struct store *s,
                      uint64_t *bytes, struct err *err)
{
	const char *text = lfs_config_get(config, "zllm.lookahead");

	*bytes = s->remote ? DEFAULT_BUDGET : 0;
	if (text && !base_cache_parse_size(text, bytes))
		return err_set(
			err, ERR_CONFIG,
			"zllm.lookahead is '%s': a number of bytes is wanted, such as "
			"4g, or 0 for none",
			text);
	return 0;
}

int look_ahead_new(const struct look_ahead_options *options, struct look_ahead **out,
                   struct err *err)
{
	struct look_ahead *a = calloc(1, sizeof(*a));
	pthread_condattr_t attr;

	if (!a)
		return err_nomem(err, "look-ahead");
	a->transfer = options->transfer;
	a->paths = options->paths;
	a->config = options->config;
	a->budget = options->budget;
	a->folder = (struct ahead_folder)AHEAD_FOLDER_INIT;
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->changed, &attr);
	pthread_condattr_destroy(&attr);
	*out = a;
	return 0;
}

/* The planner first: it is the one that counts the threads. */
static void join_all(struct look_ahead *a)
{
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	for (size_t i = 0; i < a->count; i++)
		atomic_store(&a->items[i].stop, true);
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	if (a->planner_runs)
		pthread_join(a->planner, NULL);
	for (unsigned i = 0; i < a->thread_count; i++)
		pthread_join(a->threads[i], NULL);
}

void look_ahead_free(struct look_ahead *a)
{
	if (!a)
		return;
	join_all(a);
	for (size_t i = 0; i < a->count; i++) {
		struct item *item = &a->items[i];
		if (item->state == ITEM_READY)
			fetched_discard(&item->fetched);
		else if (item->tried && !item->asked && is_large(item->size))
			partial_file_drop(a->paths, &item->oid);
	}
	ahead_folder_remove(&a->folder);
	free(a->items);
	free(a->asked);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}
