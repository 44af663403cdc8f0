/*
 * In this order, so that what is needed decodes from live records at any moment, with one
 * delta at most:
 *
 *     solo records of blobs that become bases, and their markers
 *     deltas against bases that are solo now
 *     out of sight: deltas that others replace
 *     out of sight: solo records of which a delta is there now, and on which nothing stands
 *
 * A record for which another stays is retired only when that one was read, all of it.
 */
#include "index/recompact/group_work.h"

#include <stdlib.h>
#include <string.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/recompact/group_costs.h"
#include "index/recompact/reencode.h"
#include "index/recompact/stock.h"
#include "index/recompact/trial_memory.h"
#include "index/store/store.h"

/* A plan is tried, and made anew by what was measured, so many times at most. */
enum { ROUNDS = 8, NOTHING = UINT32_MAX };

/* How a member is to be coded, as it was tried last. */
struct tried {
	uint32_t base; /* a member; itself: solo; or NOTHING */
	struct reencode_choice choice;
};

struct work {
	const struct recompact_request *request;
	struct recompact_result *sum;
	struct group_costs costs;
	uint32_t *plan;
	struct tried *tried;
	bool *fresh; /* the planned record was put and proved by us */
	bool stopped;
};

static const struct oid *id_of(const struct work *w, size_t i)
{
	return &w->costs.members[i].blob->id;
}

static struct reencode_task task_of(const struct work *w, size_t i)
{
	const struct group_member *m = &w->costs.members[i];

	return (struct reencode_task){ w->request->transfer, &m->extent, m->readable,
		                       w->request->retiring };
}

static bool may_go_on(struct work *w)
{
	const struct recompact_request *r = w->request;

	if (!w->stopped && r->may_go_on && !r->may_go_on(r->ctx))
		w->stopped = true;
	return !w->stopped;
}

static void tell_failed(struct work *w, size_t i, struct err *why)
{
	char text[SHA256_HEX + 1];

	oid_format(id_of(w, i), text);
	err_context(why, "blob %s cannot be coded anew", text);
	w->sum->failed++;
	if (w->request->failed)
		w->request->failed(w->request->ctx, why);
}

/* What ends the run, and not only the work on one blob. */
static bool is_final(int rc)
{
	return rc == ERR_NOMEM || rc == ERR_CONFIG || rc == ERR_INTERRUPTED;
}

/* ---------------------------------------------------------------- plan and trials */

/* A way that the plan would have coded anew. */
static bool is_new(const struct work *w, size_t i)
{
	return w->plan[i] < w->costs.count && group_way_is_new(&w->costs, i, w->plan[i]);
}

/* Takes what was measured before, of all pairs that are worth a trial. */
static void remember(struct work *w)
{
	for (size_t i = 0; i < w->costs.count; i++)
		for (size_t j = 0; j < w->costs.count; j++) {
			uint32_t permille;
			if (group_way(&w->costs, i, j)->permille != UINT32_MAX &&
			    trial_memory_find(w->request->memory, id_of(w, i),
			                      id_of(w, j), &permille))
				group_way_measured(&w->costs, i, j, permille);
		}
}

static void note_trial(struct work *w, size_t i, size_t j, uint32_t permille)
{
	group_way_measured(&w->costs, i, j, permille);
	trial_memory_add(w->request->memory, id_of(w, i), id_of(w, j), permille);
}

static int try_member(struct work *w, size_t i, size_t j, struct err *err)
{
	struct tried *t = &w->tried[i];
	const struct reencode_task task = task_of(w, i);
	struct err why = ERR_INIT;

	reencode_choice_wipe(&t->choice);
	t->base = NOTHING;
	int rc = reencode_try(&task, j == i ? NULL : &w->costs.members[j].extent,
	                      &t->choice, &why);
	w->sum->trials++;
	if (rc >= 0)
		note_trial(w, i, j, rc ? UINT32_MAX : t->choice.permille);
	else
		group_way_measured(&w->costs, i, j, UINT32_MAX);
	if (!rc)
		t->base = (uint32_t)j;
	if (rc < 0 && !is_final(rc))
		tell_failed(w, i, &why);
	if (is_final(rc))
		*err = why;
	return is_final(rc) ? rc : 0;
}

/* Tries what the plan would change and nobody measured. *count is how many. */
static int try_changes(struct work *w, size_t *count, struct err *err)
{
	int rc = 0;

	*count = 0;
	for (size_t i = 0; i < w->costs.count && !rc && !w->stopped; i++) {
		if (!is_new(w, i) || group_way(&w->costs, i, w->plan[i])->measured)
			continue;
		if (!may_go_on(w))
			break;
		rc = try_member(w, i, w->plan[i], err);
		(*count)++;
	}
	return rc;
}

static int make_plan(struct work *w, struct err *err)
{
	return base_plan_make(&w->costs.plan, w->costs.now, w->plan, err);
}

static int plan_and_try(struct work *w, struct err *err)
{
	size_t tried = 1;
	int rc = make_plan(w, err);

	for (unsigned round = 0; round < ROUNDS && tried && !rc; round++) {
		rc = try_changes(w, &tried, err);
		if (!rc && tried)
			rc = make_plan(w, err);
	}
	if (rc)
		return rc;
	group_costs_settle(&w->costs);
	return make_plan(w, err);
}

/* ---------------------------------------------------------------- coding */

static bool has_clients(const struct work *w, size_t j)
{
	for (size_t i = 0; i < w->costs.count; i++)
		if (i != j && w->plan[i] == j)
			return true;
	return false;
}

/* So that pushes find it. One that cannot be written is made by the next gc. */
static void put_marker(struct work *w, size_t i)
{
	const struct stock_blob *b = w->costs.members[i].blob;
	struct store *store = w->request->transfer->store;
	struct key_marker marker = { .name = b->name,
		                     .band = b->sketch.band,
		                     .id = b->id };
	struct err ignored = ERR_INIT;
	char key[KEY_MAX];

	if (b->object == UINT32_MAX || !b->sketch.known ||
	    !key_marker_fits(store->name_max))
		return;
	marker.object = *stock_object(w->costs.stock, b->object);
	memcpy(marker.sketch, b->sketch.values, KEY_SKETCH);
	key_marker(&marker, key);
	store_put_hint(store, key, &ignored);
}

/* Rounded up. */
static uint32_t permille_of(uint64_t bytes, uint64_t size)
{
	return (uint32_t)(bytes * 1000 / (size ? size : 1) + 1);
}

static int put_member(struct work *w, size_t i, struct err *err)
{
	size_t j = w->plan[i];
	struct group_way *way = group_way(&w->costs, i, j);
	const struct reencode_task task = task_of(w, i);
	uint64_t old = way->have < BASE_PLAN_NEVER ? way->have : 0, stored = 0;
	int rc = 0;

	if (w->tried[i].base != j)
		rc = try_member(w, i, j, err);
	if (rc || w->tried[i].base != j)
		return rc;
	struct err why = ERR_INIT;
	rc = reencode_put(&task, &w->tried[i].choice, old, &stored, &why);
	if (rc < 0) {
		if (is_final(rc))
			return *err = why, rc;
		tell_failed(w, i, &why);
	}
	if (rc > 0) /* the samples promised more than there was */
		note_trial(w, i, j, permille_of(old, task.extent->size));
	if (rc)
		return 0;
	way->have = stored;
	w->fresh[i] = true;
	w->sum->made++;
	w->sum->made_bytes += stored;
	w->sum->retired += old != 0;
	w->sum->retired_bytes += old;
	if (w->request->told)
		w->request->told(w->request->ctx, stored);
	if (i == j && has_clients(w, i))
		put_marker(w, i);
	return 0;
}

/* Whether the base of a planned delta is there. */
static bool base_is_there(const struct work *w, size_t i)
{
	size_t j = w->plan[i];

	return group_way(&w->costs, j, j)->have < BASE_PLAN_NEVER;
}

/* Bases first. */
static int put_all(struct work *w, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < w->costs.count && !rc; i++)
		if (w->plan[i] == i && is_new(w, i) && may_go_on(w))
			rc = put_member(w, i, err);
	for (size_t i = 0; i < w->costs.count && !rc; i++)
		if (w->plan[i] != i && is_new(w, i) && base_is_there(w, i) &&
		    may_go_on(w))
			rc = put_member(w, i, err);
	return rc;
}

/* ---------------------------------------------------------------- retiring */

/* 0 when it is away; 1 when it was; or negative, which was told unless it ends the run. */
static int retire(struct work *w, const struct stock_record *r, struct err *err)
{
	const struct retiring *by = w->request->retiring;
	struct err why = ERR_INIT;
	char key[KEY_MAX];

	key_record(&r->record, key);
	int rc = by->retire(by->ctx, key, r->stored, &why);
	if (is_final(rc))
		*err = why;
	w->sum->failed += rc < 0;
	if (!rc) {
		w->sum->retired++;
		w->sum->retired_bytes += r->stored;
	}
	return rc;
}

static size_t base_of(const struct work *w, const struct key_record *r)
{
	for (size_t j = 0; j < w->costs.count && r->base_count == 1; j++)
		if (memcmp(w->costs.members[j].blob->id.bytes, r->bases[0],
		           KEY_BASE_PREFIX) == 0)
			return j;
	return BASE_PLAN_ASIDE;
}

/* Which way a record is: its base, itself, or BASE_PLAN_ASIDE. */
static size_t way_of(const struct work *w, size_t i, const struct stock_record *r)
{
	return r->record.base_count ? base_of(w, &r->record) : i;
}

/* The record that stays of a member; NULL where there is none yet, or none shall be. */
static const struct stock_record *kept_of(const struct work *w, size_t i)
{
	const struct stock_record *r, *kept = NULL;
	size_t n = stock_records_of(w->costs.stock, &w->costs.members[i].blob->id, &r);

	for (size_t k = 0; k < n; k++)
		if (way_of(w, i, &r[k]) == w->plan[i] &&
		    (!kept || r[k].stored < kept->stored))
			kept = &r[k];
	return kept;
}

/* Whether the record that stays is right: we put it, or it is read for that. */
static bool is_sure(struct work *w, size_t i, const struct stock_record *kept)
{
	struct err why = ERR_INIT;
	char key[KEY_MAX];

	if (w->fresh[i])
		return true;
	if (!kept || !may_go_on(w))
		return false;
	key_record(&kept->record, key);
	if (!reencode_prove(w->request->transfer, &w->costs.members[i].extent, key, &why))
		return w->fresh[i] = true;
	if (why.code)
		tell_failed(w, i, &why);
	return false;
}

/* Whether a record of the member goes in this turn: deltas in the first, solo records on
 * which nothing stands in the second. */
enum turn { TURN_DELTAS, TURN_SOLOS };

static bool is_stood_on(const struct work *w, size_t i)
{
	for (size_t k = 0; k < w->costs.count; k++)
		if (k != i && group_way(&w->costs, k, i)->have < BASE_PLAN_NEVER)
			return true;
	return w->costs.roles[i] & BASE_PLAN_PINNED;
}

/* Whether a record is what was planned: the one of its key, or of several that stand
 * outside the group the cheapest. */
static bool stays(const struct work *w, size_t i, const struct stock_record *r)
{
	size_t way = way_of(w, i, r);

	return way == w->plan[i] && (way < w->costs.count || r == kept_of(w, i));
}

static bool goes(const struct work *w, size_t i, const struct stock_record *r,
                 enum turn turn)
{
	if (stays(w, i, r))
		return false;
	return r->record.base_count ? turn == TURN_DELTAS
	                            : turn == TURN_SOLOS && !is_stood_on(w, i);
}

static int retire_of(struct work *w, size_t i, enum turn turn, struct err *err)
{
	const struct stock_record *r, *kept = kept_of(w, i);
	size_t n = stock_records_of(w->costs.stock, &w->costs.members[i].blob->id, &r);
	int rc = 0;

	for (size_t k = 0; k < n && !rc; k++) {
		if (!goes(w, i, &r[k], turn) ||
		    (w->plan[i] != BASE_PLAN_GONE && !is_sure(w, i, kept)))
			continue;
		rc = retire(w, &r[k], err);
		size_t way = way_of(w, i, &r[k]);
		if (rc >= 0 && way < w->costs.count)
			group_way(&w->costs, i, way)->have = BASE_PLAN_NEVER;
		rc = is_final(rc) ? rc : 0;
	}
	return rc;
}

static int retire_all(struct work *w, enum turn turn, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < w->costs.count && !rc; i++)
		rc = retire_of(w, i, turn, err);
	return rc;
}

/* ---------------------------------------------------------------- the whole */

static bool is_lost(const struct group_costs *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->members[i].lost && c->roles[i] & BASE_PLAN_NEEDED)
			return true;
	return false;
}

static int begin(struct work *w, struct err *err)
{
	size_t n = w->costs.count ? w->costs.count : 1;

	w->plan = calloc(n, sizeof(*w->plan));
	w->tried = calloc(n, sizeof(*w->tried));
	w->fresh = calloc(n, sizeof(*w->fresh));
	if (!w->plan || !w->tried || !w->fresh)
		return err_nomem(err, "a group of tensors");
	for (size_t i = 0; i < w->costs.count; i++)
		w->tried[i].base = NOTHING;
	return 0;
}

static void end(struct work *w)
{
	for (size_t i = 0; i < w->costs.count && w->tried; i++)
		reencode_choice_wipe(&w->tried[i].choice);
	free(w->plan);
	free(w->tried);
	free(w->fresh);
	group_costs_wipe(&w->costs);
}

int group_work(const struct recompact_request *r, const struct stock *s, size_t group,
               struct recompact_result *sum, struct err *err)
{
	struct work w = { .request = r, .sum = sum };
	int rc = group_costs_make(&w.costs, s, group, err);

	if (!rc)
		rc = begin(&w, err);
	if (!rc && is_lost(&w.costs)) {
		sum->skipped++;
		end(&w);
		return 0;
	}
	if (!rc)
		remember(&w);
	if (!rc)
		rc = plan_and_try(&w, err);
	if (!rc)
		rc = put_all(&w, err);
	if (!rc)
		rc = retire_all(&w, TURN_DELTAS, err);
	if (!rc)
		rc = retire_all(&w, TURN_SOLOS, err);
	sum->left += w.stopped;
	end(&w);
	return rc;
}
