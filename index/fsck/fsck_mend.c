#include "index/fsck/fsck_mend.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "codec/record.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_recall.h"
#include "index/blob/record_check.h"
#include "index/blob/transfer.h"
#include "index/fsck/fsck_content.h"
#include "index/fsck/fsck_listing.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_store.h"
#include "index/store/store.h"
#include "index/work/blob_set.h"
#include "index/work/work_watch.h"

bool fsck_mend_takes(const struct fsck_finding *one)
{
	return one->kind != FSCK_FOREIGN && one->kind != FSCK_UNREADABLE && one->id_size;
}

int fsck_mend_begin(struct fsck_mend *m, struct err *err)
{
	m->tried = m->right = m->judged = NULL;
	int rc = blob_set_new(&m->tried, err);

	if (!rc)
		rc = blob_set_new(&m->right, err);
	return rc ? rc : blob_set_new(&m->judged, err);
}

void fsck_mend_end(struct fsck_mend *m)
{
	blob_set_free(m->tried);
	blob_set_free(m->right);
	blob_set_free(m->judged);
}

/* ---------------------------------------------------------------- which blob */

static bool begins_so(const struct oid *id, const struct oid *prefix)
{
	return memcmp(id->bytes, prefix->bytes, KEY_BASE_PREFIX) == 0;
}

/* A delta that stands on it names it in full. */
static bool full_id_of_delta(const struct fsck_mend *m, const struct key_record *what,
                             struct oid *id)
{
	const struct blob_claim any = { &what->id, UINT64_MAX, NULL, NULL };
	struct blob_place place = { .record = *what };
	struct record_head head;
	struct err ignored = ERR_INIT;
	bool found = false;

	key_record(what, place.key);
	if (record_check(m->to->store, &place, &any, &head, &ignored))
		return false;
	for (unsigned i = 0; i < head.basis.base_count && !found; i++) {
		found = begins_so(&head.basis.bases[i].id, id);
		if (found)
			*id = head.basis.bases[i].id;
	}
	record_head_wipe(&head);
	return found;
}

/* The whole id of a base that is known by what stands in keys. */
static bool full_id(const struct fsck_mend *m, const struct fsck_finding *one,
                    struct oid *id)
{
	const struct fsck_listing *l = m->listing;
	size_t count;
	const struct fsck_use *use = fsck_uses_of(m->touch, one->id.bytes, one->id_size,
	                                          &count);
	const struct fsck_record *base = fsck_records_of(l, one->id.bytes, one->id_size,
	                                                 &count);

	*id = one->id;
	if (one->id_size == SHA256_SIZE)
		return true;
	if (use || base) {
		*id = use ? use->id : base->what.id;
		return true;
	}
	for (size_t i = 0; i < l->record_count; i++) {
		const struct key_record *what = &l->records[i].what;
		for (unsigned k = 0; k < what->base_count; k++)
			if (!memcmp(what->bases[k], one->id.bytes, KEY_BASE_PREFIX) &&
			    full_id_of_delta(m, what, id))
				return true;
	}
	return false;
}

/* ---------------------------------------------------------------- mending */

int fsck_mend(const struct fsck_mend *m, const struct fsck_finding *one,
              enum fsck_source *from, struct err *err)
{
	struct oid id;

	*from = FSCK_FROM_NOWHERE;
	if (!fsck_mend_takes(one))
		return 1;
	if (one->is_object)
		return fsck_mend_object(m, &one->id, from, err);
	if (!full_id(m, one, &id))
		return 1;
	return fsck_mend_blob(m, &id, 0, from, err);
}

static bool mend_one(const struct fsck_mend *m, struct fsck_finding *one)
{
	enum fsck_source from;
	struct err why = ERR_INIT;
	int rc = fsck_mend(m, one, &from, &why);

	/* What was mended in an earlier round is right as it stands. */
	if (from != FSCK_FROM_NOWHERE && (from != FSCK_FROM_RECORD || !one->copy))
		one->copy = from;
	one->repaired = rc == 0;
	free(one->why);
	one->why = rc < 0 ? strdup(why.text) : NULL;
	return one->repaired;
}

static bool is_to_be_mended(const struct fsck_finding *one)
{
	return fsck_mend_takes(one) && !one->repaired;
}

size_t fsck_mend_all(const struct fsck_mend *m, struct fsck_findings *findings)
{
	size_t mended = 0;

	for (int objects = 0; objects < 2; objects++)
		for (size_t i = 0; i < findings->count; i++) {
			if (findings->list[i].is_object != objects)
				continue;
			if (is_to_be_mended(&findings->list[i]))
				mended += mend_one(m, &findings->list[i]);
			work_watch_came(m->watch, 1);
		}
	return mended;
}

/* ---------------------------------------------------------------- a look */

static int see(void *ctx, const char *path, enum fsck_source from)
{
	(void)path;
	*(enum fsck_source *)ctx = from;
	return 1;
}

static enum fsck_source look_for_object(const struct fsck_mend *m,
                                        const struct fsck_finding *one)
{
	const struct oid *oid = &one->id;
	const struct fsck_copies *copies = m->copies;
	enum fsck_source from = FSCK_FROM_NOWHERE;
	struct manifest found;
	struct err ignored = ERR_INIT;

	if (one->kind != FSCK_MANIFEST_FALSE &&
	    manifest_recall(m->to->store, oid, manifest_parse_places, &found, &ignored) ==
	            0) {
		manifest_wipe(&found);
		return FSCK_FROM_TRASH;
	}
	if (copies->each_file)
		copies->each_file(copies->ctx, oid, UINT64_MAX, see, &from);
	for (size_t i = 0; !from && i < copies->other_count; i++) {
		struct manifest_outline outline;
		if (manifest_get_outline(copies->others[i].transfer->store, oid, &outline,
		                         &ignored) == 0)
			from = copies->others[i].from;
	}
	return from;
}

static enum fsck_source look_for_blob(const struct fsck_mend *m,
                                      const struct fsck_finding *one,
                                      const struct oid *id)
{
	const struct blob_claim any = { id, UINT64_MAX, NULL, NULL };
	struct err ignored = ERR_INIT;
	struct blob_place place;

	if (one->kind == FSCK_BASE_NOT_SOLO)
		return FSCK_FROM_RECORD;
	if (blob_find(m->to->store, id, &place, &ignored) == 0 &&
	    strcmp(place.key, one->key) != 0)
		return FSCK_FROM_RECORD;
	if (one->kind == FSCK_IN_TRASH ||
	    (one->kind == FSCK_RECORD_WRONG && !one->set_aside &&
	     blob_recall(m->to->store, &any, 0, &place, &ignored) == 0))
		return FSCK_FROM_TRASH;
	return fsck_content_look(m->copies, m->touch, id);
}

static enum fsck_source look(const struct fsck_mend *m, const struct fsck_finding *one)
{
	struct oid id;

	if (!fsck_mend_takes(one))
		return FSCK_FROM_NOWHERE;
	if (one->is_object)
		return look_for_object(m, one);
	return full_id(m, one, &id) ? look_for_blob(m, one, &id) : FSCK_FROM_NOWHERE;
}

void fsck_mend_look(const struct fsck_mend *m, struct fsck_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		findings->list[i].copy = look(m, &findings->list[i]);
}
