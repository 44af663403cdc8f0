/*
 * A blob that the store lacks gets a record: as base_choice.h chose it; where a base is
 * not what it claims, in another way; and where something has the record's key, only
 * after that was looked at.
 */
#include "codec/common/err.h"
#include "codec/frame.h"
#include "index/base/base_bytes.h"
#include "index/base/base_choice.h"
#include "index/base/base_search.h"
#include "index/blob/bases.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_put.h"
#include "index/blob/blob_rely.h"
#include "index/blob/record_check.h"
#include "index/blob/record_map.h"
#include "index/blob/transfer.h"
#include "index/upload_private.h"

/* A record that we put is one that the next object may lean on. */
static void remember_put(const struct upload *u, const struct upload_blob *blob)
{
	struct blob_place place = { .record = blob->record, .stored = blob->stored };

	record_map_add(u->transfer->records, &place);
}

/* A blob on its way into the store. */
struct putting {
	struct upload *upload;
	struct upload_blob *blob;
	const struct blob_file *file;
	const struct base_choice *choice;
};

static int put_plan(const struct putting *p, struct blob_plan *plan, struct err *err)
{
	struct upload *u = p->upload;
	struct upload_blob *blob = p->blob;

	plan->meter = &u->meter;
	plan->turns = u->turns;
	plan->turn = blob->turn;
	plan->existed = &blob->existed;
	blob->stored = 0;
	int rc = blob_put(u->transfer, p->file, plan, &blob->stored, err);

	if (rc)
		return rc;
	blob_plan_record(plan, &p->file->id, &blob->record);
	blob->record_size = blob->stored;
	if (u->transfer->records)
		remember_put(u, blob);
	return 0;
}

/* One try with the bases from one place (base_choice.h); a base that is not what it
 * claims leaves nothing in the store. */
static int put_delta(const struct putting *p, const struct base_bytes *from,
                     struct err *err)
{
	const struct base_choice *choice = p->choice;
	struct bases bases;
	struct blob_plan plan = { .codec = choice->codec,
		                  .basis = choice->basis,
		                  .low_rank = choice->low_rank,
		                  .bases = &bases };
	struct err ignored = ERR_INIT;

	if (base_bytes_open(from, &plan.basis, &bases, &ignored))
		return ERR_MISSING;
	int rc = put_plan(p, &plan, err);
	if (!rc)
		p->blob->hint = choice->hint;
	bases_close(&bases);
	return rc;
}

static bool base_is_to_blame(int rc)
{
	return rc == ERR_DAMAGED || rc == ERR_MISSING;
}

/* As chosen; where a local copy of a base turns out bad, with the store's; where that
 * is bad too, solo. */
static int put_choice(const struct putting *p, struct err *err)
{
	const struct upload *u = p->upload;
	const struct base_bytes at_hand = { u->transfer,
		                            base_search_relatives(u->search) };
	const struct base_bytes stored = { u->transfer, NULL };
	struct blob_plan solo = { .codec = p->choice->solo };
	int rc = ERR_MISSING;

	if (!p->choice->codec->needs_base)
		return put_plan(p, &solo, err);
	rc = put_delta(p, &at_hand, err);
	if (base_is_to_blame(rc))
		rc = put_delta(p, &stored, err);
	if (base_is_to_blame(rc))
		rc = put_plan(p, &solo, err);
	return rc;
}

enum { PUT_TRIES = 4 };

/* Something had the record's key. Either another pushed the same blob, and that record is
 * relied upon like any that was there; or it is not such a record, and is out of the way
 * now: then ours is put once more. */
static int put_and_look(const struct putting *p, struct err *err)
{
	const struct upload *u = p->upload;
	const struct blob_file *file = p->file;
	struct upload_blob *blob = p->blob;
	const struct blob_claim claim = { &file->id, file->size, &file->sum, NULL };
	struct blob_place place;

	for (int tries = 0; tries < PUT_TRIES; tries++) {
		blob->existed = false;
		int rc = put_choice(p, err);
		if (rc || !blob->existed)
			return rc;
		if (u->transfer->records)
			record_map_doubt(u->transfer->records, &file->id);
		rc = blob_rely(u->transfer, &claim, &place, err);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			blob->record = place.record;
			blob->record_size = place.stored;
			return 0;
		}
	}
	return err_set(err, ERR_IO, "what lies at its record's key keeps changing");
}

int upload_put_blob(struct upload *u, struct upload_blob *blob, struct err *err)
{
	struct extent *x = blob->extent;
	struct blob_file file = {
		x->id, x->sum, x->dtype, u->fd, x->offset, x->size, NULL
	};
	const struct base_task task = { u->transfer, base_search_relatives(u->search), x,
		                        &file };
	struct base_choice choice = { 0 };
	const struct putting putting = { u, blob, &file, &choice };
	int rc = 0;

	if (u->request->codec && x->kind == EXTENT_TENSOR)
		base_choose_by_codec(&task, u->request->codec, &choice);
	else
		rc = base_choose(&task, &choice, err);
	if (!rc)
		rc = put_and_look(&putting, err);
	base_choice_wipe(&choice);
	if (rc && x->name)
		err_context(err, "tensor '%s'", x->name);
	work_meter_add(&u->meter, (blob->bytes - x->size) * UNITS_STORE);
	return rc;
}
