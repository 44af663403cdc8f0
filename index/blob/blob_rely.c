#include "index/blob/blob_rely.h"

#include <string.h>

#include "codec/common/err.h"
#include "codec/record.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_look.h"
#include "index/blob/record_check.h"
#include "index/blob/record_map.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"

enum {
	RELY_TRIES = 8, /* at records of one blob that are not sound */
	DEPTH_MAX = 3   /* deltas that may stand on one another, docs/store.md */
};

/* Whether the record and those of its bases are where they were, and as large. Asks for no
 * head; in a store that is not remote a head costs nothing, and says more. */
static bool is_as_remembered(const struct transfer *t, const struct blob_place *place,
                             const struct blob_memory *memory)
{
	const struct key_record *was = &memory->record;
	struct err ignored = ERR_INIT;

	if (!t->store->remote || !memory->stored || memory->stored != place->stored ||
	    was->base_count != place->record.base_count ||
	    memcmp(was->bases, place->record.bases,
	           was->base_count * sizeof(was->bases[0])) != 0)
		return false;
	for (unsigned i = 0; i < was->base_count; i++) {
		struct blob_place base;
		if (blob_look_base(t, was->bases[i], &base, &ignored) ||
		    base.record.base_count || base.stored != memory->base_stored[i])
			return false;
	}
	return true;
}

/* Whether the records that a delta needs are sound too. */
static int check_bases(const struct transfer *t, const struct record_head *head,
                       unsigned depth, struct err *err);

/* 0 when the record and all that it needs are sound; 1 when it is gone; ERR_DAMAGED. A
 * record that only a newer git-zllm can read is left alone. */
static int check_place(const struct transfer *t, const struct blob_place *place,
                       const struct blob_claim *claim, unsigned depth, struct err *err)
{
	struct record_head head;
	struct err why = ERR_INIT;

	if (t->unchecked ||
	    (t->records && record_map_checked(t->records, &place->record)))
		return 0;
	if (claim->memory && is_as_remembered(t, place, claim->memory))
		return 0;
	int rc = record_check(t->store, place, claim, &head, &why);
	if (rc == ERR_FORMAT)
		return 0;
	if (rc) {
		if (rc < 0)
			*err = why;
		return rc;
	}
	rc = check_bases(t, &head, depth, err);
	record_head_wipe(&head);
	if (rc)
		return err_context(err, "record %s", place->key);
	if (t->records)
		record_map_note_checked(t->records, &place->record);
	return 0;
}

static int check_bases(const struct transfer *t, const struct record_head *head,
                       unsigned depth, struct err *err)
{
	for (unsigned i = 0; i < head->basis.base_count; i++) {
		struct blob_claim base = { &head->basis.bases[i].id, UINT64_MAX, NULL,
			                   NULL };
		struct blob_place place;
		int rc = depth + 1 < DEPTH_MAX ? blob_look(t, base.id, &place, err) : 1;
		if (!rc)
			rc = check_place(t, &place, &base, depth + 1, err);
		if (rc > 0)
			rc = err_set(err, ERR_DAMAGED, "its base has no record");
		if (rc)
			return rc;
	}
	return 0;
}

/* The record is moved out of sight. In between another may have put a good one in its
 * place: what was moved is looked at, and goes back where that is so. */
static int move_away(const struct transfer *t, const struct blob_place *place,
                     const struct blob_claim *claim, struct err *err)
{
	struct blob_place moved = *place;
	struct err ignored = ERR_INIT;
	int rc = store_set_aside(t->store, place->key, moved.key, err);

	if (t->records)
		record_map_doubt(t->records, &place->record.id);
	if (rc)
		return rc < 0 ? rc : 0;
	rc = check_place(t, &moved, claim, 0, &ignored);
	return rc ? 0 : store_restore(t->store, moved.key, place->key, err);
}

int blob_rely(const struct transfer *t, const struct blob_claim *claim,
              struct blob_place *out, struct err *err)
{
	for (int tries = 0; tries < RELY_TRIES; tries++) {
		struct err why = ERR_INIT;
		int rc = blob_look(t, claim->id, out, err);
		if (rc)
			return rc;
		rc = check_place(t, out, claim, 0, &why);
		if (rc == 0)
			return 0;
		if (rc < 0 && rc != ERR_DAMAGED) {
			*err = why;
			return rc;
		}
		if (rc > 0 && t->records)
			record_map_doubt(t->records, claim->id);
		if (rc < 0)
			rc = move_away(t, out, claim, err);
		if (rc < 0)
			return err_context(err, "%s", why.text);
	}
	return err_set(err, ERR_IO, "store %s: what lies at %s keeps changing",
	               t->store->name, out->key);
}

int blob_sound(const struct transfer *t, const struct blob_claim *claim,
               struct blob_place *out, struct err *why, struct err *err)
{
	int rc = blob_look(t, claim->id, out, err);

	if (rc < 0)
		return rc;
	if (!rc)
		rc = check_place(t, out, claim, 0, why);
	if (rc > 0) {
		char text[SHA256_HEX + 1];
		oid_format(claim->id, text);
		err_set(why, ERR_MISSING, "blob %s has no record", text);
	}
	if (rc < 0 && rc != ERR_DAMAGED)
		*err = *why;
	return rc == ERR_DAMAGED ? 1 : rc;
}
