#include "index/blob/record_source.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "index/blob/bases.h"
#include "index/blob/blob_source.h"
#include "index/blob/file_source.h"
#include "index/blob/predictor.h"
#include "index/blob/record_check.h"
#include "index/blob/record_file.h"
#include "index/blob/record_frames.h"
#include "index/blob/record_ways.h"
#include "index/blob/transfer.h"
#include "index/store/cache/store_cache.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

/* What is opened, and how. */
struct opening {
	struct oid id;
	const char *key;         /* where its record is thought to be, or NULL */
	struct record_want want; /* all but its key */
	unsigned depth;          /* deltas above it */
	unsigned moves;          /* how often it went while it was being read */
	bool cached;             /* it may come from the cache */
};

struct record_source {
	struct blob_source source;
	struct record_file record;
	struct bases bases;          /* head.basis.base_count of them */
	struct record_frames frames; /* of the record, predicted by these */
	struct buf bounce;           /* a frame of which a part is wanted */
	struct opening opening;      /* with a key and a sum of its own: */
	struct xxh128 sum;
	struct blob_source
		*instead; /* where the blob is read once the record went away; or
	                              * NULL; owned */
};

static int read_record(struct blob_source *source, uint64_t offset, size_t n,
                       uint8_t *dst, struct err *err);
static void close_record(struct blob_source *source);

static const struct blob_source_kind record_kind = { "record", read_record,
	                                             close_record };

/* ---------------------------------------------------------------- opening */

static int open_record(struct record_source *r, const struct opening *o, const char *key,
                       struct err *err)
{
	struct record_want want = o->want;

	want.key = key;
	return record_file_open(&r->record, &want, err);
}

static int open_source(const struct transfer *t, const struct opening *o,
                       struct blob_source **out, struct err *err);

/* How a base's record is opened: its solo one is the one to try first. */
static struct opening open_as_base(const struct transfer *t, const struct oid *id,
                                   uint64_t guess, char key[KEY_MAX])
{
	key_blob(id, key);
	return (struct opening){
		.id = *id,
		.key = key,
		.want = { .size = UINT64_MAX, .guess = guess },
		.cached = t->cache != NULL,
	};
}

/* Whose bases are opened, and the deltas above it. */
struct level {
	const struct record_source *r;
	unsigned depth;
};

static int open_store_base(const struct level *l, const struct oid *id,
                           struct blob_source **out, struct err *err)
{
	const struct record_file *record = &l->r->record;
	char key[KEY_MAX];
	struct opening o = open_as_base(l->r->source.transfer, id, record->head.size,
	                                key);

	if (l->depth + 1 == BLOB_DEPTH_MAX)
		return err_set(err, ERR_DAMAGED, "record %s: its bases lie too deep",
		               record->key);
	o.depth = l->depth + 1;
	int rc = open_source(l->r->source.transfer, &o, out, err);
	return rc ? err_context(err, "base of %s", record->key) : 0;
}

static int open_base(const void *ctx, const struct record_base *base,
                     struct blob_source **out, struct err *err)
{
	const struct level *l = ctx;
	int rc = file_source_find(l->r->source.transfer, &base->id, out, err);

	return rc > 0 ? open_store_base(l, &base->id, out, err) : rc;
}

/* Done again whenever a base is replaced: the old predictor remembers bytes. */
static int begin_prediction(struct record_source *r, struct err *err)
{
	const struct record_basis *basis = &r->record.head.basis;
	struct predictor_source source = {
		.bases = &r->bases,
		.read = blob_source_read,
		.block = transfer_block(r->source.transfer,
		                        frame_size(basis->bases[0].dtype)),
	};

	predictor_free(r->frames.predictor);
	r->frames.predictor = NULL;
	int rc = predictor_new(basis, r->record.head.dtype, &source, &r->frames.predictor,
	                       err);
	return rc ? err_context(err, "record %s", r->record.key) : 0;
}

/* ---------------------------------------------------------------- other bases */

/* NULL where the base comes from elsewhere. */
static struct record_source *as_record(struct blob_source *base)
{
	return base->kind == &record_kind ? (struct record_source *)base : NULL;
}

/* Whether a base comes from where it may be another's content: nothing was compared yet
 * with the id that the delta names. */
static bool is_second_hand(struct blob_source *base)
{
	const struct record_source *record = as_record(base);

	return !record || record->record.cached;
}

/* Opens base `i` in the store itself. */
static int reopen_base(struct record_source *r, unsigned i, struct err *err)
{
	const struct record_source *old = as_record(r->bases.list[i]);
	struct blob_source *better = NULL;
	char key[KEY_MAX];
	struct opening o = open_as_base(r->source.transfer,
	                                &r->record.head.basis.bases[i].id,
	                                r->record.head.size, key);

	if (old) {
		store_cache_drop(r->source.transfer->cache, old->record.key);
		o.cached = false;
	}
	o.depth = 1; /* whoever lies deeper was counted when it was opened */
	int rc = open_source(r->source.transfer, &o, &better, err);
	if (!rc)
		bases_replace(&r->bases, i, better);
	return rc;
}

/* Takes the store's bases instead of local ones, and then of those in the cache. 1 when
 * none was of these, or the store lacks one. */
static int replace_bases(struct record_source *r)
{
	struct err ignored = ERR_INIT;
	bool replaced = false;

	for (unsigned i = 0; i < r->bases.count; i++) {
		if (!is_second_hand(r->bases.list[i]))
			continue;
		if (reopen_base(r, i, &ignored))
			return 1;
		replaced = true;
	}
	return !replaced || begin_prediction(r, &ignored) ? 1 : 0;
}

/* Says of a delta that cannot be restored that one of its bases is to blame, where it
 * is: its record is whole and holds another content. Reads the bases, all of them. */
static void blame_bases(struct record_source *r, struct err *err)
{
	for (unsigned i = 0; i < r->bases.count; i++) {
		struct blob_source *base = r->bases.list[i];
		struct err why = ERR_INIT;
		int rc = as_record(base)
		                 ? blob_source_prove(
					   base, &r->record.head.basis.bases[i].id, &why)
		                 : 0;
		if (rc != ERR_DAMAGED && rc != ERR_MISMATCH)
			continue;
		err_context(&why, "base of %s", r->record.key);
		*err = why;
		err->code = ERR_DAMAGED;
		return;
	}
}

/* ---------------------------------------------------------------- the whole */

static int open_bases(struct record_source *r, unsigned depth, struct err *err)
{
	const struct level level = { r, depth };
	const struct bases_opener opener = { open_base, &level };
	struct err why = ERR_INIT;
	int rc = bases_open(&r->bases, &r->record.head.basis, &opener, err);

	if (rc || !r->bases.count)
		return rc;
	rc = begin_prediction(r, &why);
	while (rc && !replace_bases(r))
		rc = begin_prediction(r, &why);
	if (!rc)
		return 0;
	if (rc == ERR_DAMAGED)
		blame_bases(r, &why);
	*err = why;
	return rc;
}

static void remember_opening(struct record_source *r, const struct opening *o)
{
	r->opening = *o;
	r->opening.key = r->record.key;
	if (o->want.sum) {
		r->sum = *o->want.sum;
		r->opening.want.sum = &r->sum;
	}
}

/* The record at `key`, with its bases. 1 when there is none. */
static int open_at(const struct transfer *t, const struct opening *o, const char *key,
                   struct blob_source **out, struct err *err)
{
	struct record_source *r = calloc(1, sizeof(*r));

	if (!r)
		return err_nomem(err, "a record");
	r->source.kind = &record_kind;
	r->source.name = r->record.key;
	r->source.transfer = t;
	r->record.transfer = t;
	r->frames.transfer = t;
	r->frames.record = &r->record;
	r->record.cached = o->cached;
	remember_opening(r, o);
	int rc = open_record(r, o, key, err);
	if (!rc)
		rc = open_bases(r, o->depth, err);
	if (rc) {
		blob_source_close(&r->source);
		return rc;
	}
	size_t frame = r->record.head.frame_size ? r->record.head.frame_size : 1;
	r->source.size = r->record.head.size;
	r->source.window = frame * transfer_window(t, frame);
	*out = &r->source;
	return 0;
}

/* A search for a record of which all bases can be had. */
struct attempt {
	const struct transfer *transfer;
	const struct opening *opening;
	struct blob_source **out;
	struct err lacking; /* of the first that had no base */
};

static int attempt_at(void *ctx, const char *key, struct err *err)
{
	struct attempt *a = ctx;
	struct err why = ERR_INIT;
	int rc = open_at(a->transfer, a->opening, key, a->out, &why);

	if (rc == ERR_MISSING && !a->lacking.code)
		a->lacking = why;
	else if (rc < 0 && rc != ERR_MISSING)
		*err = why;
	return rc == ERR_MISSING ? 1 : rc;
}

/* Whether the record at `key` is the blob's, by all of its bytes. */
static bool is_proved(void *ctx, const char *key)
{
	const struct attempt *a = ctx;
	struct opening there = *a->opening;
	struct blob_source *source = NULL;
	struct err ignored = ERR_INIT;

	there.cached = false;
	int rc = open_at(a->transfer, &there, key, &source, &ignored);
	if (!rc)
		rc = blob_source_prove(source, &there.id, &ignored);
	blob_source_close(source);
	return rc == 0;
}

static int open_source(const struct transfer *t, const struct opening *o,
                       struct blob_source **out, struct err *err)
{
	const struct blob_claim claim = { .id = &o->id,
		                          .size = o->want.size,
		                          .sum = o->want.sum };
	struct attempt attempt = { .transfer = t, .opening = o, .out = out };
	const struct record_ways ways = { .store = t->store,
		                          .claim = &claim,
		                          .key = o->key,
		                          .depth = o->depth,
		                          .attempt = attempt_at,
		                          .is_proved = is_proved,
		                          .ctx = &attempt };
	char text[SHA256_HEX + 1];
	int rc = record_ways_try(&ways, err);

	if (rc <= 0)
		return rc;
	if (attempt.lacking.code) {
		*err = attempt.lacking;
		return err->code;
	}
	oid_format(&o->id, text);
	return err_set(err, ERR_MISSING,
	               "store %s has no record of blob %s; push the model again from a "
	               "clone that has it",
	               t->store->name, text);
}

int record_source_open(const struct transfer *t, const struct blob_want *want,
                       struct blob_source **out, struct err *err)
{
	struct opening o = {
		.id = want->id,
		.key = want->key,
		.want = { .size = want->size, .guess = want->size, .sum = want->sum },
	};

	return open_source(t, &o, out, err);
}

int record_source_open_base(const struct transfer *t, const struct oid *id,
                            struct blob_source **out, struct err *err)
{
	char key[KEY_MAX];
	struct opening o = open_as_base(t, id, UINT64_MAX, key);

	return open_source(t, &o, out, err);
}

static void close_record(struct blob_source *source)
{
	struct record_source *r = (struct record_source *)source;

	blob_source_close(r->instead);
	bases_close(&r->bases);
	record_frames_wipe(&r->frames);
	record_file_close(&r->record);
	buf_wipe(&r->bounce);
	free(r);
}

const struct record_head *record_source_head(const struct blob_source *s)
{
	return &((const struct record_source *)s)->record.head;
}

/* ---------------------------------------------------------------- reading */

/* Restores whole frames. Bases that turn out wrong give way to the store's: local ones,
 * and those in the cache; so does a record in the cache, and one that came damaged is
 * fetched once more. */
static int read_frames(struct record_source *r, uint32_t first, uint32_t count,
                       uint8_t *dst, struct err *err)
{
	struct err why = ERR_INIT, ignored = ERR_INIT;
	int rc = record_frames_restore(&r->frames, first, count, dst, &why);

	while (rc && !replace_bases(r))
		rc = record_frames_restore(&r->frames, first, count, dst, &why);
	if (rc && r->record.cached && !record_file_leave_cache(&r->record, &ignored))
		rc = record_frames_restore(&r->frames, first, count, dst, &why);
	if (record_file_worth_another(&r->record, rc) &&
	    !record_file_reopen(&r->record, &ignored))
		rc = record_frames_restore(&r->frames, first, count, dst, &why);
	if (rc == ERR_DAMAGED)
		blame_bases(r, &why);
	if (rc)
		*err = why;
	return rc;
}

/* Restores a part of the frame that `offset` lies in, by way of the whole of it. */
static int read_part(struct record_source *r, uint64_t offset, size_t n, uint8_t *dst,
                     struct err *err)
{
	uint32_t frame = (uint32_t)(offset / r->record.head.frame_size);
	size_t skip = (size_t)(offset % r->record.head.frame_size);

	r->bounce.size = 0;
	if (!buf_reserve(&r->bounce, record_frame_size(&r->record.head, frame)))
		return err_nomem(err, "a frame");
	int rc = read_frames(r, frame, 1, r->bounce.data, err);
	if (!rc)
		memcpy(dst, r->bounce.data + skip, n);
	return rc;
}

static int read_here(struct record_source *r, uint64_t offset, size_t n, uint8_t *dst,
                     struct err *err)
{
	uint32_t window = transfer_window(
		r->source.transfer,
		r->record.head.frame_size ? r->record.head.frame_size : 1);

	while (n) {
		uint32_t frame = (uint32_t)(offset / r->record.head.frame_size);
		size_t skip = (size_t)(offset % r->record.head.frame_size);
		size_t size = record_frame_size(&r->record.head, frame);
		size_t took;
		int rc;

		if (skip || n < size) {
			took = size - skip < n ? size - skip : n;
			rc = read_part(r, offset, took, dst, err);
		} else {
			uint32_t count = 0;
			for (took = 0;
			     count < window && frame + count < r->record.head.frame_count;
			     count++) {
				size = record_frame_size(&r->record.head, frame + count);
				if (n - took < size)
					break;
				took += size;
			}
			rc = read_frames(r, frame, count, dst, err);
		}
		if (rc)
			return rc;
		offset += took;
		dst += took;
		n -= took;
	}
	return 0;
}

enum { MOVES_MAX = 3 };

/* In a bucket a record that a gc moves or codes anew is gone for those who read it, too.
 * The blob has another one by then, of the same content. */
static int open_elsewhere(struct record_source *r)
{
	struct opening o = r->opening;
	struct err ignored = ERR_INIT;

	if (o.moves++ == MOVES_MAX)
		return 1;
	return open_source(r->source.transfer, &o, &r->instead, &ignored);
}

static int read_record(struct blob_source *source, uint64_t offset, size_t n,
                       uint8_t *dst, struct err *err)
{
	struct record_source *r = (struct record_source *)source;
	struct err why = ERR_INIT;
	int rc = r->instead ? ERR_MISSING : read_here(r, offset, n, dst, &why);

	if (rc == ERR_MISSING && (r->instead || !open_elsewhere(r)))
		return blob_source_read(r->instead, offset, n, dst, err);
	if (rc)
		*err = why;
	return rc;
}
