/*
 * One object: its manifest, and then its records, by their heads or by all of their
 * bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_recall.h"
#include "index/blob/record_check.h"
#include "index/blob/transfer.h"
#include "index/fsck/fsck_run_private.h"
#include "index/manifest/extent_key.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_proof.h"
#include "index/store/store.h"
#include "index/work/lanes.h"

/* ---------------------------------------------------------------- the manifest */

static struct fsck_finding of_object(enum fsck_kind kind, const struct oid *oid)
{
	struct fsck_finding one = { .kind = kind,
		                    .hurts = fsck_kind_hurts(kind),
		                    .is_object = true,
		                    .id_size = SHA256_SIZE,
		                    .id = *oid };

	key_object(oid, one.key);
	return one;
}

/* Notes what is wrong with the object as a whole, and tells of it. */
static void object_is(struct fsck *f, enum fsck_kind kind, const struct oid *oid,
                      const struct err *fault)
{
	struct fsck_finding one = of_object(kind, oid);

	one.hurts = true;
	fsck_note(f, &one, fault, NULL);
	fsck_tell(f, oid, fault);
}

/* Readers find it, so it is whole; but it does not lie where it should. */
static void note_recalled(struct fsck *f, const struct oid *oid, const struct err *why)
{
	struct fsck_finding one = of_object(FSCK_IN_TRASH, oid);
	struct err text = ERR_INIT;

	err_set(&text, 0, "%s; readers take the manifest that lies in trash/",
	        why->code ? why->text : "nothing is at the key of its manifest");
	fsck_note(f, &one, &text, NULL);
}

/* The manifest and its bytes; one that is out of sight is looked at where it lies, and
 * *bytes then is what is in its place. */
static int find_manifest(struct fsck *f, const struct oid *oid, struct manifest *out,
                         struct buf *bytes, struct err *err)
{
	struct store *s = f->transfer->store;
	struct err why = ERR_INIT, live = ERR_INIT;
	int first = manifest_get_bytes(s, oid, out, bytes, &live), rc = first;

	why = live;
	if (first == 1 || first == ERR_DAMAGED)
		rc = manifest_recall(s, oid, manifest_parse_places, out, &why);
	if (first && !rc)
		note_recalled(f, oid, &live);
	if (rc < 0)
		*err = why;
	return rc > 0 ? err_set(err, ERR_MISSING, "the store does not have it") : rc;
}

static enum fsck_kind kind_of_manifest(int rc)
{
	return rc == ERR_MISSING   ? FSCK_MANIFEST_MISSING
	       : rc == ERR_DAMAGED ? FSCK_MANIFEST_DAMAGED
	                           : FSCK_UNREADABLE;
}

/* ---------------------------------------------------------------- deep */

/* Takes a manifest that was proved false out of the way of a true one, where that is
 * allowed; a checker that may only read says what it found all the same. */
static void set_false_aside(struct fsck *f, const struct oid *oid,
                            const struct buf *bytes)
{
	struct fsck_finding one = of_object(FSCK_MANIFEST_FALSE, oid);
	struct err why = ERR_INIT, told = ERR_INIT;
	struct store *to = NULL;
	int rc = f->request->writing
	                 ? f->request->writing(f->request->ctx, &to, &why)
	                 : err_set(&why, ERR_CONFIG, "this check moves nothing");

	if (!rc)
		rc = manifest_set_aside(to, oid, bytes, &why);
	if (rc > 0) {
		err_set(&told, ERR_MISMATCH,
		        "its manifest was false, and is another one by now; check it "
		        "again");
		fsck_tell(f, oid, &told);
		return;
	}
	err_set(&told, ERR_MISMATCH, "%s; push the object again from a clone that has it",
	        rc ? why.text : "it was set aside");
	if (rc)
		err_context(&told, "it could not be set aside");
	err_context(&told, "its manifest is false, for its records are whole and make up "
	                   "other bytes than those of its name");
	one.set_aside = rc == 0;
	fsck_note(f, &one, &told, NULL);
	fsck_tell(f, oid, &told);
}

/* Which object is being looked at. */
struct looking {
	struct fsck *fsck;
	const struct oid *oid;
};

static void blame(void *ctx, const struct oid *id, const struct err *fault)
{
	const struct looking *l = ctx;

	fsck_blame_blob(l->fsck, l->oid, id, fault);
}

static bool prove(struct fsck *f, const struct oid *oid, const struct manifest *m,
                  const struct buf *bytes)
{
	struct looking looking = { f, oid };
	struct object_judge judge = { blame, &looking };
	enum object_verdict verdict = OBJECT_RECORDS_WRONG;
	struct err err = ERR_INIT;
	int rc = object_prove(f->transfer, m, &judge, &verdict, &err);

	if (rc)
		object_is(f, FSCK_UNREADABLE, oid, &err);
	else if (verdict == OBJECT_MANIFEST_FALSE && bytes->size)
		set_false_aside(f, oid, bytes);
	else if (verdict == OBJECT_MANIFEST_FALSE) {
		err_set(&err, ERR_MISSING, "the store does not have it");
		object_is(f, FSCK_MANIFEST_MISSING, oid, &err);
	}
	return !rc && verdict == OBJECT_PROVED;
}

/* ---------------------------------------------------------------- quick */

enum {
	HEADS = 1024, /* that are looked at together */
	LOOKS = 3     /* at a blob whose records go */
};

/* A record that is to be looked at by its head, and what was found. */
struct head {
	const struct extent *extent; /* NULL: a base, of which nothing is known */
	struct fsck_record *record;
	struct err why;
};

struct heads {
	struct fsck *fsck;
	struct head *list;
	size_t count;
};

/* A record that was listed may have gone since, for a better one of the blob: that is looked
 * at then, or what lies in trash/. 1 when there is none. */
static int check_any(struct fsck *f, struct blob_place *place,
                     const struct blob_claim *claim, struct err *err)
{
	struct store *s = f->transfer->store;
	int rc = record_check(s, place, claim, NULL, err);

	for (int tries = 0; rc > 0 && tries < LOOKS; tries++) {
		rc = blob_find(s, claim->id, place, err);
		if (rc > 0)
			rc = blob_recall(s, claim, 0, place, err);
		if (!rc)
			rc = record_check(s, place, claim, NULL, err);
	}
	return rc;
}

static int check_head(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct heads *all = ctx;
	struct head *one = &all->list[i];
	const struct extent *x = one->extent;
	struct blob_place place = { .record = one->record->what };
	struct blob_claim claim = { &place.record.id, UINT64_MAX, NULL, NULL };

	(void)lane;
	(void)err;
	if (x) {
		claim.size = x->size;
		claim.sum = &x->sum;
	}
	key_record(&place.record, place.key);
	int rc = check_any(all->fsck, &place, &claim, &one->why);
	if (rc > 0)
		err_set(&one->why, ERR_DAMAGED,
		        "record %s: it went, and there is no other", place.key);
	return 0;
}

/* Notes what the heads said. */
static void take_heads(struct heads *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct head *h = &all->list[i];
		struct fsck_finding one = { .kind = FSCK_RECORD_WRONG,
			                    .hurts = true,
			                    .id_size = SHA256_SIZE,
			                    .id = h->record->what.id };
		all->fsck->bytes += h->record->stored;
		if (!h->why.code)
			continue;
		h->record->flags |= FSCK_WRONG;
		if (h->why.code != ERR_DAMAGED)
			one.kind = FSCK_UNREADABLE;
		key_record(&h->record->what, one.key);
		fsck_note(all->fsck, &one, &h->why, NULL);
	}
	all->count = 0;
}

static void look_at_heads(struct heads *all)
{
	struct lanes_work work = { .count = all->count, .task = check_head, .ctx = all };
	struct err err = ERR_INIT;

	if (lanes_run(all->fsck->transfer->lanes, &work, &err))
		all->fsck->no_memory = ERR_NOMEM;
	take_heads(all);
}

/* Each record once, however many objects are read by it. */
static void add_head(struct heads *all, const struct extent *x, struct fsck_record *r)
{
	if (r->flags & FSCK_LOOKED)
		return;
	r->flags |= FSCK_LOOKED;
	all->list[all->count++] = (struct head){ x, r, ERR_INIT };
	if (all->count == HEADS)
		look_at_heads(all);
}

/* The record by which an extent is read, and NULL where the listing has none of it. */
static struct fsck_record *record_of(const struct fsck *f, const struct extent *x)
{
	struct blob_memory memory;

	extent_recall(x, &memory);
	return fsck_record_read(&f->result->listing, &memory.record);
}

static struct fsck_record *base_of(const struct fsck *f, const struct fsck_record *r,
                                   unsigned i)
{
	size_t count;

	return fsck_records_of(&f->result->listing, r->what.bases[i], KEY_BASE_PREFIX,
	                       &count);
}

static int look_at_records(struct fsck *f, const struct manifest *m)
{
	struct heads all = { f, calloc(HEADS, sizeof(struct head)), 0 };

	if (!all.list)
		return f->no_memory = ERR_NOMEM;
	for (size_t i = 0; i < m->extents.count; i++) {
		const struct extent *x = &m->extents.list[i];
		struct fsck_record *record = x->inlined ? NULL : record_of(f, x);
		if (record)
			add_head(&all, x, record);
		for (unsigned k = 0; record && k < record->what.base_count; k++) {
			struct fsck_record *base = base_of(f, record, k);
			if (base)
				add_head(&all, NULL, base);
		}
	}
	look_at_heads(&all);
	free(all.list);
	return 0;
}

/* Notes and tells; false. */
static bool extent_lacks(struct fsck *f, const struct oid *oid, const struct extent *x,
                         const struct fsck_finding *one, struct err *why)
{
	if (x->name)
		err_context(why, "tensor '%s'", x->name);
	fsck_note(f, one, why, NULL);
	fsck_tell(f, oid, why);
	return false;
}

/* No listing shows a record: there is none, or a FIFO, say, has its key. */
static bool extent_is_recalled(struct fsck *f, const struct oid *oid,
                               const struct extent *x)
{
	struct fsck_finding one = { .kind = FSCK_RECORD_MISSING,
		                    .hurts = true,
		                    .id_size = SHA256_SIZE,
		                    .id = x->id };
	struct store_reader *reader = NULL;
	struct err why = ERR_INIT;

	if (fsck_blob_in_trash(f, &x->id))
		return true;
	extent_key(x, one.key);
	int rc = store_get(f->transfer->store, one.key, 0, &reader, &why);
	store_reader_close(reader);
	if (rc == 0)
		return true; /* it came since */
	if (rc > 0) {
		err_set(&why, ERR_DAMAGED,
		        "there is no record %s, and no other of the blob", one.key);
		*one.key = 0;
	} else {
		one.kind = rc == ERR_DAMAGED ? FSCK_RECORD_WRONG : FSCK_UNREADABLE;
	}
	return extent_lacks(f, oid, x, &one, &why);
}

static bool tell_unsound(struct fsck *f, const struct oid *oid, const struct extent *x,
                         const struct fsck_record *r)
{
	struct err why = ERR_INIT;
	char key[KEY_MAX];

	key_record(&r->what, key);
	err_set(&why, ERR_DAMAGED, "record %s is not sound", key);
	if (x->name)
		err_context(&why, "tensor '%s'", x->name);
	fsck_tell(f, oid, &why);
	return false;
}

static bool base_is_there(struct fsck *f, const struct oid *oid, const struct extent *x,
                          const uint8_t prefix[KEY_BASE_PREFIX])
{
	struct fsck_finding one = { .kind = FSCK_BASE_MISSING,
		                    .hurts = true,
		                    .id_size = KEY_BASE_PREFIX };
	struct err why = ERR_INIT;

	if (fsck_base_in_trash(f, prefix))
		return true;
	memcpy(one.id.bytes, prefix, KEY_BASE_PREFIX);
	err_set(&why, ERR_DAMAGED, "its base has no record");
	return extent_lacks(f, oid, x, &one, &why);
}

static bool extent_is_sound(struct fsck *f, const struct oid *oid, const struct extent *x)
{
	const struct fsck_record *r = record_of(f, x);
	bool sound = true;

	if (!r)
		return extent_is_recalled(f, oid, x);
	if (r->flags & FSCK_WRONG)
		return tell_unsound(f, oid, x, r);
	for (unsigned i = 0; i < r->what.base_count; i++) {
		const struct fsck_record *base = base_of(f, r, i);
		if (!base)
			sound &= base_is_there(f, oid, x, r->what.bases[i]);
		else if (base->flags & FSCK_WRONG)
			sound &= tell_unsound(f, oid, x, base);
	}
	return sound;
}

static bool check_heads(struct fsck *f, const struct oid *oid, const struct manifest *m)
{
	bool sound = look_at_records(f, m) == 0;

	for (size_t i = 0; i < m->extents.count && !f->no_memory; i++)
		if (!m->extents.list[i].inlined)
			sound &= extent_is_sound(f, oid, &m->extents.list[i]);
	return sound;
}

/* ---------------------------------------------------------------- the object */

/* For what is named alone, the records that it may need. */
static int list_records(struct fsck *f, const struct manifest *m, struct err *err)
{
	struct fsck_listing *l = &f->result->listing;
	int rc = 0;

	for (size_t i = 0; i < m->extents.count && !rc; i++)
		if (!m->extents.list[i].inlined)
			rc = fsck_list_blob(l, f->transfer->store, &m->extents.list[i].id,
			                    err);
	fsck_listing_sort(l);
	return rc;
}

bool fsck_object_check(struct fsck *f, const struct oid *oid)
{
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	struct manifest m;
	bool whole = false;
	int rc = find_manifest(f, oid, &m, &bytes, &err);

	if (rc) {
		object_is(f, kind_of_manifest(rc), oid, &err);
		buf_wipe(&bytes);
		return false;
	}
	if (!f->result->listing.whole)
		rc = list_records(f, &m, &err);
	if (rc)
		object_is(f, FSCK_UNREADABLE, oid, &err);
	else if (f->request->mode == FSCK_DEEP)
		whole = prove(f, oid, &m, &bytes);
	else
		whole = check_heads(f, oid, &m);
	fsck_note_needed(f, &m, whole);
	manifest_wipe(&m);
	buf_wipe(&bytes);
	return whole;
}
