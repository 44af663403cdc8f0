#include "index/recompact/mark_recompact.h"

#include <pthread.h>
#include <string.h>

#include "codec/common/err.h"
#include "codec/common/le.h"
#include "index/blob/transfer.h"
#include "index/gc/gc_act.h"
#include "index/gc/gc_mark.h"
#include "index/gc/gc_run.h"
#include "index/gc/gc_view.h"
#include "index/manifest/manifest_store.h"
#include "index/recompact/recompact.h"
#include "index/recompact/reencode.h"
#include "index/recompact/stock.h"
#include "index/work/budget.h"
#include "index/work/lanes.h"

/* ---------------------------------------------------------------- the stock */

struct stocking {
	const struct gc_run *run;
	const struct gc_mark *mark;
	pthread_mutex_t lock; /* guards the stock */
	struct stock *stock;
};

static const struct gc_object *object_at(const struct gc_view *v, size_t i, bool *live)
{
	*live = i < v->objects.count;
	return *live ? &v->objects.list[i]
	             : &v->object_entries.list[i - v->objects.count];
}

/* One that cannot be read (any more) is passed over: its tensors are not planned for, and
 * that they are needed is known from the mark. */
static int read_manifest(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct stocking *s = ctx;
	bool live;
	const struct gc_object *o = object_at(s->mark->view, i, &live);
	const struct manifest_query q = { s->run->transfer->store, &o->oid,
		                          manifest_parse_bases, NULL };
	struct err ignored = ERR_INIT;
	struct manifest m;
	char key[KEY_MAX];

	(void)lane;
	if (live)
		gc_object_key(o, key);
	else
		gc_object_trash(o, key);
	if (manifest_get_at(&q, key, &m, &ignored))
		return 0;
	pthread_mutex_lock(&s->lock);
	int rc = stock_add_manifest(s->stock, &m, err);
	pthread_mutex_unlock(&s->lock);
	manifest_wipe(&m);
	return rc;
}

static int read_manifests(struct stocking *s, struct err *err)
{
	const struct gc_view *v = s->mark->view;
	const struct lanes_work work = { v->objects.count + v->object_entries.count,
		                         read_manifest, NULL, s };

	pthread_mutex_init(&s->lock, NULL);
	int rc = lanes_run(s->run->transfer->lanes, &work, err);
	pthread_mutex_destroy(&s->lock);
	return rc;
}

/* But those that this run has just moved. */
static int add_records(struct stocking *s, struct err *err)
{
	const struct gc_records *all = &s->mark->view->records;
	int rc = 0;

	for (size_t i = 0; i < all->count && !rc; i++)
		if (s->mark->records[i] != GC_MOVE)
			rc = stock_add_record(s->stock, &all->list[i].record,
			                      all->list[i].stored, err);
	return rc;
}

static int make_stock(struct stocking *s, struct err *err)
{
	int rc = read_manifests(s, err);

	if (!rc)
		rc = add_records(s, err);
	if (!rc)
		rc = stock_close(s->stock, err);
	if (!rc)
		stock_mark_needed(s->stock, &s->mark->view->needed);
	return rc;
}

/* ---------------------------------------------------------------- acting */

static int retire(void *ctx, const char *key, uint64_t bytes, struct err *err)
{
	struct gc_act act = { .thing = GC_RECORDS, .deed = GC_MOVED, .bytes = bytes };

	strcpy(act.key, key);
	return gc_act_one(ctx, &act, err);
}

static bool may_go_on(void *ctx)
{
	return gc_run_may_go_on(ctx);
}

/* A group goes to one machine, whole. */
static bool is_ours(void *ctx, uint64_t name)
{
	struct oid place = { { 0 } };

	le64_store(place.bytes, name);
	return gc_run_has(ctx, &place);
}

static void told(void *ctx, uint64_t bytes)
{
	gc_run_count(ctx, GC_RECORDS, GC_MADE, bytes);
}

static void failed(void *ctx, const struct err *err)
{
	gc_run_failed(ctx, GC_RECORDS, err);
}

static int suppose(const struct recompact_request *r, const struct stock *s,
                   struct recompact_result *out, struct err *err)
{
	uint64_t saved;
	int rc = recompact_suppose(r, s, &saved, err);

	if (rc)
		return rc;
	out->before = stock_bytes(s);
	out->after = out->before - (saved < out->before ? saved : out->before);
	return 0;
}

int mark_recompact(struct gc_run *run, const struct gc_mark *mark, void *ctx,
                   struct err *err)
{
	struct mark_recompact *m = ctx;
	const struct retiring retiring = { retire, run };
	const struct recompact_request request = { .transfer = run->transfer,
		                                   .retiring = &retiring,
		                                   .memory = m->memory,
		                                   .mark = mark,
		                                   .watch = run->watch,
		                                   .may_go_on = may_go_on,
		                                   .is_ours = is_ours,
		                                   .told = told,
		                                   .failed = failed,
		                                   .ctx = run };
	struct stock stock;
	struct stocking stocking = { .run = run, .mark = mark, .stock = &stock };
	uint64_t begun = budget_clock();

	stock_init(&stock);
	m->result = (struct recompact_result){ 0 };
	int rc = make_stock(&stocking, err);
	if (!rc)
		rc = run->flags & GC_DRY_RUN
		             ? suppose(&request, &stock, &m->result, err)
		             : recompact(&request, &stock, &m->result, err);
	m->ran = !rc;
	m->supposed = run->flags & GC_DRY_RUN;
	m->milliseconds = budget_clock() - begun;
	stock_wipe(&stock);
	return rc;
}
