#include "index/blob/record_judge.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/record.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_source.h"
#include "index/blob/record_check.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/work/blob_set.h"

/* Bytes that come with the first request: the heads of most records. */
enum { HEAD_FIRST = 4096 };

/* Of one record; and where nothing can be said, the bases that are not proved. */
struct judgement {
	enum record_verdict verdict;
	struct oid unproved[RECORD_BASES_MAX];
	unsigned count;
};

/* What the store alone has. */
static struct transfer bare(const struct transfer *t)
{
	struct transfer own = *t;

	own.cache = NULL;
	own.local_blob = NULL;
	own.records = NULL;
	return own;
}

/* Whether it is the bytes of a record, or of its bases, that are at fault. */
static bool is_of_bytes(int rc)
{
	return rc == ERR_DAMAGED || rc == ERR_MISMATCH || rc == ERR_MISSING;
}

/* ---------------------------------------------------------------- one record */

/* *whole is whether the bytes begin with a record's head, of their length. 1 when there is
 * nothing at the key. What is not a plain value is not opened, hence not judged: whoever
 * puts the record moves that away (docs/store.md, "Foreign files"). */
static int read_head_once(const struct transfer *t, const char *key,
                          struct record_head *out, bool *whole, struct err *err)
{
	struct store_reader *file = NULL;
	struct err why = ERR_INIT;
	size_t head_size;
	int rc = store_get(t->store, key, HEAD_FIRST, &file, err);

	*whole = false;
	if (rc)
		return rc;
	rc = record_head_read(file, HEAD_FIRST, out, &head_size, &why);
	store_reader_close(file);
	*whole = rc == 0;
	if (rc && rc != ERR_DAMAGED)
		return *err = why, rc;
	return 0;
}

/* What came damaged from afar may be whole where it lies: it is asked for once more. */
static int read_head(const struct transfer *t, const char *key, struct record_head *out,
                     bool *whole, struct err *err)
{
	*out = (struct record_head){ .size = 0 };
	int rc = read_head_once(t, key, out, whole, err);

	if (rc || *whole || !t->store->remote)
		return rc;
	record_head_wipe(out);
	*out = (struct record_head){ .size = 0 };
	return read_head_once(t, key, out, whole, err);
}

/* Whether the content of the blob's record at `key`, or of the best there is, has the
 * blob's SHA-256. */
static int prove(const struct transfer *t, const struct oid *id, const char *key,
                 bool *proved, struct err *err)
{
	const struct blob_want want = { *id, UINT64_MAX, NULL, key };
	struct blob_source *source = NULL;
	struct err why = ERR_INIT;
	int rc = record_source_open(t, &want, &source, &why);

	if (!rc)
		rc = blob_source_prove(source, id, &why);
	blob_source_close(source);
	*proved = rc == 0;
	if (rc && !is_of_bytes(rc))
		return *err = why, rc;
	return 0;
}

static int prove_bases(const struct transfer *t, const struct record_head *head,
                       struct judgement *out, struct err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < head->basis.base_count && !rc; i++) {
		const struct oid *base = &head->basis.bases[i].id;
		char key[KEY_MAX];
		bool proved;
		key_blob(base, key);
		rc = prove(t, base, key, &proved, err);
		if (!rc && !proved)
			out->unproved[out->count++] = *base;
	}
	return rc;
}

static int judge(const struct transfer *t, const struct blob_place *place,
                 struct judgement *out, struct err *err)
{
	struct record_head head;
	bool whole, proved = false;
	int rc = read_head(t, place->key, &head, &whole, err);

	*out = (struct judgement){ .verdict = RECORD_GONE };
	if (rc)
		return rc < 0 ? rc : 0;
	if (whole)
		rc = prove_bases(t, &head, out, err);
	if (!rc && whole && !out->count)
		rc = prove(t, &place->record.id, place->key, &proved, err);
	record_head_wipe(&head);
	out->verdict = out->count ? RECORD_UNSAID : proved ? RECORD_RIGHT : RECORD_WRONG;
	return rc;
}

int record_judge_place(const struct transfer *t, const struct blob_place *place,
                       enum record_verdict *verdict, struct err *err)
{
	const struct transfer own = bare(t);
	struct judgement j;
	int rc = judge(&own, place, &j, err);

	*verdict = j.verdict;
	return rc;
}

/* ---------------------------------------------------------------- all of a blob */

struct places {
	const struct oid *id;
	struct buf list; /* of struct blob_place */
};

static int note_place(void *ctx, const struct store_entry *entry)
{
	struct places *p = ctx;
	struct blob_place place = { .stored = entry->size };

	if (!key_parse_record(entry->key, &place.record) ||
	    !oid_equal(&place.record.id, p->id))
		return 0;
	strcpy(place.key, entry->key); /* a key that parses is shorter than KEY_MAX */
	buf_add(&p->list, &place, sizeof(place));
	return p->list.failed ? ERR_NOMEM : 0;
}

/* Blobs that were judged already are not judged again: a store may be made so that there
 * are more ways than time. */
struct judging {
	const struct transfer *transfer;
	struct blob_set *seen;
	struct buf *wrong;
};

static int judge_blob(const struct judging *g, const struct oid *id, unsigned depth,
                      struct err *err);

static int judge_place(const struct judging *g, const struct blob_place *place,
                       unsigned depth, struct err *err)
{
	struct judgement j;
	int rc = judge(g->transfer, place, &j, err);

	if (!rc && j.verdict == RECORD_WRONG)
		buf_add(g->wrong, place, sizeof(*place));
	for (unsigned i = 0; i < j.count && !rc && depth < BLOB_DEPTH_MAX; i++)
		rc = judge_blob(g, &j.unproved[i], depth + 1, err);
	return !rc && g->wrong->failed ? err_nomem(err, "a list of records") : rc;
}

static int judge_blob(const struct judging *g, const struct oid *id, unsigned depth,
                      struct err *err)
{
	struct places places = { id, BUF_INIT };
	char prefix[KEY_MAX];
	int rc = blob_set_add(g->seen, id, err);

	if (rc)
		return rc < 0 ? rc : 0;
	key_blob(id, prefix);
	rc = store_list(g->transfer->store, prefix, note_place, &places, err);
	for (size_t at = 0; at < places.list.size && !rc;
	     at += sizeof(struct blob_place)) {
		struct blob_place place;
		memcpy(&place, places.list.data + at, sizeof(place));
		rc = judge_place(g, &place, depth, err);
	}
	buf_wipe(&places.list);
	return rc;
}

int record_judge_blob_once(const struct transfer *t, const struct oid *id,
                           struct blob_set *seen, struct buf *wrong, struct err *err)
{
	const struct transfer own = bare(t);
	const struct judging judging = { &own, seen, wrong };

	return judge_blob(&judging, id, 0, err);
}

int record_judge_blob(const struct transfer *t, const struct oid *id, struct buf *wrong,
                      struct err *err)
{
	struct blob_set *seen;
	int rc = blob_set_new(&seen, err);

	if (rc)
		return rc;
	rc = record_judge_blob_once(t, id, seen, wrong, err);
	blob_set_free(seen);
	return rc;
}

/* ---------------------------------------------------------------- setting aside */

int record_judge_set_aside(const struct transfer *t, struct store *to,
                           const struct blob_place *place, struct err *err)
{
	const struct transfer own = bare(t);
	struct blob_place moved = *place;
	struct err why = ERR_INIT;
	struct judgement j;
	int rc = store_set_aside(to, place->key, moved.key, err);

	if (rc)
		return rc;
	rc = judge(&own, &moved, &j, &why);
	if (!rc && j.verdict == RECORD_WRONG)
		return 0;
	int back = store_restore(to, moved.key, place->key, err);
	if (back < 0)
		return back;
	if (rc)
		*err = why;
	return rc ? rc : 1;
}

int record_judge_clear(const struct transfer *t, struct store *to, const struct oid *id,
                       size_t *moved, struct err *err)
{
	struct buf wrong = BUF_INIT;
	int rc = record_judge_blob(t, id, &wrong, err);

	*moved = 0;
	for (size_t at = 0; at < wrong.size && rc >= 0; at += sizeof(struct blob_place)) {
		struct blob_place place;
		memcpy(&place, wrong.data + at, sizeof(place));
		rc = record_judge_set_aside(t, to, &place, err);
		*moved += rc == 0;
	}
	buf_wipe(&wrong);
	return rc < 0 ? rc : 0;
}
