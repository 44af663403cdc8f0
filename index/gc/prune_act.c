/*
 * What a prune does, in four passes over its plan, each many at once:
 *
 *     what comes back    restored, or owned anew
 *     traces             of what expires, before anything of it is destroyed: killed in
 *                        between both are there, and the marker still owns
 *     entries            destroyed
 *     what goes          moved to trash
 */
#include "index/gc/prune.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/gc/gc_act.h"
#include "index/gc/gc_run.h"
#include "index/manifest/manifest_store.h"
#include "index/store/store.h"
#include "index/store/trash_keys.h"
#include "index/work/lanes.h"
#include "index/work/random_name.h"

/* A pass over those owners of the plan that have one of two fates, by their places in it. */
struct pass {
	struct prune *prune;
	struct gc_run *run;
	size_t *places;
	size_t count;
};

static int pass_begin(struct pass *p, enum prune_fate one, enum prune_fate other,
                      struct err *err)
{
	p->count = 0;
	p->places = calloc(p->prune->count ? p->prune->count : 1, sizeof(*p->places));
	if (!p->places)
		return err_nomem(err, "a list of owners");
	for (size_t i = 0; i < p->prune->count; i++)
		if (p->prune->list[i].fate == one || p->prune->list[i].fate == other)
			p->places[p->count++] = i;
	return 0;
}

static void pass_end(struct pass *p)
{
	free(p->places);
	p->places = NULL;
}

static struct prune_owner *owner_of(const struct pass *p, size_t i)
{
	return &p->prune->list[p->places[i]];
}

/* ---------------------------------------------------------------- what comes back */

/* Puts the owner's marker again, of an object that was given up and is there still. */
static int adopt(struct pass *p, const struct prune_owner *o, struct err *err)
{
	struct store *s = p->run->transfer->store;
	char key[KEY_MAX];

	int rc = manifest_is_left(s, &o->oid, err);
	if (rc <= 0)
		return rc;
	key_owner(p->prune->repo_id, &o->oid, key);
	rc = p->run->flags & GC_DRY_RUN ? 0 : store_put_all(s, key, NULL, 0, err);
	if (!rc)
		gc_run_count(p->run, GC_OWNERS, GC_MADE, 0);
	return rc;
}

static int give_back(struct pass *p, const struct prune_owner *o, struct err *err)
{
	struct gc_act act = { .thing = GC_OWNERS, .deed = GC_RESTORED };
	int rc = 1;

	gc_owner_key(&p->prune->entries[o->entry], act.key);
	for (size_t i = 0; rc > 0 && i < o->entries; i++) {
		gc_owner_trash(&p->prune->entries[o->entry + i], act.trash);
		rc = gc_act_one(p->run, &act, err); /* 1: another prune was quicker */
	}
	return rc;
}

/* What failed was told; only what would fail for all ends the others. */
static int come_back(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct pass *p = ctx;
	const struct prune_owner *o = owner_of(p, i);
	struct err why = ERR_INIT;
	int rc;

	(void)lane;
	if (!gc_run_may_go_on(p->run)) {
		gc_run_count(p->run, GC_OWNERS, GC_LEFT, 0);
		return 0;
	}
	if (o->fate == PRUNE_RETURNS) {
		rc = give_back(p, o, &why);
	} else {
		rc = adopt(p, o, &why);
		if (rc < 0)
			gc_run_failed(p->run, GC_OWNERS, &why);
	}
	if (rc == ERR_CONFIG || rc == ERR_NOMEM) {
		*err = why;
		return rc;
	}
	return 0;
}

static int bring_back(struct pass *p, struct err *err)
{
	struct lanes_work work = { .task = come_back, .ctx = p };
	int rc = pass_begin(p, PRUNE_RETURNS, PRUNE_ADOPTED, err);

	work.count = p->count;
	if (!rc)
		rc = lanes_run(p->run->transfer->lanes, &work, err);
	pass_end(p);
	return rc;
}

/* ---------------------------------------------------------------- what expires */

static int put_trace(struct pass *p, struct prune_owner *o, struct err *err)
{
	char nonce[KEY_NONCE_HEX + 1], key[KEY_MAX];

	int rc = random_name(nonce, err);
	if (rc)
		return rc;
	trash_key_expired(&o->oid, p->prune->repo_id, nonce, key);
	if (!(p->run->flags & GC_DRY_RUN))
		rc = store_put_all(p->run->transfer->store, key, NULL, 0, err);
	if (!rc)
		gc_run_count(p->run, GC_TRACES, GC_MADE, 0);
	return rc;
}

static int leave_trace(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct pass *p = ctx;
	struct prune_owner *o = owner_of(p, i);
	struct err why = ERR_INIT;

	(void)lane;
	if (o->traced || !gc_run_may_go_on(p->run))
		return 0;
	int rc = put_trace(p, o, &why);
	o->traced = !rc;
	if (rc)
		gc_run_failed(p->run, GC_TRACES, &why);
	if (rc == ERR_CONFIG || rc == ERR_NOMEM) {
		*err = why;
		return rc;
	}
	return 0;
}

static int leave_traces(struct pass *p, struct err *err)
{
	struct lanes_work work = { .task = leave_trace, .ctx = p };
	int rc = pass_begin(p, PRUNE_EXPIRES, PRUNE_EXPIRES, err);

	work.count = p->count;
	if (!rc)
		rc = lanes_run(p->run->transfer->lanes, &work, err);
	pass_end(p);
	return rc;
}

/* Which entries of the plan are destroyed. */
struct destroying {
	struct pass *pass;
	size_t *entries;
	size_t count;
};

static int make_destroying(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct destroying *d = ctx;

	(void)err;
	*out = (struct gc_act){ .thing = GC_OWNERS, .deed = GC_DESTROYED };
	gc_owner_trash(&d->pass->prune->entries[d->entries[i]], out->trash);
	return 0;
}

/* Those of an owner whose trace could not be put stay: it goes on owning. */
static int destroy(struct pass *p, struct err *err)
{
	size_t room = p->prune->entry_count ? p->prune->entry_count : 1;
	struct destroying d = { p, calloc(room, sizeof(*d.entries)), 0 };
	struct gc_acts acts = { .make = make_destroying, .ctx = &d };
	int rc = d.entries ? pass_begin(p, PRUNE_EXPIRES, PRUNE_CLEARED, err)
	                   : err_nomem(err, "a list of owners");

	for (size_t i = 0; !rc && i < p->count; i++) {
		const struct prune_owner *o = owner_of(p, i);
		for (size_t k = 0; k < o->entries; k++)
			if (o->fate == PRUNE_CLEARED || o->traced)
				d.entries[d.count++] = o->entry + k;
	}
	acts.count = d.count;
	if (!rc)
		rc = gc_act_all(p->run, &acts, err);
	free(d.entries);
	pass_end(p);
	return rc;
}

/* ---------------------------------------------------------------- what goes */

static int make_moving(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct pass *p = ctx;

	(void)err;
	*out = (struct gc_act){ .thing = GC_OWNERS, .deed = GC_MOVED };
	key_owner(p->prune->repo_id, &owner_of(p, i)->oid, out->key);
	return 0;
}

static int move(struct pass *p, struct err *err)
{
	struct gc_acts acts = { .make = make_moving, .ctx = p };
	int rc = pass_begin(p, PRUNE_MOVES, PRUNE_MOVES, err);

	acts.count = p->count;
	if (!rc)
		rc = gc_act_all(p->run, &acts, err);
	pass_end(p);
	return rc;
}

/* ---------------------------------------------------------------- the whole */

int prune_act(struct prune *prune, struct gc_run *run, struct err *err)
{
	struct pass pass = { .prune = prune, .run = run };

	gc_run_step(run, "bringing owners back");
	int rc = bring_back(&pass, err);
	if (!rc) {
		gc_run_step(run, "removing owners that expired");
		rc = leave_traces(&pass, err);
	}
	if (!rc)
		rc = destroy(&pass, err);
	if (!rc) {
		gc_run_step(run, "moving owners");
		rc = move(&pass, err);
	}
	return rc;
}
