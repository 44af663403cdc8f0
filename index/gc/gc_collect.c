#include "index/gc/gc_collect.h"

#include <string.h>

#include "codec/common/err.h"
#include "index/blob/blob_find.h"
#include "index/blob/record_check.h"
#include "index/blob/transfer.h"
#include "index/gc/gc_act.h"
#include "index/gc/gc_claims.h"
#include "index/gc/gc_mark.h"
#include "index/gc/gc_picks.h"
#include "index/gc/gc_run.h"

/* What is done to the things that were picked. */
struct collecting {
	struct gc_run *run;
	const struct gc_mark *mark;
	const struct gc_view *view;
	struct gc_picks picks;
};

static int act_on(struct collecting *c, size_t count,
                  int (*make)(void *ctx, size_t i, struct gc_act *out, struct err *err),
                  struct err *err)
{
	const struct gc_acts acts = { count, make, c };
	int rc = gc_act_all(c->run, &acts, err);

	gc_picks_wipe(&c->picks);
	return rc;
}

/* ---------------------------------------------------------------- counting */

static void count_objects(struct gc_run *run, const struct gc_mark *m)
{
	const struct gc_view *v = m->view;

	for (size_t i = 0; i < v->objects.count; i++)
		if (m->objects[i] == GC_KEEP && gc_run_has(run, &v->objects.list[i].oid))
			gc_run_count(run, GC_MANIFESTS, GC_KEPT,
			             v->objects.list[i].stored);
	for (size_t i = 0; i < v->object_entries.count; i++)
		if (m->object_entries[i] != GC_DESTROY &&
		    gc_run_has(run, &v->object_entries.list[i].oid))
			gc_run_count(run, GC_MANIFESTS, GC_WAITING,
			             v->object_entries.list[i].stored);
}

static void count_records(struct gc_run *run, const struct gc_mark *m)
{
	const struct gc_view *v = m->view;

	for (size_t i = 0; i < v->records.count; i++) {
		const struct gc_record *r = &v->records.list[i];
		if (m->records[i] != GC_MOVE && gc_run_has(run, &r->record.id))
			gc_run_count(run, GC_RECORDS,
			             m->records[i] == GC_SPARE ? GC_LEFT : GC_KEPT,
			             r->stored);
	}
	for (size_t i = 0; i < v->record_entries.count; i++) {
		const struct gc_record *r = &v->record_entries.list[i];
		if (m->record_entries[i] != GC_DESTROY &&
		    m->record_entries[i] != GC_FINISH && gc_run_has(run, &r->record.id))
			gc_run_count(run, GC_RECORDS, GC_WAITING, r->stored);
	}
}

/* An owner of nothing is the sweep's to count. */
static void count_owners(struct gc_run *run, const struct gc_view *v)
{
	for (size_t i = 0; i < v->owners.count; i++) {
		const struct oid *oid = &v->owners.list[i].oid;
		bool owns = gc_object_find(&v->objects, oid) ||
		            gc_object_find(&v->object_entries, oid);
		if (owns && gc_run_has(run, oid))
			gc_run_count(run, GC_OWNERS, GC_KEPT, 0);
	}
	for (size_t i = 0; i < v->owner_entries.count; i++)
		if (gc_run_has(run, &v->owner_entries.list[i].oid))
			gc_run_count(run, GC_OWNERS, GC_WAITING, 0);
}

void gc_collect_count(struct gc_run *run, const struct gc_mark *mark)
{
	count_owners(run, mark->view);
	count_objects(run, mark);
	count_records(run, mark);
}

/* ---------------------------------------------------------------- moving */

static int make_object_move(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct collecting *c = ctx;
	const struct gc_object *o = &c->view->objects.list[c->picks.list[i]];

	(void)err;
	out->thing = GC_MANIFESTS;
	out->deed = GC_MOVED;
	out->bytes = o->stored;
	gc_object_key(o, out->key);
	return 0;
}

static int make_record_move(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct collecting *c = ctx;
	const struct gc_record *r = &c->view->records.list[c->picks.list[i]];

	(void)err;
	out->thing = GC_RECORDS;
	out->deed = GC_MOVED;
	out->bytes = r->stored;
	gc_record_key(r, out->key);
	return 0;
}

int gc_collect_move(struct gc_run *run, const struct gc_mark *mark, struct err *err)
{
	struct collecting c = { .run = run, .mark = mark, .view = mark->view };
	int rc = gc_picks_objects(&c.picks, run, mark, GC_MOVE, err);

	if (!rc)
		rc = act_on(&c, c.picks.count, make_object_move, err);
	if (!rc)
		rc = gc_picks_records(&c.picks, run, mark, GC_MOVE, err);
	if (!rc)
		rc = act_on(&c, c.picks.count, make_record_move, err);
	gc_picks_wipe(&c.picks);
	return rc;
}

/* ---------------------------------------------------------------- destroying */

static int make_object_end(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct collecting *c = ctx;
	const struct gc_object *o = &c->view->object_entries.list[c->picks.list[i]];

	(void)err;
	out->thing = GC_MANIFESTS;
	out->deed = GC_DESTROYED;
	out->bytes = o->stored;
	gc_object_trash(o, out->trash);
	return 0;
}

static int make_record_end(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct collecting *c = ctx;
	const struct gc_record *r = &c->view->record_entries.list[c->picks.list[i]];

	(void)err;
	out->thing = GC_RECORDS;
	out->deed = GC_DESTROYED;
	out->bytes = r->stored;
	gc_record_trash(r, out->trash);
	return 0;
}

/* Whether the head of a live record is that of a whole record of the blob. */
static int look_at_live(const struct collecting *c, const struct gc_record *r,
                        struct err *err)
{
	const struct gc_blob *blob = gc_blob_find(&c->view->needed, &r->record.id);
	bool known = blob && blob->size != UINT64_MAX;
	const struct blob_claim claim = { .id = &r->record.id,
		                          .size = known ? blob->size : UINT64_MAX,
		                          .sum = known ? &blob->sum : NULL };
	struct blob_place place = { .record = r->record, .stored = r->stored };

	gc_record_key(r, place.key);
	return record_check(c->run->transfer->store, &place, &claim, NULL, err);
}

static int look_at_bases(const struct collecting *c, const struct gc_record *delta,
                         struct err *err)
{
	const struct gc_records *live = &c->view->records;
	int rc = 0;

	for (unsigned i = 0; i < delta->record.base_count && !rc; i++) {
		const uint8_t *base = delta->record.bases[i];
		const struct gc_record *r = gc_record_find_base(live, base);
		for (rc = r ? 0 : 1; !rc && r && r < gc_records_end(live) &&
		                     !memcmp(r->record.id.bytes, base, KEY_BASE_PREFIX);
		     r++)
			if (!r->record.base_count)
				rc = look_at_live(c, r, err);
	}
	return rc;
}

/* Whether live records that look sound give the blob: 0; 1 where they are gone; or what is
 * wrong with the last of them. */
static int look_at_blob(const struct collecting *c, const struct oid *id, struct err *err)
{
	const struct gc_records *live = &c->view->records;
	const struct gc_record *r = gc_record_find(live, id);
	int rc = 1;

	for (; r && r < gc_records_end(live) && oid_equal(&r->record.id, id) && rc; r++) {
		struct err why = ERR_INIT;
		rc = look_at_live(c, r, &why);
		if (!rc)
			rc = look_at_bases(c, r, &why);
		if (rc < 0)
			*err = why;
	}
	return rc;
}

static int make_record_finish(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct collecting *c = ctx;
	const struct gc_record *r = &c->view->record_entries.list[c->picks.list[i]];
	int rc = make_record_end(ctx, i, out, err);

	if (!rc)
		rc = look_at_blob(c, &r->record.id, err);
	if (rc > 0)
		gc_run_count(c->run, GC_RECORDS, GC_WAITING, r->stored);
	return rc < 0 ? err_context(err,
	                            "%s stays in trash, for what replaced it is not "
	                            "sound; run 'git zllm fsck'",
	                            out->trash)
	              : rc;
}

static int make_trace_end(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct collecting *c = ctx;
	const struct gc_owner *o = &c->view->traces.list[i];
	const struct gc_owner *live = gc_owner_find(&c->view->owners, &o->oid);
	const struct gc_owner *end = c->view->owners.list + c->view->owners.count;
	bool needless = !gc_object_find(&c->view->objects, &o->oid) &&
	                !gc_object_find(&c->view->object_entries, &o->oid);

	(void)err;
	out->thing = GC_TRACES;
	if (!gc_run_has(c->run, &o->oid))
		return 1;
	for (; live && live < end && oid_equal(&live->oid, &o->oid) && !needless; live++)
		needless = !memcmp(live->repo, o->repo, GC_REPO) &&
		           gc_is_aged(&c->run->ages, live->since);
	if (!needless)
		gc_run_count(c->run, GC_TRACES, GC_WAITING, 0);
	out->deed = GC_DESTROYED;
	out->bytes = 0;
	gc_trace_trash(o, out->trash);
	return needless ? 0 : 1;
}

/* Names' and base markers that somebody set aside. */
static int make_other_end(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct collecting *c = ctx;
	const struct gc_other *o =
		(const struct gc_other *)(const void *)c->view->others.data + i;
	bool aged = gc_is_aged(&c->run->ages, o->since) && !c->view->late;

	(void)err;
	if (gc_claims_have(o))
		return 1;
	out->thing = GC_NAMES;
	out->deed = GC_DESTROYED;
	out->bytes = 0;
	strcpy(out->trash, o->trash);
	if (!aged)
		gc_run_count(c->run, GC_NAMES, GC_WAITING, 0);
	return aged ? 0 : 1;
}

static int destroy_records(struct collecting *c, struct err *err)
{
	int rc = gc_picks_record_entries(&c->picks, c->run, c->mark, GC_DESTROY, err);

	if (!rc)
		rc = act_on(c, c->picks.count, make_record_end, err);
	if (!rc)
		rc = gc_picks_record_entries(&c->picks, c->run, c->mark, GC_FINISH, err);
	return rc ? rc : act_on(c, c->picks.count, make_record_finish, err);
}

int gc_collect_destroy(struct gc_run *run, const struct gc_mark *mark, struct err *err)
{
	struct collecting c = { .run = run, .mark = mark, .view = mark->view };
	int rc = gc_picks_object_entries(&c.picks, run, mark, GC_DESTROY, err);

	if (!rc)
		rc = act_on(&c, c.picks.count, make_object_end, err);
	if (!rc)
		rc = destroy_records(&c, err);
	if (!rc)
		rc = act_on(&c, c.view->traces.count, make_trace_end, err);
	if (!rc)
		rc = act_on(&c, c.view->others.size / sizeof(struct gc_other),
		            make_other_end, err);
	gc_picks_wipe(&c.picks);
	return rc;
}
