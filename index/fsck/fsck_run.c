#include "index/fsck/fsck_run.h"

#include <stdio.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/blob_find.h"
#include "index/blob/record_check.h"
#include "index/blob/record_judge.h"
#include "index/blob/transfer.h"
#include "index/fsck/fsck_run_private.h"
#include "index/manifest/extent_key.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/store/store.h"
#include "index/work/blob_set.h"
#include "index/work/work_watch.h"
#include "index/work/budget.h"

/* ---------------------------------------------------------------- what was found */

void fsck_note(struct fsck *f, const struct fsck_finding *one, const struct err *fault,
               struct fsck_finding **out)
{
	struct fsck_finding copy = *one;
	struct err err = *fault;
	struct err ignored = ERR_INIT;

	copy.text = err.text;
	copy.code = err.code;
	if (fsck_findings_add(&f->result->findings, &copy, out, &ignored))
		f->no_memory = ERR_NOMEM;
}

void fsck_tell(struct fsck *f, const struct oid *oid, const struct err *fault)
{
	if (f->request->told)
		f->request->told(f->request->ctx, oid, fault);
}

/* Says how far it came. */
static void came_to(struct fsck *f, const char *key)
{
	strcpy(f->result->place, key);
	if (f->request->came)
		f->request->came(f->request->ctx, key);
	work_watch_came(f->request->watch, f->bytes);
	f->bytes = 0;
}

static bool is_over(const struct fsck *f)
{
	return budget_is_over(f->request->budget, budget_clock());
}

/* ---------------------------------------------------------------- which are needed */

static void need_bases(struct fsck *f, const struct key_record *what)
{
	for (unsigned i = 0; i < what->base_count; i++) {
		size_t count;
		struct fsck_record *base = fsck_records_of(
			&f->result->listing, what->bases[i], KEY_BASE_PREFIX, &count);
		if (base)
			base->flags |= FSCK_NEEDED; /* the first is the solo one */
	}
}

/* Readers found it, where it does not belong. */
static void note_out_of_sight(struct fsck *f, const struct extent *x)
{
	struct fsck_finding one = { .kind = FSCK_IN_TRASH,
		                    .id_size = SHA256_SIZE,
		                    .id = x->id };
	struct err text = ERR_INIT;

	extent_key(x, one.key);
	err_set(&text, 0, "record %s: readers take the one that lies in trash/", one.key);
	fsck_note(f, &one, &text, NULL);
}

void fsck_note_needed(struct fsck *f, const struct manifest *m, bool whole)
{
	for (size_t i = 0; i < m->extents.count; i++) {
		const struct extent *x = &m->extents.list[i];
		struct blob_memory memory;
		if (x->inlined)
			continue;
		extent_recall(x, &memory);
		struct fsck_record *r = fsck_record_read(&f->result->listing,
		                                         &memory.record);
		if (!r && whole)
			note_out_of_sight(f, x);
		if (!r)
			continue;
		r->flags |= FSCK_NEEDED;
		if (whole && !(r->flags & FSCK_LOOKED)) {
			r->flags |= FSCK_LOOKED;
			f->bytes += r->stored;
		}
		need_bases(f, &r->what);
	}
}

/* An object that an earlier run of this round was done with, or that is in another part:
 * its records are looked at with it. */
static void pass_over(struct fsck *f, const struct oid *oid)
{
	struct manifest m;
	struct err ignored = ERR_INIT;

	if (manifest_recall(f->transfer->store, oid, manifest_parse_places, &m, &ignored))
		return;
	fsck_note_needed(f, &m, true);
	manifest_wipe(&m);
}

/* ---------------------------------------------------------------- objects */

static void check_object(struct fsck *f, const struct oid *oid)
{
	char key[KEY_MAX];

	key_object(oid, key);
	*(fsck_object_check(f, oid) ? &f->result->whole : &f->result->not_whole) += 1;
	came_to(f, key);
}

/* Owners name it, and a manifest is not listed: it may be out of sight, or a thing at its
 * key that no listing shows. A push that was cut leaves an owner, too. */
static void check_unmade(struct fsck *f, const struct oid *oid)
{
	struct fsck_finding one = { .kind = FSCK_MANIFEST_MISSING,
		                    .is_object = true,
		                    .id_size = SHA256_SIZE,
		                    .id = *oid };
	struct manifest m;
	struct err why = ERR_INIT;
	int rc = manifest_recall(f->transfer->store, oid, manifest_parse_places, &m,
	                         &why);

	if (!rc) {
		manifest_wipe(&m);
		check_object(f, oid);
		return;
	}
	key_object(oid, one.key);
	if (rc < 0) {
		one.kind = rc == ERR_DAMAGED ? FSCK_MANIFEST_DAMAGED : FSCK_UNREADABLE;
		one.hurts = true;
		fsck_tell(f, oid, &why);
		f->result->not_whole++;
	} else {
		err_set(&why, 0,
		        "an owner names it, and there is no manifest: a push did not "
		        "end, or it is lost");
	}
	fsck_note(f, &one, &why, NULL);
}

/* 1 when the budget is over. */
static int check_objects(struct fsck *f)
{
	const struct fsck_listing *l = &f->result->listing;
	const char *from = f->request->from;
	char key[KEY_MAX];

	for (size_t i = 0; i < fsck_object_count(l) && !f->no_memory; i++) {
		struct oid oid = fsck_object(l, i);
		key_object(&oid, key);
		if (!work_part_has(&f->request->part, oid.bytes) ||
		    (*from && (*from == 'b' || strcmp(key, from) <= 0))) {
			pass_over(f, &oid);
			continue;
		}
		if (is_over(f))
			return 1;
		check_object(f, &oid);
	}
	for (size_t i = 0; i < l->unmade.size && *from != 'b' && !f->no_memory;
	     i += sizeof(struct oid)) {
		struct oid oid;
		memcpy(&oid, l->unmade.data + i, sizeof(oid));
		if (work_part_has(&f->request->part, oid.bytes))
			check_unmade(f, &oid);
	}
	return 0;
}

/* ---------------------------------------------------------------- edges */

/* I3: each base has a solo record. */
static void check_edge(struct fsck *f, const struct fsck_record *r,
                       const uint8_t prefix[KEY_BASE_PREFIX])
{
	struct fsck_finding one = { .kind = FSCK_BASE_NOT_SOLO,
		                    .id_size = KEY_BASE_PREFIX };
	struct err why = ERR_INIT;
	char key[KEY_MAX];
	size_t count;
	const struct fsck_record *base = fsck_records_of(&f->result->listing, prefix,
	                                                 KEY_BASE_PREFIX, &count);

	if ((base && !base->what.base_count) || (!base && fsck_base_in_trash(f, prefix)))
		return;
	key_record(&r->what, key);
	memcpy(one.id.bytes, prefix, KEY_BASE_PREFIX);
	if (!base) {
		one.kind = FSCK_BASE_MISSING;
	}
	err_set(&why, base ? 0 : ERR_DAMAGED, "record %s: its base has no %s", key,
	        base ? "solo record" : "record");
	fsck_note(f, &one, &why, NULL);
}

/* ---------------------------------------------------------------- other records */

static int judge_record(struct fsck *f, const struct blob_place *place, bool *wrong,
                        struct err *err)
{
	enum record_verdict verdict;
	int rc;

	if (f->request->mode == FSCK_QUICK) {
		const struct blob_claim any = { &place->record.id, UINT64_MAX, NULL,
			                        NULL };
		rc = record_check(f->transfer->store, place, &any, NULL, err);
		*wrong = rc == ERR_DAMAGED;
		return rc == ERR_DAMAGED || rc > 0 ? 0 : rc;
	}
	rc = record_judge_place(f->transfer, place, &verdict, err);
	*wrong = !rc && verdict == RECORD_WRONG;
	if (*wrong)
		err_set(err, ERR_DAMAGED,
		        "record %s: its content is not that of its name", place->key);
	return rc;
}

static void tell_wrong(struct fsck *f, struct fsck_finding *one,
                       const struct blob_place *place, struct err *why)
{
	struct err refused = ERR_INIT;
	int rc = 1;

	if (f->request->mode == FSCK_DEEP)
		rc = fsck_set_aside(f, place, &refused);
	one->set_aside = rc == 0;
	if (rc == 0)
		err_set(why, ERR_DAMAGED,
		        "record %s: its content is not that of its name; it was set aside",
		        place->key);
	else if (rc < 0)
		err_set(why, ERR_DAMAGED,
		        "record %s: its content is not that of its name; it could not be "
		        "set aside: %s",
		        place->key, refused.text);
	fsck_tell(f, NULL, why);
}

/* A record that no object was read by: what a push that did not end left, another record
 * of a blob, or a base of which only a part was read. */
static void check_record(struct fsck *f, struct fsck_record *r)
{
	struct fsck_finding one = { .kind = FSCK_RECORD_WRONG,
		                    .hurts = r->flags & FSCK_NEEDED,
		                    .id_size = SHA256_SIZE,
		                    .id = r->what.id };
	struct blob_place place = { .record = r->what, .stored = r->stored };
	struct err why = ERR_INIT;
	bool wrong = false;

	key_record(&r->what, place.key);
	strcpy(one.key, place.key);
	int rc = judge_record(f, &place, &wrong, &why);
	f->result->records++;
	if (rc) {
		/* What is not a plain value cannot be judged, and is no record. */
		one.kind = rc == ERR_DAMAGED ? FSCK_RECORD_WRONG : FSCK_UNREADABLE;
		fsck_tell(f, NULL, &why);
	} else if (wrong) {
		tell_wrong(f, &one, &place, &why);
	}
	if (rc || wrong)
		fsck_note(f, &one, &why, NULL);
	f->bytes += r->stored;
}

/* 1 when the budget is over. */
static int check_records(struct fsck *f)
{
	struct fsck_listing *l = &f->result->listing;
	const char *from = f->request->from;
	char key[KEY_MAX];

	for (size_t i = 0; i < l->record_count && !f->no_memory; i++) {
		struct fsck_record *r = &l->records[i];
		if (!work_part_has(&f->request->part, r->what.id.bytes))
			continue;
		for (unsigned k = 0; k < r->what.base_count; k++)
			check_edge(f, r, r->what.bases[k]);
		key_record(&r->what, key);
		if (r->flags & FSCK_LOOKED || (*from == 'b' && strcmp(key, from) <= 0))
			continue;
		if (is_over(f))
			return 1;
		check_record(f, r);
		came_to(f, key);
	}
	return 0;
}

/* ---------------------------------------------------------------- the whole */

static void note_foreign(struct fsck *f)
{
	const struct buf *keys = &f->result->listing.foreign;
	const char *key = (const char *)keys->data, *end = key + keys->size;

	for (; key < end; key += strlen(key) + 1) {
		struct fsck_finding one = { .kind = FSCK_FOREIGN };
		struct err text = ERR_INIT;
		err_set(&text, 0, "%s is not a key of a store; it is passed over", key);
		snprintf(one.key, sizeof(one.key), "%s", key);
		fsck_note(f, &one, &text, NULL);
	}
}

static int check_all(struct fsck *f, struct err *err)
{
	int rc = fsck_list_all(&f->result->listing, f->transfer->store, err);

	if (rc)
		return rc;
	if (!f->request->part.nth)
		note_foreign(f);
	work_watch_step(f->request->watch, "checking", WORK_BYTES,
	                f->result->listing.record_bytes /
	                        (f->request->part.of ? f->request->part.of : 1));
	rc = check_objects(f);
	if (!rc)
		rc = check_records(f);
	f->result->complete = rc == 0;
	return 0;
}

static void check_named(struct fsck *f)
{
	const struct fsck_request *request = f->request;
	size_t i = 0;

	while (i < request->named_count && !is_over(f) && !f->no_memory)
		check_object(f, &request->named[i++]);
	f->result->complete = i == request->named_count;
}

int fsck_run(const struct fsck_request *request, struct fsck_result *out, struct err *err)
{
	struct fsck f = { .request = request,
		          .transfer = request->transfer,
		          .result = out };
	int rc = 0;

	*out = (struct fsck_result){ .listing = FSCK_LISTING_INIT };
	rc = blob_set_new(&f.in_trash, err);
	if (!rc)
		rc = blob_set_new(&f.not_in_trash, err);
	if (!rc)
		rc = blob_set_new(&f.judged, err);
	if (!rc && !request->named)
		rc = check_all(&f, err);
	else if (!rc)
		check_named(&f);
	blob_set_free(f.in_trash);
	blob_set_free(f.not_in_trash);
	blob_set_free(f.judged);
	return f.no_memory ? err_nomem(err, "what was found") : rc;
}

void fsck_result_wipe(struct fsck_result *r)
{
	fsck_listing_wipe(&r->listing);
	fsck_findings_wipe(&r->findings);
}
