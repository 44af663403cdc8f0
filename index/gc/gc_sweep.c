#include "index/gc/gc_sweep.h"

#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/base/base_marker_rebuild.h"
#include "index/blob/transfer.h"
#include "index/gc/gc_act.h"
#include "index/gc/gc_ages.h"
#include "index/gc/gc_claims.h"
#include "index/gc/gc_mark.h"
#include "index/gc/gc_prefixes.h"
#include "index/gc/gc_run.h"
#include "index/store/store.h"
#include "index/work/lanes.h"

enum { SWEEP_MAX = 65536 }; /* things of a kind in one run */

struct sweeping {
	struct gc_run *run;
	const struct gc_mark *mark;
	const struct gc_view *view;
	enum gc_thing thing;
	enum gc_deed deed;
	struct buf names;  /* of what is to be removed or moved, each with its NUL */
	struct buf places; /* size_t, where each begins in `names` */
	struct gc_prefixes owning; /* repositories that own something */
};

/* ---------------------------------------------------------------- gathering */

static size_t gathered(const struct sweeping *s)
{
	return s->places.size / sizeof(size_t);
}

static const char *name_at(const struct sweeping *s, size_t i)
{
	size_t at;

	memcpy(&at, s->places.data + i * sizeof(at), sizeof(at));
	return (const char *)s->names.data + at;
}

static int gather(struct sweeping *s, const char *name)
{
	const size_t at = s->names.size;

	if (gathered(s) == SWEEP_MAX) {
		gc_run_count(s->run, s->thing, GC_LEFT, 0);
		return 0;
	}
	buf_add(&s->names, name, strlen(name) + 1);
	buf_add(&s->places, &at, sizeof(at));
	return s->names.failed || s->places.failed ? ERR_NOMEM : 0;
}

static void begin(struct sweeping *s, enum gc_thing thing, enum gc_deed deed)
{
	buf_wipe(&s->names);
	buf_wipe(&s->places);
	s->thing = thing;
	s->deed = deed;
}

static int make_act(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct sweeping *s = ctx;

	(void)err;
	*out = (struct gc_act){ .thing = s->thing, .deed = s->deed };
	strcpy(s->deed == GC_MOVED ? out->key : out->trash, name_at(s, i));
	return 0;
}

/* Lists what has the prefix, and does the deed to all that note() gathered. */
static int sweep_keys(struct sweeping *s, const char *prefix, store_each_fn *note,
                      struct err *err)
{
	struct gc_acts acts = { 0, make_act, s };
	int rc = store_list(s->run->transfer->store, prefix, note, s, err);

	if (rc == ERR_NOMEM)
		return err_nomem(err, "a list of what is swept");
	acts.count = gathered(s);
	return rc ? rc : gc_act_all(s->run, &acts, err);
}

/* ---------------------------------------------------------------- what writers left */

static int note_left(void *ctx, const struct store_left *left)
{
	struct sweeping *s = ctx;

	return gc_is_aged(&s->run->ages, left->since) ? gather(s, left->name) : 0;
}

static int remove_left(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct sweeping *s = ctx;
	struct err why = ERR_INIT;
	int rc = 0;

	(void)lane;
	if (!gc_run_may_go_on(s->run)) {
		gc_run_count(s->run, s->thing, GC_LEFT, 0);
		return 0;
	}
	if (!(s->run->flags & GC_DRY_RUN))
		rc = store_remove_left(s->run->transfer->store, name_at(s, i), &why);
	if (rc == 0)
		gc_run_count(s->run, s->thing, GC_DESTROYED, 0);
	if (rc < 0)
		gc_run_failed(s->run, s->thing, &why);
	if (rc == ERR_CONFIG)
		*err = why;
	return rc == ERR_CONFIG ? rc : 0;
}

/* Who may not list or end uploads can still collect all else. */
static int sweep_left(struct sweeping *s, struct err *err)
{
	struct lanes_work work = { .task = remove_left, .ctx = s };
	struct err why = ERR_INIT;
	struct store *store = s->run->transfer->store;

	begin(s, store->remote ? GC_UPLOADS : GC_TEMPORARY, GC_DESTROYED);
	int rc = store_list_left(store, note_left, s, &why);
	work.count = gathered(s);
	if (!rc)
		rc = lanes_run(s->run->transfer->lanes, &work, &why);
	else if (rc == ERR_CONFIG)
		gc_run_failed(s->run, s->thing, &why);
	if (rc && rc != ERR_CONFIG)
		*err = why;
	return rc == ERR_CONFIG ? 0 : rc;
}

static int note_probe(void *ctx, const struct store_entry *entry)
{
	struct sweeping *s = ctx;

	return gc_is_aged(&s->run->ages, entry->since) ? gather(s, entry->key) : 0;
}

/* ---------------------------------------------------------------- markers */

static bool has_solo(const struct gc_records *in, const struct oid *id)
{
	const struct gc_record *r = gc_record_find(in, id);

	return r && !r->record.base_count;
}

static bool has_object(const struct gc_view *v, const struct oid *oid)
{
	return gc_object_find(&v->objects, oid) ||
	       gc_object_find(&v->object_entries, oid);
}

static int note_marker(void *ctx, const struct store_entry *entry)
{
	struct sweeping *s = ctx;
	const struct gc_view *v = s->view;
	struct key_marker marker;

	if (!key_parse_marker(entry->key, &marker) || !gc_run_has(s->run, &marker.id) ||
	    !gc_is_aged(&s->run->ages, entry->since))
		return 0;
	bool leads = has_object(v, &marker.object) &&
	             (has_solo(&v->records, &marker.id) ||
	              has_solo(&v->record_entries, &marker.id));
	return leads ? 0 : gather(s, entry->key);
}

static int find_owning(struct sweeping *s, struct err *err)
{
	const struct gc_owners *all[] = { &s->view->owners, &s->view->owner_entries };

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < all[k]->count; i++)
			gc_prefixes_add(&s->owning, all[k]->list[i].repo);
	return gc_prefixes_seal(&s->owning, err);
}

static int note_name(void *ctx, const struct store_entry *entry)
{
	struct sweeping *s = ctx;
	char repo[REPO_ID_HEX + 1];
	uint8_t id[GC_REPO];

	if (!key_parse_name(entry->key, repo) || !hex_parse(repo, GC_REPO, id) ||
	    gc_prefixes_has(&s->owning, id) || s->run->part.nth ||
	    !gc_is_aged(&s->run->ages, entry->since))
		return 0;
	return gather(s, entry->key);
}

/* ---------------------------------------------------------------- owners of nothing */

/* A push puts its owner's marker and then the manifest: one that came since stays. */
static int make_owner_move(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct sweeping *s = ctx;
	const struct gc_owner *o = &s->view->owners.list[i];
	struct store_reader *r = NULL;
	char key[KEY_MAX];

	*out = (struct gc_act){ .thing = GC_OWNERS, .deed = GC_MOVED };
	if (!gc_run_has(s->run, &o->oid) || has_object(s->view, &o->oid) ||
	    !gc_is_aged(&s->run->ages, o->youngest))
		return 1;
	gc_owner_key(o, out->key);
	key_object(&o->oid, key);
	int rc = store_get(s->run->transfer->store, key, 0, &r, err);
	store_reader_close(r);
	return rc == 1 ? 0 : rc < 0 ? rc : 1;
}

static int make_owner_end(void *ctx, size_t i, struct gc_act *out, struct err *err)
{
	const struct sweeping *s = ctx;
	const struct gc_owner *o = &s->view->owner_entries.list[i];

	(void)err;
	*out = (struct gc_act){ .thing = GC_OWNERS, .deed = GC_DESTROYED };
	if (!gc_run_has(s->run, &o->oid) || has_object(s->view, &o->oid) ||
	    !gc_is_aged(&s->run->ages, o->youngest) || s->view->late)
		return 1;
	gc_owner_trash(o, out->trash);
	return 0;
}

static int sweep_owners(struct sweeping *s, struct err *err)
{
	const struct gc_acts moves = { s->view->owners.count, make_owner_move, s };
	const struct gc_acts ends = { s->view->owner_entries.count, make_owner_end, s };
	int rc = gc_act_all(s->run, &moves, err);

	return rc ? rc : gc_act_all(s->run, &ends, err);
}

/* ---------------------------------------------------------------- the whole */

static bool knows_solo(void *ctx, const struct oid *id)
{
	const struct sweeping *s = ctx;

	return has_solo(&s->view->records, id);
}

static int make_markers(struct sweeping *s, struct err *err)
{
	const struct marker_known known = { knows_solo, s };
	struct marker_rebuild made = { .made = 0 };

	if (s->run->flags & GC_DRY_RUN || s->run->part.nth || !gc_run_may_go_on(s->run))
		return 0;
	int rc = base_markers_rebuild(s->run->transfer, &known, &made, err);
	for (size_t i = 0; i < made.made; i++)
		gc_run_count(s->run, GC_BASES, GC_MADE, 0);
	return rc;
}

static int sweep_markers(struct sweeping *s, struct err *err)
{
	begin(s, GC_BASES, GC_DESTROYED);
	int rc = sweep_keys(s, "bases/", note_marker, err);

	if (!rc)
		rc = find_owning(s, err);
	begin(s, GC_NAMES, GC_MOVED);
	if (!rc)
		rc = sweep_keys(s, "names/", note_name, err);
	return rc;
}

int gc_sweep(struct gc_run *run, const struct gc_mark *mark, struct err *err)
{
	struct sweeping s = { .run = run, .mark = mark, .view = mark->view };
	int rc = sweep_left(&s, err);

	begin(&s, GC_TEMPORARY, GC_DESTROYED);
	if (!rc)
		rc = sweep_keys(&s, KEY_PROBE, note_probe, err);
	if (!rc)
		rc = sweep_owners(&s, err);
	if (!rc)
		rc = gc_claims_sweep(run, mark, err);
	if (!rc)
		rc = sweep_markers(&s, err);
	if (!rc)
		rc = make_markers(&s, err);
	begin(&s, GC_BASES, GC_DESTROYED);
	gc_prefixes_wipe(&s.owning);
	return rc;
}
