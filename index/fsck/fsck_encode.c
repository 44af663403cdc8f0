#include "index/fsck/fsck_encode.h"

#include <string.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/record.h"
#include "index/base/base_bytes.h"
#include "index/base/base_choice.h"
#include "index/base/base_hint.h"
#include "index/base/base_search.h"
#include "index/blob/bases.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_put.h"
#include "index/blob/transfer.h"
#include "index/model/extent.h"
#include "index/work/work_meter.h"

enum { NOT_SO = 1 }; /* it cannot be put in this way */

static int put(const struct fsck_encode *e, const struct blob_plan *plan, char *key,
               struct err *err)
{
	struct work_meter meter = { .per_byte = 1, .size = e->file->size };
	struct blob_plan own = *plan;
	struct key_record record;
	uint64_t stored = 0;

	own.meter = &meter;
	blob_plan_record(plan, &e->file->id, &record);
	key_record(&record, key);
	return blob_put(e->to, e->file, &own, &stored, err);
}

/* A delta goes on live solo records alone (docs/store.md, I3), whoever named the base. */
static bool bases_are_solo(const struct transfer *t, const struct record_basis *basis)
{
	for (unsigned i = 0; i < basis->base_count; i++) {
		struct blob_place place;
		struct err ignored = ERR_INIT;
		if (blob_find(t->store, &basis->bases[i].id, &place, &ignored) ||
		    place.record.base_count)
			return false;
	}
	return basis->base_count > 0;
}

/* NOT_SO where a base is not what it claims: nothing is in the store then. */
static int put_delta(const struct fsck_encode *e, const struct blob_plan *plan, char *key,
                     struct err *err)
{
	const struct base_bytes from = { e->to, NULL };
	struct err why = ERR_INIT;
	struct bases bases;

	if (!bases_are_solo(e->to, &plan->basis) ||
	    record_basis_fault(&plan->basis, e->file->dtype, e->file->size) ||
	    base_bytes_open(&from, &plan->basis, &bases, &why))
		return NOT_SO;
	struct blob_plan own = *plan;
	own.bases = &bases;
	int rc = put(e, &own, key, &why);
	bases_close(&bases);
	if (rc == ERR_DAMAGED || rc == ERR_MISSING || rc == ERR_INPUT)
		return NOT_SO;
	if (rc)
		*err = why;
	return rc;
}

/* ---------------------------------------------------------------- as it was */

/* By the head of the damaged record: the bytes that are wrong lie behind it. */
static int put_as_head(const struct fsck_encode *e, char *key, struct err *err)
{
	const struct record_head *was = e->was;
	struct blob_plan plan = { 0 };

	if (!was || !was->basis.base_count || was->dtype != e->file->dtype ||
	    was->size != e->file->size)
		return NOT_SO;
	plan.codec = codec_by_id(was->codec);
	plan.basis = was->basis;
	plan.low_rank = was->low_rank;
	if (!plan.codec || !plan.codec->needs_base || !plan.codec->takes(e->file->dtype))
		return NOT_SO;
	return put_delta(e, &plan, key, err);
}

/* By the manifest, which has the beginning of the base's id: one base of the same kind. */
static int put_as_remembered(const struct fsck_encode *e, char *key, struct err *err)
{
	const struct extent_finding *f = extent_finding(e->extent);
	struct blob_plan plan = { .codec = codec_for_delta(e->file->dtype) };
	struct blob_place place;
	struct err ignored = ERR_INIT;

	if (f->base_count != 1 || !plan.codec ||
	    blob_find_base(e->to->store, f->bases[0], &place, &ignored))
		return NOT_SO;
	plan.basis.base_count = 1;
	plan.basis.bases[0] = (struct record_base){ .id = place.record.id,
		                                    .dtype = e->file->dtype };
	return put_delta(e, &plan, key, err);
}

/* ---------------------------------------------------------------- as a push would */

static int put_choice(const struct fsck_encode *e, const struct base_choice *choice,
                      char *key, struct err *err)
{
	const struct blob_plan solo = { .codec = choice->solo };
	const struct blob_plan delta = { .codec = choice->codec,
		                         .basis = choice->basis,
		                         .low_rank = choice->low_rank };
	int rc = NOT_SO;

	if (choice->codec->needs_base && !e->solo)
		rc = put_delta(e, &delta, key, err);
	return rc == NOT_SO ? put(e, &solo, key, err) : rc;
}

static int put_as_push(const struct fsck_encode *e, char *key, struct err *err)
{
	const struct extent *wanted[] = { e->extent };
	const struct base_hints none = BASE_HINTS_INIT;
	const struct base_search_request request = { &none, wanted, e->solo ? 0 : 1 };
	struct base_search *search = NULL;
	struct base_choice choice = { 0 };
	int rc = base_search_run(e->to, &request, &search, err);

	if (!rc) {
		const struct base_task task = { e->to, base_search_relatives(search),
			                        e->extent, e->file };
		rc = base_choose(&task, &choice, err);
	}
	if (!rc)
		rc = put_choice(e, &choice, key, err);
	base_choice_wipe(&choice);
	base_search_free(search);
	return rc;
}

int fsck_encode(const struct fsck_encode *e, char key[KEY_MAX], struct err *err)
{
	int rc = NOT_SO;

	if (!e->solo)
		rc = put_as_head(e, key, err);
	if (rc == NOT_SO && !e->solo)
		rc = put_as_remembered(e, key, err);
	return rc == NOT_SO ? put_as_push(e, key, err) : rc;
}
