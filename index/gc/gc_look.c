#include "index/gc/gc_look.h"

#include <string.h>

#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/blob/transfer.h"
#include "index/gc/gc_ages.h"
#include "index/gc/gc_listing.h"
#include "index/gc/gc_needed.h"
#include "index/gc/gc_run.h"
#include "index/gc/gc_view.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/trash_keys.h"

/* ---------------------------------------------------------------- what keys say */

/* The nonce that ends an entry's key, which was parsed. */
static void take_nonce(const char *trash, uint8_t nonce[GC_NONCE])
{
	hex_parse(trash + strlen(trash) - KEY_NONCE_HEX, GC_NONCE, nonce);
}

static void add_owner(struct buf *to, struct gc_owner *o, const char *repo)
{
	hex_parse(repo, GC_REPO, o->repo);
	buf_add(to, o, sizeof(*o));
}

static void note_owner(struct gc_listing_part *part, const struct store_entry *entry)
{
	struct gc_owner o = { .since = entry->since, .youngest = entry->since };
	char repo[REPO_ID_HEX + 1];

	if (key_parse_owner(entry->key, repo, &o.oid))
		add_owner(&part->out[0], &o, repo);
}

/* Owners that were moved, and the traces of those that expired. */
static void note_owner_entry(struct gc_listing_part *part,
                             const struct store_entry *entry)
{
	struct gc_owner o = { .since = entry->since, .youngest = entry->since };
	struct trash_key key;

	if (!trash_key_parse(entry->key, &key) ||
	    (key.kind != TRASH_OWNER && key.kind != TRASH_EXPIRED))
		return;
	o.oid = key.id;
	take_nonce(entry->key, o.nonce);
	add_owner(&part->out[key.kind == TRASH_EXPIRED], &o, key.repo);
}

static void note_object(struct gc_listing_part *part, const struct store_entry *entry)
{
	struct gc_object o = { .stored = entry->size,
		               .since = entry->since,
		               .youngest = entry->since };

	if (key_parse_object(entry->key, &o.oid))
		buf_add(&part->out[0], &o, sizeof(o));
}

static void note_object_entry(struct gc_listing_part *part,
                              const struct store_entry *entry)
{
	struct gc_object o = { .stored = entry->size,
		               .since = entry->since,
		               .youngest = entry->since };
	struct trash_key key;

	if (!trash_key_parse(entry->key, &key) || key.kind != TRASH_OBJECT)
		return;
	o.oid = key.id;
	take_nonce(entry->key, o.nonce);
	buf_add(&part->out[0], &o, sizeof(o));
}

static void note_record(struct gc_listing_part *part, const struct store_entry *entry)
{
	struct gc_record r = { .stored = entry->size,
		               .since = entry->since,
		               .youngest = entry->since };

	if (key_parse_record(entry->key, &r.record))
		buf_add(&part->out[0], &r, sizeof(r));
}

static void note_other(struct gc_listing_part *part, const struct store_entry *entry)
{
	struct gc_other o = { .since = entry->since };

	strcpy(o.trash, entry->key); /* a key that parses is shorter than KEY_MAX */
	if (part->out[1].size / sizeof(o) < GC_OTHERS_MAX / 16)
		buf_add(&part->out[1], &o, sizeof(o));
}

/* Records that were moved; and markers, which are no more than counted and destroyed. */
static void note_record_entry(struct gc_listing_part *part,
                              const struct store_entry *entry)
{
	struct gc_record r = { .stored = entry->size,
		               .since = entry->since,
		               .youngest = entry->since };
	struct trash_key key;

	if (!trash_key_parse(entry->key, &key)) {
		part->strange++;
	} else if (key.kind == TRASH_RECORD) {
		r.record = key.record;
		take_nonce(entry->key, r.nonce);
		buf_add(&part->out[0], &r, sizeof(r));
	} else if (key.kind == TRASH_NAME || key.kind == TRASH_MARKER ||
	           key.kind == TRASH_ANNEX) {
		note_other(part, entry);
	}
}

/* ---------------------------------------------------------------- the order of looks */

static int look_at_owners(struct gc_view *v, struct gc_run *run, struct err *err)
{
	const struct gc_listing live = { .prefix = "owners/",
		                         .watch = run->watch,
		                         .note = note_owner,
		                         .into = { &v->owners.bytes } };
	const struct gc_listing entries = { .prefix = "trash/",
		                            .watch = run->watch,
		                            .note = note_owner_entry,
		                            .into = { &v->owner_entries.bytes,
		                                      &v->traces.bytes } };
	int rc = gc_listing_take(run->transfer, &live, err);

	if (!rc)
		rc = gc_listing_take(run->transfer, &entries, err);
	return rc ? rc : gc_view_seal_owners(v, err);
}

static int look_at_objects(struct gc_view *v, struct gc_run *run, struct err *err)
{
	const struct gc_listing live = { .prefix = "objects/",
		                         .watch = run->watch,
		                         .note = note_object,
		                         .into = { &v->objects.bytes } };
	const struct gc_listing entries = { .prefix = "trash/",
		                            .watch = run->watch,
		                            .note = note_object_entry,
		                            .into = { &v->object_entries.bytes } };
	int rc = gc_listing_take(run->transfer, &live, err);

	if (!rc)
		rc = gc_listing_take(run->transfer, &entries, err);
	return rc ? rc : gc_view_seal_objects(v, err);
}

static int look_at_records(struct gc_view *v, struct gc_run *run, struct err *err)
{
	const struct gc_listing live = { .prefix = "blobs/",
		                         .watch = run->watch,
		                         .note = note_record,
		                         .into = { &v->records.bytes } };
	const struct gc_listing entries = { .prefix = "trash/",
		                            .watch = run->watch,
		                            .note = note_record_entry,
		                            .into = { &v->record_entries.bytes,
		                                      &v->others },
		                            .strange = &v->strange };
	int rc = gc_listing_take(run->transfer, &live, err);

	if (!rc)
		rc = gc_listing_take(run->transfer, &entries, err);
	return rc ? rc : gc_view_seal_records(v, err);
}

int gc_look(struct gc_view *out, struct gc_run *run, struct err *err)
{
	*out = (struct gc_view){ .late = false };
	gc_run_part(run, "listing owners", WORK_THINGS, 0);
	int rc = look_at_owners(out, run, err);

	if (!rc) {
		gc_run_part(run, "listing manifests", WORK_THINGS, 0);
		rc = look_at_objects(out, run, err);
	}
	if (!rc)
		rc = gc_needed_read(out, run, err);
	if (!rc) {
		gc_run_part(run, "listing records", WORK_THINGS, 0);
		rc = look_at_records(out, run, err);
	}
	out->late = gc_is_late(&run->ages);
	return rc;
}
