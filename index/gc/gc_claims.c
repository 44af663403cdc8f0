#include "index/gc/gc_claims.h"

#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/blob/transfer.h"
#include "index/gc/gc_act.h"
#include "index/gc/gc_ages.h"
#include "index/gc/gc_mark.h"
#include "index/gc/gc_run.h"
#include "index/manifest/annex_claim.h"
#include "index/store/store.h"
#include "index/store/trash_keys.h"
#include "index/work/random_name.h"

enum { MARKERS_MAX = 65536 }; /* that are moved in one run */

struct claims {
	struct gc_run *run;
	const struct gc_view *view;
	struct buf markers; /* live ones whose claims are gone: KEY_MAX bytes each */
};

/* ---------------------------------------------------------------- claims */

static const struct gc_owner *find_owner(const struct gc_owners *in,
                                         const struct oid *oid,
                                         const uint8_t repo[GC_REPO])
{
	const struct gc_owner *o = gc_owner_find(in, oid), *end = in->list + in->count;

	for (; o && o < end && oid_equal(&o->oid, oid); o++)
		if (!memcmp(o->repo, repo, GC_REPO))
			return o;
	return NULL;
}

static bool is_claim(const struct gc_owner *o)
{
	char repo[REPO_ID_HEX + 1];

	hex_format(o->repo, GC_REPO, repo);
	return annex_claim_is(repo);
}

static int put_trace(const struct claims *c, const struct gc_owner *o, struct err *err)
{
	char nonce[RANDOM_NAME_HEX + 1], repo[REPO_ID_HEX + 1], trace[KEY_MAX];
	int rc = random_name(nonce, err);

	if (rc)
		return rc;
	hex_format(o->repo, GC_REPO, repo);
	trash_key_expired(&o->oid, repo, nonce, trace);
	if (!(c->run->flags & GC_DRY_RUN))
		rc = store_put_all(c->run->transfer->store, trace, NULL, 0, err);
	if (!rc)
		gc_run_count(c->run, GC_TRACES, GC_MADE, 0);
	return rc;
}

static bool has_object(const struct gc_view *v, const struct oid *oid)
{
	return gc_object_find(&v->objects, oid) ||
	       gc_object_find(&v->object_entries, oid);
}

/* The trace comes before the entry goes: killed in between both are there, and it owns.
 * (An owner of nothing is the sweep's, live or not.) */
static int make_claim_end(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct claims *c = ctx;
	const struct gc_view *v = c->view;
	const struct gc_owner *o = &v->owner_entries.list[i];

	*out = (struct gc_act){ .thing = GC_OWNERS, .deed = GC_DESTROYED };
	if (!is_claim(o) || v->late || !gc_run_has(c->run, &o->oid) ||
	    !has_object(v, &o->oid) || !gc_is_aged(&c->run->ages, o->youngest))
		return 1;
	gc_owner_trash(o, out->trash);
	if (find_owner(&v->owners, &o->oid, o->repo) ||
	    find_owner(&v->traces, &o->oid, o->repo))
		return 0;
	return put_trace(c, o, err);
}

/* ---------------------------------------------------------------- markers */

/* Whether the key claims the object, or did so until lately. */
static int is_claimed(const struct gc_view *v, const struct key_annex *k,
                      const struct oid *oid, struct err *err)
{
	char owner[REPO_ID_HEX + 1];
	uint8_t repo[GC_REPO];
	int rc = annex_claim_owner(k, owner, err);

	if (rc || !hex_parse(owner, GC_REPO, repo))
		return rc;
	return find_owner(&v->owners, oid, repo) ||
	       find_owner(&v->owner_entries, oid, repo);
}

static int note_marker(void *ctx, const struct store_entry *entry)
{
	struct claims *c = ctx;
	char key[KEY_MAX] = "";
	struct key_annex k;
	struct oid oid;

	if (!key_parse_annex(entry->key, &k, &oid) || !gc_run_has(c->run, &k.key) ||
	    !gc_is_aged(&c->run->ages, entry->since))
		return 0;
	int claimed = is_claimed(c->view, &k, &oid, NULL);
	if (claimed)
		return claimed < 0 ? claimed : 0;
	if (c->markers.size / KEY_MAX == MARKERS_MAX) {
		gc_run_count(c->run, GC_ANNEX, GC_LEFT, 0);
		return 0;
	}
	strncpy(key, entry->key, KEY_MAX - 1);
	buf_add(&c->markers, key, KEY_MAX);
	return c->markers.failed ? ERR_NOMEM : 0;
}

static int make_marker_move(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct claims *c = ctx;

	(void)err;
	*out = (struct gc_act){ .thing = GC_ANNEX, .deed = GC_MOVED };
	memcpy(out->key, c->markers.data + i * KEY_MAX, KEY_MAX);
	return 0;
}

static const struct gc_other *other_at(const struct claims *c, size_t i)
{
	return (const struct gc_other *)(const void *)c->view->others.data + i;
}

bool gc_claims_have(const struct gc_other *entry)
{
	struct trash_key t;

	return trash_key_parse(entry->trash, &t) && t.kind == TRASH_ANNEX;
}

/* 0 when there is a value at the key, 1 when there is none, or negative. */
static int is_live(const struct claims *c, const char *key, struct err *err)
{
	struct store_reader *reader = NULL;
	int rc = store_get(c->run->transfer->store, key, 0, &reader, err);

	store_reader_close(reader);
	return rc;
}

/* One whose claim is there comes back where it is not live; else it goes when it is aged. */
static int make_marker_entry(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct claims *c = ctx;
	const struct gc_other *o = other_at(c, i);
	struct trash_key t;

	*out = (struct gc_act){ .thing = GC_ANNEX, .deed = GC_DESTROYED };
	if (!trash_key_parse(o->trash, &t) || t.kind != TRASH_ANNEX ||
	    !gc_run_has(c->run, &t.annex.key))
		return 1;
	int claimed = is_claimed(c->view, &t.annex, &t.id, err);
	int live = claimed > 0 ? is_live(c, t.key, err) : 0;
	if (claimed < 0 || live < 0)
		return claimed < 0 ? claimed : live;
	strcpy(out->trash, o->trash);
	strcpy(out->key, t.key);
	if (live == 1) {
		out->deed = GC_RESTORED;
		return 0;
	}
	bool goes = gc_is_aged(&c->run->ages, o->since) && !c->view->late;
	if (!goes)
		gc_run_count(c->run, GC_ANNEX, GC_WAITING, 0);
	return goes ? 0 : 1;
}

static int sweep_markers(struct claims *c, struct err *err)
{
	struct gc_acts moves = { 0, make_marker_move, c };
	const struct gc_acts entries = { c->view->others.size / sizeof(struct gc_other),
		                         make_marker_entry, c };
	int rc = store_list(c->run->transfer->store, "annexes/", note_marker, c, err);

	if (rc == ERR_NOMEM)
		return err_nomem(err, "a list of keys");
	moves.count = c->markers.size / KEY_MAX;
	if (!rc)
		rc = gc_act_all(c->run, &moves, err);
	return rc ? rc : gc_act_all(c->run, &entries, err);
}

int gc_claims_sweep(struct gc_run *run, const struct gc_mark *mark, struct err *err)
{
	struct claims c = { .run = run, .view = mark->view, .markers = BUF_INIT };
	const struct gc_acts ends = { mark->view->owner_entries.count, make_claim_end,
		                      &c };
	int rc = gc_act_all(run, &ends, err);

	if (!rc)
		rc = sweep_markers(&c, err);
	buf_wipe(&c.markers);
	return rc;
}
