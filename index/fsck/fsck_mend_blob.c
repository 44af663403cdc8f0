/*
 * A blob gets a right record again. Each way ends with the proof of what is then at a key.
 */
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/record.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_put.h"
#include "index/blob/blob_recall.h"
#include "index/blob/record_check.h"
#include "index/blob/record_judge.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/fsck/fsck_content.h"
#include "index/fsck/fsck_encode.h"
#include "index/fsck/fsck_listing.h"
#include "index/fsck/fsck_mend.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/mirror/record_copy.h"
#include "index/store/store.h"
#include "index/work/blob_set.h"

enum { NONE = 1, RECORDS_MAX = 64 }; /* of one blob that are looked at */

/* A blob that is being mended. */
struct mending {
	const struct fsck_mend *mend;
	const struct oid *id;
	unsigned depth;
	bool solo;              /* others stand on it */
	struct record_head was; /* of a wrong record of it, whose head is sound */
	bool has_was;
	enum fsck_source from;
};

static struct store *store_of(const struct mending *g)
{
	return g->mend->to->store;
}

/* ---------------------------------------------------------------- judging */

/* Mends the bases that the record at `key` names. */
static int mend_bases(const struct mending *g, const struct blob_place *place,
                      struct err *err)
{
	const struct blob_claim any = { g->id, UINT64_MAX, NULL, NULL };
	struct record_head head;
	enum fsck_source ignored;
	int rc;

	if (g->depth + 1 >= BLOB_DEPTH_MAX ||
	    record_check(store_of(g), place, &any, &head, &(struct err)ERR_INIT))
		return NONE;
	rc = head.basis.base_count ? 0 : NONE;
	for (unsigned i = 0; i < head.basis.base_count && !rc; i++)
		rc = fsck_mend_blob(g->mend, &head.basis.bases[i].id, g->depth + 1,
		                    &ignored, err);
	record_head_wipe(&head);
	return rc;
}

/* 0 when it is right; NONE when it is not; or negative. */
static int judge(const struct mending *g, const struct blob_place *place, struct err *err)
{
	enum record_verdict verdict;
	int rc = record_judge_place(g->mend->to, place, &verdict, err);

	if (!rc && verdict == RECORD_UNSAID) {
		rc = mend_bases(g, place, err);
		if (!rc)
			rc = record_judge_place(g->mend->to, place, &verdict, err);
	}
	if (rc)
		return rc;
	return verdict == RECORD_RIGHT ? 0 : NONE;
}

/* ---------------------------------------------------------------- what is there */

struct places {
	const struct oid *id;
	struct blob_place list[RECORDS_MAX];
	size_t count;
};

static int note_place(void *ctx, const struct store_entry *entry)
{
	struct places *p = ctx;
	struct blob_place *place = &p->list[p->count];

	if (p->count == RECORDS_MAX || !key_parse_record(entry->key, &place->record) ||
	    !oid_equal(&place->record.id, p->id))
		return 0;
	strcpy(place->key, entry->key);
	place->stored = entry->size;
	p->count++;
	return 0;
}

static int list_places(const struct mending *g, struct places *out, struct err *err)
{
	char prefix[KEY_MAX];

	out->id = g->id;
	out->count = 0;
	key_blob(g->id, prefix);
	return store_list(store_of(g), prefix, note_place, out, err);
}

/* A link in the place of a record is in the way of a judge, as it is in a writer's. */
static int clear_foreign(const struct mending *g, const struct places *there,
                         struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < there->count && rc >= 0; i++) {
		struct store_reader *reader = NULL;
		struct err why = ERR_INIT;
		char trash[KEY_MAX];
		int got = store_get(store_of(g), there->list[i].key, 0, &reader, &why);
		store_reader_close(reader);
		if (got == ERR_DAMAGED)
			rc = store_set_aside(store_of(g), there->list[i].key, trash, err);
	}
	return rc < 0 ? rc : 0;
}

/* Sets aside what is wrong of the blob, and of bases that cannot be proved. */
static int clear_wrong(const struct mending *g, struct err *err)
{
	struct buf wrong = BUF_INIT;
	int rc = record_judge_blob_once(g->mend->to, g->id, g->mend->judged, &wrong, err);

	/* A base has no plain value at its key: that is mended by itself. */
	if (rc == ERR_DAMAGED)
		rc = 0;
	for (size_t at = 0; at < wrong.size && rc >= 0; at += sizeof(struct blob_place)) {
		struct blob_place place;
		memcpy(&place, wrong.data + at, sizeof(place));
		rc = record_judge_set_aside(g->mend->to, store_of(g), &place, err);
	}
	buf_wipe(&wrong);
	return rc < 0 ? rc : 0;
}

/* Sets aside what is wrong. 0 when a record that is right, and solo where it is to be, is
 * there after that. */
static int find_right(struct mending *g, struct err *err)
{
	struct places there;
	int rc = list_places(g, &there, err);

	if (!rc)
		rc = clear_foreign(g, &there, err);
	if (!rc && there.count)
		rc = clear_wrong(g, err);
	if (!rc)
		rc = list_places(g, &there, err);
	if (rc)
		return rc;
	rc = NONE;
	for (size_t i = 0; i < there.count && rc > 0; i++)
		if (!g->solo || !there.list[i].record.base_count)
			rc = judge(g, &there.list[i], err);
	g->from = FSCK_FROM_RECORD;
	return rc;
}

/* ---------------------------------------------------------------- out of trash/ */

static void remember_head(struct mending *g, const struct blob_place *place)
{
	const struct blob_claim any = { g->id, UINT64_MAX, NULL, NULL };

	if (!g->has_was)
		g->has_was = record_check(store_of(g), place, &any, &g->was,
		                          &(struct err)ERR_INIT) == 0;
}

static int restore(const struct mending *g, const struct blob_place *entry,
                   struct err *err)
{
	struct blob_place place = *entry;

	key_record(&entry->record, place.key);
	int rc = store_restore(store_of(g), entry->key, place.key, err);
	return rc ? rc : judge(g, &place, err);
}

static int from_trash(struct mending *g, struct err *err)
{
	const struct blob_claim any = { g->id, UINT64_MAX, NULL, NULL };
	struct blob_place entry;
	int rc = NONE;

	g->from = FSCK_FROM_TRASH;
	for (size_t nth = 0; rc > 0 && nth < RECORDS_MAX; nth++) {
		int found = blob_recall(store_of(g), &any, nth, &entry, err);
		if (found)
			return found < 0 ? found : NONE;
		if (g->solo && entry.record.base_count)
			continue;
		rc = judge(g, &entry, err);
		if (!rc)
			rc = restore(g, &entry, err);
		else if (rc > 0)
			remember_head(g, &entry);
	}
	return rc;
}

/* ---------------------------------------------------------------- as another has it */

/* Whether the record that was lost was solo, as far as is known. */
static bool was_solo(const struct mending *g)
{
	size_t count;
	const struct fsck_use *use = fsck_uses_of(g->mend->touch, g->id->bytes,
	                                          SHA256_SIZE, &count);

	return g->solo || !use || !use->remembered.base_count;
}

static int from_record_of(struct mending *g, const struct fsck_other *other,
                          struct err *err)
{
	const struct record_way way = { other->transfer, store_of(g), NULL, NULL, NULL };
	struct blob_place place = { .record = { .id = *g->id } };
	struct err ignored = ERR_INIT;
	uint64_t stored;

	key_blob(g->id, place.key);
	g->from = other->from;
	int rc = record_copy(&way, g->id, place.key, &stored, &ignored);
	return rc ? NONE : judge(g, &place, err);
}

static int from_others(struct mending *g, struct err *err)
{
	const struct fsck_copies *copies = g->mend->copies;
	int rc = NONE;

	for (size_t i = 0; i < copies->other_count && rc > 0 && was_solo(g); i++)
		rc = from_record_of(g, &copies->others[i], err);
	return rc;
}

/* ---------------------------------------------------------------- coded anew */

/* What values a base has that no manifest lists: as a delta on it says. */
static enum dtype dtype_of_base(const struct mending *g)
{
	const struct fsck_listing *l = g->mend->listing;
	enum dtype dtype = DTYPE_BYTES;

	for (size_t i = 0; i < l->record_count; i++) {
		const struct key_record *what = &l->records[i].what;
		const struct blob_claim any = { &what->id, UINT64_MAX, NULL, NULL };
		struct blob_place place = { .record = *what };
		struct record_head head;
		bool stands = false;
		for (unsigned k = 0; k < what->base_count; k++)
			stands |= !memcmp(what->bases[k], g->id->bytes, KEY_BASE_PREFIX);
		key_record(what, place.key);
		if (!stands ||
		    record_check(store_of(g), &place, &any, &head, &(struct err)ERR_INIT))
			continue;
		dtype = head.basis.bases[0].dtype; /* all bases of a record have one */
		record_head_wipe(&head);
		break;
	}
	return dtype;
}

/* The extent of a manifest that holds it; NONE when there is no such manifest. */
static int find_extent(const struct mending *g, struct manifest *m, struct extent **out)
{
	size_t count;
	const struct fsck_use *use = fsck_uses_of(g->mend->touch, g->id->bytes,
	                                          SHA256_SIZE, &count);
	struct err ignored = ERR_INIT;

	if (!use ||
	    manifest_recall(store_of(g), &fsck_touched(g->mend->touch, use->object)->oid,
	                    manifest_parse_places, m, &ignored))
		return NONE;
	if (!extents_add_findings(&m->extents, &ignored))
		for (size_t i = 0; i < m->extents.count; i++)
			if (!m->extents.list[i].inlined &&
			    oid_equal(&m->extents.list[i].id, g->id)) {
				*out = &m->extents.list[i];
				return 0;
			}
	manifest_wipe(m);
	return NONE;
}

static int encode(struct mending *g, const struct fsck_content *c, struct extent *x,
                  struct err *err)
{
	const struct blob_file file = { .id = *g->id,
		                        .sum = c->sum,
		                        .dtype = x->dtype,
		                        .fd = c->fd,
		                        .offset = c->offset,
		                        .size = c->size };
	const struct fsck_encode how = { g->mend->to, &file, x,
		                         g->has_was ? &g->was : NULL, g->solo };
	struct blob_place place;

	int rc = fsck_encode(&how, place.key, err);
	if (rc)
		return rc;
	key_parse_record(place.key, &place.record);
	return judge(g, &place, err);
}

static int put_content(struct mending *g, const struct fsck_content *c, struct err *err)
{
	struct extent_finding finding = { .base_count = 0 };
	struct extent made = { .size = c->size, .id = *g->id, .finding = &finding };
	struct extent *x = &made;
	struct manifest m;
	int found = find_extent(g, &m, &x);

	g->from = c->from;
	if (found) {
		made.sum = c->sum;
		made.dtype = dtype_of_base(g);
		if (made.size % dtype_unit(made.dtype))
			made.dtype = DTYPE_BYTES;
		made.kind = made.dtype == DTYPE_BYTES ? EXTENT_CHUNK : EXTENT_TENSOR;
	}
	int rc = encode(g, c, x, err);
	if (!found)
		manifest_wipe(&m);
	return rc;
}

/* From a file or another store; or, where it is to be solo, from a delta that is there. */
static int from_content(struct mending *g, struct err *err)
{
	const struct fsck_copies *copies = g->mend->copies;
	const struct fsck_other own = { g->mend->to, FSCK_FROM_RECORD };
	struct fsck_content content = { .fd = -1 };
	int rc = g->solo ? fsck_content_decode(copies, &own, g->id, &content, err) : NONE;

	if (rc > 0)
		rc = fsck_content_find(copies, g->mend->touch, g->id, &content, err);
	if (!rc) {
		rc = put_content(g, &content, err);
		fsck_content_close(&content);
	}
	return rc;
}

/* ---------------------------------------------------------------- the whole */

static bool is_needed(const struct mending *g)
{
	size_t count;

	return g->solo || g->depth ||
	       fsck_uses_of(g->mend->touch, g->id->bytes, SHA256_SIZE, &count);
}

static int mend(struct mending *g, struct err *err)
{
	int rc = find_right(g, err);

	if (rc > 0 && !is_needed(g)) {
		g->from =
			FSCK_FROM_NOWHERE; /* what was wrong is away, and nobody misses it */
		return 0;
	}
	if (rc > 0)
		rc = from_trash(g, err);
	if (rc > 0)
		rc = from_others(g, err);
	if (rc > 0)
		rc = from_content(g, err);
	return rc;
}

/* A blob may be asked for by many that stand on it, in a circle even: it is mended once. */
static int mend_once(struct mending *g, struct err *err)
{
	int tried = blob_set_add(g->mend->tried, g->id, err);

	if (tried < 0)
		return tried;
	g->from = FSCK_FROM_RECORD;
	if (tried)
		return blob_set_has(g->mend->right, g->id) ? 0 : NONE;
	int rc = mend(g, err);
	if (!rc && blob_set_add(g->mend->right, g->id, err) < 0)
		return ERR_NOMEM;
	return rc;
}

int fsck_mend_blob(const struct fsck_mend *m, const struct oid *id, unsigned depth,
                   enum fsck_source *from, struct err *err)
{
	struct mending g = { .mend = m,
		             .id = id,
		             .depth = depth,
		             .solo = depth || fsck_is_base(m->touch, id->bytes) };
	int rc = mend_once(&g, err);

	if (g.has_was)
		record_head_wipe(&g.was);
	*from = rc ? FSCK_FROM_NOWHERE : g.from;
	return rc;
}
