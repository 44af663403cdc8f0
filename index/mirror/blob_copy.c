#include "index/mirror/blob_copy.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_recall.h"
#include "index/blob/record_check.h"
#include "index/blob/record_judge.h"
#include "index/blob/transfer.h"
#include "index/manifest/extent_key.h"
#include "index/manifest/object_proof.h"
#include "index/mirror/content_hash.h"
#include "index/mirror/record_copy.h"
#include "index/model/extent.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/trash_keys.h"
#include "index/work/blob_set.h"

/* Whoever copies a blob holds the lock that its id chooses, and whoever copies a solo
 * record, as a base or for itself, the one of the other kind, too. A thread may hold one
 * of each kind, in this order. */
enum { LOCKS = 64 };

/* How often a blob is mended: its base, itself, and what came in between. */
enum { MEND_TRIES = 3 };

/* How a record was not copied. */
enum { RECORD_MISSING = 1, RECORD_THERE = 2 };

struct blob_copy {
	const struct transfer *from;
	struct store *to;
	pthread_mutex_t blob_locks[LOCKS], base_locks[LOCKS];

	pthread_mutex_t lock;   /* guards all below */
	struct blob_set *blobs; /* that the target has */
	struct blob_set *bases; /* that it has solo; by the part of the id in keys */
	size_t records;
	uint64_t bytes;
};

int blob_copy_new(const struct transfer *from, struct store *to, struct blob_copy **out,
                  struct err *err)
{
	struct blob_copy *c = calloc(1, sizeof(*c));

	if (!c)
		return err_nomem(err, "a copy");
	c->from = from;
	c->to = to;
	pthread_mutex_init(&c->lock, NULL);
	for (unsigned i = 0; i < LOCKS; i++) {
		pthread_mutex_init(&c->blob_locks[i], NULL);
		pthread_mutex_init(&c->base_locks[i], NULL);
	}
	int rc = blob_set_new(&c->blobs, err);
	if (!rc)
		rc = blob_set_new(&c->bases, err);
	if (rc) {
		blob_copy_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void blob_copy_free(struct blob_copy *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < LOCKS; i++) {
		pthread_mutex_destroy(&c->blob_locks[i]);
		pthread_mutex_destroy(&c->base_locks[i]);
	}
	pthread_mutex_destroy(&c->lock);
	blob_set_free(c->blobs);
	blob_set_free(c->bases);
	free(c);
}

void blob_copy_count(const struct blob_copy *c, size_t *records, uint64_t *bytes)
{
	*records = c->records;
	*bytes = c->bytes;
}

/* ---------------------------------------------------------------- what is there */

static bool is_known(struct blob_copy *c, const struct blob_set *set,
                     const struct oid *id)
{
	pthread_mutex_lock(&c->lock);
	bool known = blob_set_has(set, id);
	pthread_mutex_unlock(&c->lock);
	return known;
}

static int note_known(struct blob_copy *c, struct blob_set *set, const struct oid *id,
                      struct err *err)
{
	pthread_mutex_lock(&c->lock);
	int rc = blob_set_add(set, id, err);
	pthread_mutex_unlock(&c->lock);
	return rc < 0 ? rc : 0;
}

/* A blob to be copied, and who wants its content. */
struct wanted {
	const struct extent *extent;
	struct content_part *part; /* or NULL */
	bool anew; /* that the target has its bases was believed, and is looked at again */
};

/* The record at `key`, which becomes `record` in the target. `w`: who wants it; NULL for a
 * base. */
static int copy_record(struct blob_copy *c, const struct key_record *record,
                       const char *key, const struct wanted *w, struct err *err)
{
	char as[KEY_MAX];
	struct record_way way = { c->from, c->to, w ? w->part : NULL,
		                  w ? &w->extent->sum : NULL, as };
	uint64_t stored;

	key_record(record, as);
	int rc = record_copy(&way, &record->id, key, &stored, err);
	if (rc)
		return rc;
	pthread_mutex_lock(&c->lock);
	c->records++;
	c->bytes += stored;
	pthread_mutex_unlock(&c->lock);
	return 0;
}

/* ---------------------------------------------------------------- the target */

static struct transfer target(const struct blob_copy *c)
{
	struct transfer there = *c->from; /* its pool and shelf, another store */

	there.store = c->to;
	there.local_blob = NULL;
	there.cache = NULL;
	there.records = NULL;
	return there;
}

/* Moves what is at a record's key in the target and is not a plain value, as a put would.
 * 1 when that was so. */
static int clear_foreign(struct blob_copy *c, const char *key, struct err *err)
{
	struct store_reader *reader = NULL;
	struct err why = ERR_INIT;
	char trash[KEY_MAX];
	int rc = store_get(c->to, key, 0, &reader, &why);

	store_reader_close(reader);
	if (rc != ERR_DAMAGED)
		return 0;
	rc = store_set_aside(c->to, key, trash, err);
	return rc < 0 ? rc : 1;
}

/* The best record that is listed in the target; 1 when there is none. */
static int find_there(struct blob_copy *c, const struct oid *id, struct blob_place *out,
                      struct err *err)
{
	int rc, cleared;

	do {
		rc = blob_find(c->to, id, out, err);
		cleared = rc ? 0 : clear_foreign(c, out->key, err);
	} while (cleared > 0);
	return cleared < 0 ? cleared : rc;
}

/* ---------------------------------------------------------------- bases */

struct solo_search {
	struct oid id;
	bool found;
};

/* Of live records, or of those in trash/. */
static int note_solo(void *ctx, const struct store_entry *entry)
{
	struct solo_search *search = ctx;
	struct key_record record;
	struct trash_key trash;

	if (trash_key_parse(entry->key, &trash) && trash.kind == TRASH_RECORD)
		record = trash.record;
	else if (!key_parse_record(entry->key, &record))
		return 0;
	if (search->found || record.base_count)
		return 0;
	search->id = record.id;
	search->found = true;
	return 0;
}

/* The blob whose id begins with `base` and that has a solo record in `s`; 1 when there
 * is none. */
static int find_solo(struct store *s, const struct oid *base, struct oid *out,
                     struct err *err)
{
	struct solo_search search = { .found = false };
	char prefix[KEY_MAX];

	key_blobs_of_base(base->bytes, prefix);
	int rc = store_list(s, prefix, note_solo, &search, err);
	*out = search.id;
	return rc ? rc : !search.found;
}

/* The same in the target. A record that is not sound by its head is judged, and makes way
 * where it is wrong: no delta is put on it. */
static int find_sound_solo(struct blob_copy *c, const struct oid *base, struct oid *out,
                           struct err *err)
{
	const struct transfer there = target(c);
	const struct blob_claim claim = { out, UINT64_MAX, NULL, NULL };
	struct blob_place place;
	struct err why = ERR_INIT;
	size_t moved;
	int rc = find_solo(c->to, base, out, err);

	if (!rc)
		rc = find_there(c, out, &place, err);
	if (rc || place.record.base_count)
		return rc < 0 ? rc : 1;
	rc = record_check(c->to, &place, &claim, NULL, &why);
	if (rc != ERR_DAMAGED) {
		if (rc < 0 && rc != ERR_FORMAT)
			*err = why;
		return rc == ERR_FORMAT ? 0 : rc;
	}
	rc = record_judge_clear(&there, c->to, out, &moved, err);
	return rc ? rc : moved > 0;
}

/* The blob whose id begins with `base` and that had a solo record in the source, which lies
 * in trash/ now: a gc may have moved it a moment ago. 1 when there is none. */
static int find_moved_solo(struct blob_copy *c, const struct oid *base,
                           struct blob_place *out, struct err *err)
{
	struct solo_search search = { .found = false };
	char prefix[KEY_MAX], live[KEY_MAX];

	key_blobs_of_base(base->bytes, live);
	snprintf(prefix, sizeof(prefix), "trash%.*s", KEY_MAX - 8, strchr(live, '/'));
	int rc = store_list(c->from->store, prefix, note_solo, &search, err);
	const struct blob_claim claim = { &search.id, UINT64_MAX, NULL, NULL };
	if (!rc && !search.found)
		rc = RECORD_MISSING;
	for (size_t nth = 0; !rc; nth++) {
		rc = blob_recall(c->from->store, &claim, nth, out, err);
		if (!rc && !out->record.base_count)
			break;
	}
	return rc;
}

/* Its solo record, live or in trash/, into the target. */
static int copy_solo_base(struct blob_copy *c, const struct oid *base, struct err *err)
{
	struct key_record solo = { .base_count = 0 };
	struct blob_place moved;
	char key[KEY_MAX];
	int rc = find_solo(c->from->store, base, &solo.id, err);

	key_blob(&solo.id, key);
	if (!rc)
		rc = copy_record(c, &solo, key, NULL, err);
	if (rc != RECORD_MISSING)
		return rc;
	rc = find_moved_solo(c, base, &moved, err);
	return rc ? rc : copy_record(c, &moved.record, moved.key, NULL, err);
}

static int copy_base(struct blob_copy *c, const struct oid *base, struct err *err)
{
	struct oid id;
	int rc = find_sound_solo(c, base, &id, err);

	if (rc > 0)
		rc = copy_solo_base(c, base, err);
	return rc ? rc : note_known(c, c->bases, base, err);
}

/* By the part of the id that keys have. */
static struct oid base_of(const uint8_t prefix[KEY_BASE_PREFIX])
{
	struct oid base = { { 0 } };

	memcpy(base.bytes, prefix, KEY_BASE_PREFIX);
	return base;
}

/* RECORD_MISSING when the source has no solo record of it. */
static int need_base(struct blob_copy *c, const struct wanted *w,
                     const uint8_t prefix[KEY_BASE_PREFIX], struct err *err)
{
	struct oid base = base_of(prefix);
	pthread_mutex_t *lock = &c->base_locks[base.bytes[0] % LOCKS];
	int rc = 0;

	pthread_mutex_lock(lock);
	if (w->anew || !is_known(c, c->bases, &base))
		rc = copy_base(c, &base, err);
	pthread_mutex_unlock(lock);
	return rc;
}

/* ---------------------------------------------------------------- blobs */

/* A solo record, which may be copied as a base in the same moment. */
static int copy_solo(struct blob_copy *c, const struct wanted *w,
                     const struct blob_place *place, struct err *err)
{
	struct oid base = base_of(w->extent->id.bytes);
	pthread_mutex_t *lock = &c->base_locks[base.bytes[0] % LOCKS];
	int rc = RECORD_THERE;

	pthread_mutex_lock(lock);
	if (w->anew || !is_known(c, c->bases, &base)) {
		rc = copy_record(c, &place->record, place->key, w, err);
		if (!rc)
			rc = note_known(c, c->bases, &base, err);
	}
	pthread_mutex_unlock(lock);
	return rc;
}

/* RECORD_MISSING when the source has no such record, or not all that it needs;
 * RECORD_THERE when the target has it by now. */
static int copy_with_bases(struct blob_copy *c, const struct wanted *w,
                           const struct blob_place *place, struct err *err)
{
	int rc = 0;

	if (!place->record.base_count)
		return copy_solo(c, w, place, err);
	for (unsigned i = 0; i < place->record.base_count && !rc; i++)
		rc = need_base(c, w, place->record.bases[i], err);
	return rc ? rc : copy_record(c, &place->record, place->key, w, err);
}

/* Where the manifest says, else the best that is live: it may have been encoded anew since
 * the manifest was written; else what a gc moved to trash/, sound by its head. */
static int copy_one_way(struct blob_copy *c, const struct wanted *w, struct err *err)
{
	const struct extent *x = w->extent;
	const struct blob_claim claim = { &x->id, x->size, &x->sum, NULL };
	struct blob_place place;
	int rc = RECORD_MISSING;

	extent_key(x, place.key);
	if (key_parse_record(place.key, &place.record))
		rc = copy_with_bases(c, w, &place, err);
	if (rc == RECORD_MISSING)
		rc = blob_find(c->from->store, &x->id, &place, err);
	else
		return rc;
	if (!rc)
		rc = copy_with_bases(c, w, &place, err);
	for (size_t nth = 0; rc == RECORD_MISSING; nth++) {
		rc = blob_recall(c->from->store, &claim, nth, &place, err);
		if (rc)
			return rc;
		rc = copy_with_bases(c, w, &place, err);
	}
	return rc;
}

enum { ROUNDS = 3 }; /* what moves between two looks may be in neither */

static int copy_blob(struct blob_copy *c, const struct wanted *w, struct err *err)
{
	char text[SHA256_HEX + 1];
	int rc = RECORD_MISSING;

	for (int round = 0; round < ROUNDS && rc == RECORD_MISSING; round++)
		rc = copy_one_way(c, w, err);
	if (rc != RECORD_MISSING)
		return rc;
	oid_format(&w->extent->id, text);
	return err_set(err, ERR_MISSING,
	               "store %s has no record of blob %s that can be copied; push the "
	               "model again from a clone that has it",
	               c->from->store->name, text);
}

/* ---------------------------------------------------------------- what the target had */

/* What is read from the target, and how much of it the part was given before. */
struct reading {
	struct content_part *part;
	uint64_t start, given; /* bytes: where the extent begins; from there on */
};

static int add_piece(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                     struct err *err)
{
	struct reading *r = ctx;
	uint64_t at = offset - r->start;
	uint64_t skip = r->given > at ? r->given - at : 0;

	if (skip >= n)
		return 0;
	int rc = content_part_add(r->part, NULL, bytes + skip, n - (size_t)skip, err);
	r->given = at + n;
	return rc;
}

/* Takes what the target has wrong of the blob out of the way, and copies what it then
 * lacks. 0 when it may be read again. */
static int mend_there(struct blob_copy *c, const struct wanted *w, struct err *err)
{
	const struct transfer there = target(c);
	const struct wanted anew = { w->extent, NULL, true };
	struct blob_place place;
	size_t moved;
	int rc = find_there(c, &w->extent->id, &place, err);

	if (rc >= 0)
		rc = record_judge_clear(&there, c->to, &w->extent->id, &moved, err);
	if (!rc)
		rc = find_there(c, &w->extent->id, &place, err);
	/* A delta that is there may lack its base by now. */
	if (!rc && place.record.base_count)
		for (unsigned i = 0; i < place.record.base_count && !rc; i++)
			rc = need_base(c, &anew, place.record.bases[i], err);
	else if (rc > 0)
		rc = copy_blob(c, &anew, err);
	return rc < 0 ? rc : 0;
}

static bool is_of_record(int rc)
{
	return rc == ERR_DAMAGED || rc == ERR_MISSING || rc == ERR_MISMATCH;
}

/* What the target has already is read for the proof of the object. What is wrong there is
 * put again where the source has it: its sums tell, before anything of it is used. */
static int read_there(struct blob_copy *c, const struct wanted *w, struct err *err)
{
	const struct transfer there = target(c);
	struct reading reading = { w->part, w->extent->offset, 0 };
	struct err why = ERR_INIT, ignored = ERR_INIT;
	int rc = extent_restore(&there, w->extent, add_piece, &reading, &why);

	for (int tries = 0; tries < MEND_TRIES && is_of_record(rc); tries++) {
		if (mend_there(c, w, &ignored))
			break;
		rc = extent_restore(&there, w->extent, add_piece, &reading, &why);
	}
	if (rc && ignored.code)
		err_context(&ignored, "%s; it could not be mended", why.text);
	if (rc)
		*err = ignored.code ? ignored : why;
	return rc ? err_context(err, "store %s", c->to->name) : 0;
}

/* RECORD_THERE when the target has it. */
static int copy_unless_there(struct blob_copy *c, const struct wanted *w, struct err *err)
{
	const struct oid *id = &w->extent->id;
	struct blob_place place;

	if (is_known(c, c->blobs, id))
		return RECORD_THERE;
	int rc = blob_find(c->to, id, &place, err);
	if (rc < 0)
		return rc;
	rc = rc ? copy_blob(c, w, err) : RECORD_THERE;
	if (rc < 0)
		return rc;
	int noted = note_known(c, c->blobs, id, err);
	return noted ? noted : rc;
}

int blob_copy_one(struct blob_copy *c, const struct extent *x, struct content_part *part,
                  struct err *err)
{
	struct wanted wanted = { x, part, false };
	pthread_mutex_t *lock = &c->blob_locks[x->id.bytes[0] % LOCKS];

	pthread_mutex_lock(lock);
	int rc = copy_unless_there(c, &wanted, err);
	pthread_mutex_unlock(lock);
	return rc == RECORD_THERE ? read_there(c, &wanted, err) : rc;
}
