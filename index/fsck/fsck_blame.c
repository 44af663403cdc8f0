/*
 * An object could not be restored for a blob of it. What is to blame may be the blob's
 * record, or any that this stands on; what has a record that nobody can judge stays.
 */
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/record.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_recall.h"
#include "index/blob/record_check.h"
#include "index/blob/record_judge.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/fsck/fsck_run_private.h"
#include "index/store/store.h"
#include "index/store/trash_keys.h"
#include "index/work/blob_set.h"

/* One of them is right. */
static bool find_right_in_trash(const struct fsck *f, const struct oid *id)
{
	const struct blob_claim claim = { id, UINT64_MAX, NULL, NULL };
	struct err ignored = ERR_INIT;
	struct blob_place place;
	enum record_verdict verdict;

	for (size_t nth = 0;; nth++) {
		if (blob_recall(f->transfer->store, &claim, nth, &place, &ignored))
			return false;
		if (!record_judge_place(f->transfer, &place, &verdict, &ignored) &&
		    verdict == RECORD_RIGHT)
			return true;
	}
}

bool fsck_blob_in_trash(struct fsck *f, const struct oid *id)
{
	struct err ignored = ERR_INIT;

	if (blob_set_has(f->in_trash, id))
		return true;
	if (blob_set_has(f->not_in_trash, id))
		return false;
	bool is = find_right_in_trash(f, id);
	if (blob_set_add(is ? f->in_trash : f->not_in_trash, id, &ignored) < 0)
		f->no_memory = ERR_NOMEM;
	return is;
}

struct search {
	struct oid id;
	bool found;
};

static int note_any(void *ctx, const struct store_entry *entry)
{
	struct search *s = ctx;
	struct trash_key key;

	if (trash_key_parse(entry->key, &key) && key.kind == TRASH_RECORD) {
		s->id = key.id;
		s->found = true;
	}
	return 0;
}

bool fsck_base_in_trash(struct fsck *f, const uint8_t base[KEY_BASE_PREFIX])
{
	struct search search = { .found = false };
	struct err ignored = ERR_INIT;
	char prefix[KEY_MAX];

	memcpy(search.id.bytes, base, KEY_BASE_PREFIX);
	if (blob_set_has(f->not_in_trash, &search.id))
		return false;
	key_trash_blobs(&search.id, prefix);
	prefix[strlen(prefix) - 2 * (SHA256_SIZE - KEY_BASE_PREFIX)] = 0;
	if (!store_list(f->transfer->store, prefix, note_any, &search, &ignored) &&
	    search.found)
		return fsck_blob_in_trash(f, &search.id);
	if (blob_set_add(f->not_in_trash, &search.id, &ignored) < 0)
		f->no_memory = ERR_NOMEM;
	return false;
}

int fsck_set_aside(struct fsck *f, const struct blob_place *place, struct err *err)
{
	struct store *to = NULL;

	if (!f->request->writing)
		return err_set(err, ERR_CONFIG, "this check moves nothing");
	int rc = f->request->writing(f->request->ctx, &to, err);
	return rc ? rc : record_judge_set_aside(f->transfer, to, place, err);
}

/* ---------------------------------------------------------------- what is wrong */

/* So that it is not judged once more where records are looked at by themselves. */
static void mark_wrong(struct fsck *f, const struct key_record *what)
{
	struct fsck_record *r = fsck_record_read(&f->result->listing, what);

	if (r && r->what.base_count == what->base_count)
		r->flags |= FSCK_LOOKED | FSCK_WRONG;
}

/* Sets aside and notes what was proved wrong. *moved is whether any went. */
static int note_wrong(struct fsck *f, const struct buf *wrong, const struct err *fault,
                      bool *moved, struct err *err)
{
	int rc = 0;

	*moved = false;
	for (size_t at = 0; at < wrong->size; at += sizeof(struct blob_place)) {
		struct fsck_finding one = { .kind = FSCK_RECORD_WRONG,
			                    .hurts = true,
			                    .id_size = SHA256_SIZE };
		struct blob_place place;
		memcpy(&place, wrong->data + at, sizeof(place));
		one.id = place.record.id;
		strcpy(one.key, place.key);
		if (rc >= 0)
			rc = fsck_set_aside(f, &place, err);
		one.set_aside = rc == 0;
		*moved |= one.set_aside;
		mark_wrong(f, &place.record);
		fsck_note(f, &one, fault, NULL);
	}
	return rc < 0 ? rc : 0;
}

/* ---------------------------------------------------------------- what is missing */

static size_t note_missing(struct fsck *f, const struct oid *id, unsigned depth,
                           const struct err *fault);

/* The bases that a record names in full. */
static size_t note_missing_bases(struct fsck *f, const struct blob_place *place,
                                 unsigned depth, const struct err *fault)
{
	const struct blob_claim any = { &place->record.id, UINT64_MAX, NULL, NULL };
	struct record_head head;
	struct err ignored = ERR_INIT;
	size_t found = 0;

	if (record_check(f->transfer->store, place, &any, &head, &ignored))
		return 0;
	for (unsigned i = 0; i < head.basis.base_count; i++)
		found += note_missing(f, &head.basis.bases[i].id, depth + 1, fault);
	record_head_wipe(&head);
	return found;
}

/* How many blobs on the way to the content of `id` have no record at all. */
static size_t note_missing(struct fsck *f, const struct oid *id, unsigned depth,
                           const struct err *fault)
{
	struct fsck_finding one = { .kind = FSCK_RECORD_MISSING,
		                    .hurts = true,
		                    .id_size = SHA256_SIZE,
		                    .id = *id };
	struct blob_place place;
	struct err ignored = ERR_INIT;
	int rc = blob_find(f->transfer->store, id, &place, &ignored);

	if (rc == 0)
		return depth + 1 < BLOB_DEPTH_MAX
		               ? note_missing_bases(f, &place, depth, fault)
		               : 0;
	if (rc < 0 || fsck_blob_in_trash(f, id))
		return 0;
	if (depth) {
		one.kind = FSCK_BASE_MISSING;
		one.id_size = KEY_BASE_PREFIX;
		memset(one.id.bytes + KEY_BASE_PREFIX, 0, SHA256_SIZE - KEY_BASE_PREFIX);
	}
	fsck_note(f, &one, fault, NULL);
	return 1;
}

/* Where nothing is proved wrong, and nothing is missing, the record itself is one that
 * cannot be decoded: its bases lie too deep, or lead back to it. */
static void note_rest(struct fsck *f, const struct oid *id, const struct err *fault)
{
	struct fsck_finding one = { .kind = FSCK_RECORD_WRONG,
		                    .hurts = true,
		                    .id_size = SHA256_SIZE,
		                    .id = *id };
	struct err ignored = ERR_INIT;
	struct blob_place place;

	if (note_missing(f, id, 0, fault))
		return;
	if (blob_find(f->transfer->store, id, &place, &ignored) == 0)
		strcpy(one.key, place.key);
	fsck_note(f, &one, fault, NULL);
}

/* ---------------------------------------------------------------- the blame */

static void tell_blob(struct fsck *f, const struct oid *oid, const struct err *fault,
                      const char *what, const char *why)
{
	struct err told = *fault;

	if (*what || fault->code != ERR_MISSING)
		err_set(&told, fault->code,
		        "%s%s%s; push the object again from a clone that has it",
		        fault->text, what, why);
	/* The object is damaged, whatever its record is. */
	told.code = fault->code == ERR_MISSING ? ERR_DAMAGED : fault->code;
	fsck_tell(f, oid, &told);
}

void fsck_blame_blob(struct fsck *f, const struct oid *oid, const struct oid *id,
                     const struct err *fault)
{
	struct buf wrong = BUF_INIT;
	struct err why = ERR_INIT;
	bool moved = false;
	int rc = record_judge_blob_once(f->transfer, id, f->judged, &wrong, &why);

	if (!rc)
		rc = note_wrong(f, &wrong, fault, &moved, &why);
	if (!wrong.size)
		note_rest(f, id, fault);
	buf_wipe(&wrong);
	tell_blob(f, oid, fault,
	          rc      ? "; what is wrong could not be set aside: "
	          : moved ? "; what is wrong was set aside"
	                  : "",
	          rc ? why.text : "");
}
