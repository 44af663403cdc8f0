#include "index/gc/gc_restore.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/blob_find.h"
#include "index/blob/record_judge.h"
#include "index/blob/transfer.h"
#include "index/gc/gc_act.h"
#include "index/gc/gc_mark.h"
#include "index/gc/gc_picks.h"
#include "index/gc/gc_run.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_proof.h"
#include "index/store/store.h"
#include "index/work/lanes.h"

struct restoring {
	struct gc_run *run;
	const struct gc_mark *mark;
	const struct gc_view *view;
	struct gc_picks picks;
	atomic_size_t lost;
};

static int each_pick(struct restoring *r,
                     int (*task)(void *ctx, unsigned lane, size_t i, struct err *err),
                     struct err *err)
{
	struct lanes_work work = { .count = r->picks.count, .task = task, .ctx = r };

	gc_run_expect(r->run, WORK_THINGS, r->picks.count);
	return lanes_run(r->run->transfer->lanes, &work, err);
}

/* A store that refuses one will refuse all. */
static int unless_refused(int rc)
{
	return rc == ERR_CONFIG || rc == ERR_NOMEM ? rc : 0;
}

/* ---------------------------------------------------------------- manifests */

/* 0 when it may be given back: it is a manifest, and not proved to list another object's
 * bytes. 1 when not. */
static int judge_object(const struct restoring *r, const struct gc_object *o,
                        struct err *err)
{
	const struct transfer *t = r->run->transfer;
	const struct object_judge nobody = { NULL, NULL };
	enum object_verdict verdict = OBJECT_RECORDS_WRONG;
	const struct manifest_query q = { t->store, &o->oid, manifest_parse_places,
		                          NULL };
	char trash[KEY_MAX];
	struct manifest m;

	gc_object_trash(o, trash);
	int rc = manifest_get_at(&q, trash, &m, err);
	if (rc)
		return rc == ERR_DAMAGED ? 1 : rc;
	rc = object_prove(t, &m, &nobody, &verdict, err);
	manifest_wipe(&m);
	return rc ? rc : verdict == OBJECT_MANIFEST_FALSE;
}

/* Of several entries of one object the first that is good is given back. */
static int restore_object(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct restoring *r = ctx;
	const struct gc_objects *entries = &r->view->object_entries;
	const struct gc_object *o = &entries->list[r->picks.list[i]];
	struct gc_act act = { .thing = GC_MANIFESTS, .deed = GC_RESTORED };

	(void)lane;
	if (o > entries->list && oid_equal(&o[-1].oid, &o->oid) &&
	    r->mark->object_entries[o - 1 - entries->list] == GC_RESTORE)
		return 0; /* the first of them does the work */
	for (const struct gc_object *end = entries->list + entries->count;
	     o < end && oid_equal(&o->oid, &entries->list[r->picks.list[i]].oid); o++) {
		struct err why = ERR_INIT;
		int rc = gc_run_may_go_on(r->run) ? judge_object(r, o, &why) : 1;
		gc_object_key(o, act.key);
		gc_object_trash(o, act.trash);
		act.bytes = o->stored;
		if (rc == 0)
			rc = gc_act_one(r->run, &act, err);
		else if (rc < 0)
			gc_run_failed(r->run, GC_MANIFESTS, &why);
		if (rc <= 0)
			return unless_refused(rc);
	}
	return 0;
}

int gc_restore_objects(struct gc_run *run, const struct gc_mark *mark, struct err *err)
{
	struct restoring r = { .run = run, .mark = mark, .view = mark->view };
	int rc = gc_picks_object_entries(&r.picks, run, mark, GC_RESTORE, err);

	if (!rc)
		rc = each_pick(&r, restore_object, err);
	gc_picks_wipe(&r.picks);
	return rc;
}

/* ---------------------------------------------------------------- records */

enum source { LIVE, IN_TRASH };

/* Whether the record is right, read to its last byte: RECORD_RIGHT is 0. */
static int judge_record(const struct restoring *r, const struct gc_record *x,
                        enum source from)
{
	struct blob_place place = { .record = x->record, .stored = x->stored };
	enum record_verdict verdict = RECORD_UNSAID;
	struct err why = ERR_INIT;

	if (from == LIVE)
		gc_record_key(x, place.key);
	else
		gc_record_trash(x, place.key);
	int rc = record_judge_place(r->run->transfer, &place, &verdict, &why);
	if (rc)
		gc_run_failed(r->run, GC_RECORDS, &why);
	return rc ? rc : (int)verdict;
}

static int give_back(const struct restoring *r, const struct gc_record *x,
                     struct err *err)
{
	struct gc_act act = { .thing = GC_RECORDS,
		              .deed = GC_RESTORED,
		              .bytes = x->stored };

	gc_record_key(x, act.key);
	gc_record_trash(x, act.trash);
	return gc_act_one(r->run, &act, err);
}

static bool is_of(const struct gc_record *x, const struct gc_records *in,
                  const struct oid *id)
{
	return x && x < gc_records_end(in) && oid_equal(&x->record.id, id);
}

/* Gives a solo record of the blob back. 0; 1 when there is none that is right. */
static int restore_solo(const struct restoring *r, const struct oid *id, struct err *err)
{
	const struct gc_records *in = &r->view->record_entries;
	const struct gc_record *x = gc_record_find(in, id);
	int rc = 1;

	for (; is_of(x, in, id) && !x->record.base_count && rc == 1; x++)
		if (judge_record(r, x, IN_TRASH) == RECORD_RIGHT)
			rc = give_back(r, x, err);
	return rc;
}

static bool is_solo(const struct restoring *r, const struct oid *id)
{
	const struct gc_record *x = gc_record_find(&r->view->records, id);

	return x && !x->record.base_count;
}

/* Another lane may have given it back since the look: many deltas stand on one base. */
static bool is_solo_by_now(const struct restoring *r, const struct oid *id)
{
	struct store_reader *reader = NULL;
	char key[KEY_MAX];

	if (is_solo(r, id))
		return true;
	key_blob(id, key);
	int rc = store_get(r->run->transfer->store, key, 0, &reader, NULL);
	store_reader_close(reader);
	return rc == 0;
}

/* Makes every blob that an edge can mean live and solo. 0; 1 when one cannot be. */
static int restore_base(const struct restoring *r, const uint8_t base[KEY_BASE_PREFIX],
                        struct err *err)
{
	const struct gc_records *in = &r->view->record_entries;
	const struct gc_record *x = gc_record_find_base(in, base), *last = NULL;
	int rc = 0;

	if (!x && !gc_record_find_base(&r->view->records, base))
		return 1;
	for (; x && x < gc_records_end(in) && !rc &&
	       !memcmp(x->record.id.bytes, base, KEY_BASE_PREFIX);
	     last = x++)
		if (!(last && oid_equal(&last->record.id, &x->record.id)) &&
		    !is_solo_by_now(r, &x->record.id))
			rc = restore_solo(r, &x->record.id, err);
	return rc;
}

/* Gives back what the delta stands on, and it itself where it is in trash. 0; 1 when that
 * cannot be done. */
static int restore_delta(const struct restoring *r, const struct gc_record *x,
                         enum source from, struct err *err)
{
	int rc = judge_record(r, x, from) == RECORD_RIGHT ? 0 : 1;

	for (unsigned i = 0; i < x->record.base_count && !rc; i++)
		rc = restore_base(r, x->record.bases[i], err);
	return rc || from == LIVE ? rc : give_back(r, x, err);
}

static int restore_deltas(const struct restoring *r, const struct oid *id,
                          enum source from, struct err *err)
{
	const struct gc_records *in = from == LIVE ? &r->view->records
	                                           : &r->view->record_entries;
	const struct gc_record *x = gc_record_find(in, id);
	int rc = 1;

	for (; is_of(x, in, id) && rc == 1; x++)
		if (x->record.base_count)
			rc = restore_delta(r, x, from, err);
	return rc;
}

static void tell_lost(struct restoring *r, const struct oid *id)
{
	char hex[SHA256_HEX + 1];
	struct err err = ERR_INIT;

	oid_format(id, hex);
	err_set(&err, ERR_MISSING,
	        "blob %s: needed, and no record of it is right, neither live nor in trash; "
	        "run 'git zllm fsck' to see of which objects",
	        hex);
	atomic_fetch_add(&r->lost, 1);
	gc_run_failed(r->run, GC_RECORDS, &err);
}

static int restore_blob(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct restoring *r = ctx;
	const struct oid *id = &r->view->needed.list[r->picks.list[i]].id;

	(void)lane;
	work_watch_came(r->run->watch, 1);
	if (!gc_run_may_go_on(r->run)) {
		gc_run_count(r->run, GC_RECORDS, GC_LEFT, 0);
		return 0;
	}
	int rc = restore_solo(r, id, err);
	if (rc == 1)
		rc = restore_deltas(r, id, LIVE, err);
	if (rc == 1)
		rc = restore_deltas(r, id, IN_TRASH, err);
	if (rc == 1)
		tell_lost(r, id);
	return unless_refused(rc);
}

int gc_restore_records(struct gc_run *run, const struct gc_mark *mark, size_t *lost,
                       struct err *err)
{
	struct restoring r = { .run = run, .mark = mark, .view = mark->view };
	int rc = gc_picks_missed(&r.picks, run, mark, err);

	atomic_init(&r.lost, 0);
	if (!rc)
		rc = each_pick(&r, restore_blob, err);
	*lost = atomic_load(&r.lost);
	gc_picks_wipe(&r.picks);
	return rc;
}
