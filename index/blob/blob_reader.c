#include "index/blob/blob_reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/pool.h"
#include "codec/codec_table.h"
#include "codec/frame.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_recall.h"
#include "index/blob/record_check.h"
#include "index/blob/local_blob.h"
#include "index/blob/predictor.h"
#include "index/blob/record_file.h"
#include "index/work/scratch_shelf.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/cache/store_cache.h"
#include "index/blob/transfer.h"

/* Bytes of a base that is read through, where its frames do not say. */
enum { LOCAL_WINDOW = 1024 * 1024 };

struct blob_reader {
	const struct transfer *transfer;
	struct record_file record;
	struct blob_reader *bases[RECORD_BASES_MAX]; /* head.basis.base_count of them */
	struct predictor *predictor;                 /* of these; NULL when solo */
	struct local_blob *local; /* a base that needs no record; then only head.size */

	/* Buffers kept from one window to the next. */
	struct buf stored, predicted, bounce;
};

/* What is opened, and how. */
struct opening {
	struct oid id;
	const char *key;         /* where its record is thought to be, or NULL */
	struct record_want want; /* all but its key */
	unsigned depth;          /* deltas above it */
	bool cached;             /* it may come from the cache */
};

/* ---------------------------------------------------------------- opening */

static int open_record(struct blob_reader *r, const struct opening *o, const char *key,
                       struct err *err)
{
	struct record_want want = o->want;

	want.key = key;
	return record_file_open(&r->record, &want, err);
}

static int open_reader(const struct transfer *t, const struct opening *o,
                       struct blob_reader **out, struct err *err);

/* Whether the record at `key` is the blob's, by all of its bytes. */
static bool is_proved(const struct transfer *t, const struct opening *o, const char *key)
{
	struct opening there = *o;
	struct blob_reader *reader = NULL;
	struct err ignored = ERR_INIT;

	there.key = key;
	there.cached = false;
	int rc = open_reader(t, &there, &reader, &ignored);
	if (!rc)
		rc = blob_reader_prove(reader, &o->id, &ignored);
	blob_reader_close(reader);
	return rc == 0;
}

/* Of several in trash/ the one that is right: what was set aside there may be wrong by
 * nothing but its content. The only one, or the last, is read like any record. */
static int choose_recalled(const struct transfer *t, const struct opening *o,
                           struct blob_place *out, struct err *err)
{
	const struct blob_claim claim = { .id = &o->id,
		                          .size = o->want.size,
		                          .sum = o->want.sum };
	struct blob_place next;
	int rc = blob_recall(t->store, &claim, 0, out, err);

	for (size_t nth = 1; !rc; nth++) {
		rc = blob_recall(t->store, &claim, nth, &next, err);
		if (rc || is_proved(t, o, out->key))
			return rc < 0 ? rc : 0;
		*out = next;
	}
	return rc;
}

/* No record is live: one may lie in trash/ (docs/store.md, "Mending"). Whoever moved it
 * may have put another since: then that is there now. */
static int open_recalled(struct blob_reader *r, const struct opening *o, struct err *err)
{
	struct blob_place place;
	int rc = choose_recalled(r->transfer, o, &place, err);

	if (rc > 0)
		rc = blob_find(r->transfer->store, &o->id, &place, err);
	return rc ? rc : open_record(r, o, place.key, err);
}

static int locate(struct blob_reader *r, const struct opening *o, struct err *err)
{
	struct blob_place place;
	char text[SHA256_HEX + 1];

	if (o->key) {
		int rc = open_record(r, o, o->key, err);
		if (rc <= 0)
			return rc;
	}
	int rc = blob_find(r->transfer->store, &o->id, &place, err);
	if (!rc)
		rc = open_record(r, o, place.key, err);
	if (rc > 0)
		rc = open_recalled(r, o, err);
	if (rc > 0) {
		oid_format(&o->id, text);
		rc = err_set(
			err, ERR_MISSING,
			"store %s has no record of blob %s; push the model again from a "
			"clone that has it",
			r->transfer->store->name, text);
	}
	return rc;
}

/* A base as a local file has it; 1 when none is at hand. */
static int open_local_base(struct blob_reader *r, unsigned i, struct err *err)
{
	struct local_blob *local = local_blob_open(r->transfer,
	                                           &r->record.head.basis.bases[i].id);

	if (!local)
		return 1;
	struct blob_reader *base = calloc(1, sizeof(*base));
	if (!base) {
		local_blob_close(local);
		return err_nomem(err, "a reader");
	}
	base->transfer = r->transfer;
	base->local = local;
	base->record.head.size = local_blob_size(local);
	r->bases[i] = base;
	return 0;
}

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

static int open_store_base(struct blob_reader *r, unsigned i, unsigned depth,
                           struct blob_reader **out, struct err *err)
{
	char key[KEY_MAX];
	struct opening o = open_as_base(r->transfer, &r->record.head.basis.bases[i].id,
	                                r->record.head.size, key);

	if (depth + 1 == BLOB_DEPTH_MAX)
		return err_set(err, ERR_DAMAGED, "record %s: its bases lie too deep",
		               r->record.key);
	o.depth = depth + 1;
	int rc = open_reader(r->transfer, &o, out, err);
	return rc ? err_context(err, "base of %s", r->record.key) : 0;
}

static int read_base(void *ctx, unsigned base, uint64_t offset, size_t n, uint8_t *dst,
                     struct err *err)
{
	struct blob_reader *r = ctx;

	return blob_reader_read(r->bases[base], offset, n, dst, err);
}

/* Anew whenever a base is another one: the old predictor remembers bytes. */
static int begin_prediction(struct blob_reader *r, struct err *err)
{
	const struct record_basis *basis = &r->record.head.basis;
	struct predictor_source source = {
		.read = read_base,
		.ctx = r,
		.block = transfer_block(r->transfer, frame_size(basis->bases[0].dtype)),
	};

	predictor_free(r->predictor);
	r->predictor = NULL;
	for (unsigned i = 0; i < basis->base_count; i++)
		source.sizes[i] = r->bases[i]->record.head.size;
	int rc = predictor_new(basis, r->record.head.dtype, &source, &r->predictor, err);
	return rc ? err_context(err, "record %s", r->record.key) : 0;
}

/* ---------------------------------------------------------------- other bases */

/* Whether a base comes from where it may be another's content: nothing was compared yet
 * with the id that the delta names. */
static bool is_second_hand(const struct blob_reader *base)
{
	return base && (base->local || base->record.cached);
}

/* Opens base `i` in the store itself. */
static int reopen_base(struct blob_reader *r, unsigned i, struct err *err)
{
	struct blob_reader *old = r->bases[i], *better = NULL;
	char key[KEY_MAX];
	struct opening o = open_as_base(r->transfer, &r->record.head.basis.bases[i].id,
	                                r->record.head.size, key);

	if (!old->local) {
		store_cache_drop(r->transfer->cache, old->record.key);
		o.cached = false;
	}
	o.depth = 1; /* whoever lies deeper was counted when it was opened */
	int rc = open_reader(r->transfer, &o, &better, err);
	if (rc)
		return rc;
	r->bases[i] = better;
	blob_reader_close(old);
	return 0;
}

/* Takes the store's bases instead of local ones, and then of those in the cache. 1 when
 * none was of these, or the store lacks one. */
static int replace_bases(struct blob_reader *r)
{
	struct err ignored = ERR_INIT;
	bool replaced = false;

	for (unsigned i = 0; i < r->record.head.basis.base_count; i++) {
		if (!is_second_hand(r->bases[i]))
			continue;
		if (reopen_base(r, i, &ignored))
			return 1;
		replaced = true;
	}
	return !replaced || begin_prediction(r, &ignored) ? 1 : 0;
}

/* Says of a delta that cannot be restored that one of its bases is to blame, where it
 * is: its record is whole and holds another content. Reads the bases, all of them. */
static void blame_bases(struct blob_reader *r, struct err *err)
{
	for (unsigned i = 0; i < r->record.head.basis.base_count; i++) {
		struct blob_reader *base = r->bases[i];
		struct err why = ERR_INIT;
		int rc = base && !base->local
		                 ? blob_reader_prove(
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

static int open_bases(struct blob_reader *r, unsigned depth, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = 0;

	for (unsigned i = 0; i < r->record.head.basis.base_count && !rc; i++) {
		rc = open_local_base(r, i, err);
		if (rc > 0)
			rc = open_store_base(r, i, depth, &r->bases[i], err);
	}
	if (rc || !r->record.head.basis.base_count)
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

static int open_reader(const struct transfer *t, const struct opening *o,
                       struct blob_reader **out, struct err *err)
{
	struct blob_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return err_nomem(err, "a reader");
	r->transfer = t;
	r->record.transfer = t;
	r->record.cached = o->cached;
	int rc = locate(r, o, err);
	if (!rc)
		rc = open_bases(r, o->depth, err);
	if (rc) {
		blob_reader_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

int blob_reader_open(const struct transfer *t, const struct blob_want *want,
                     struct blob_reader **out, struct err *err)
{
	struct opening o = {
		.id = want->id,
		.key = want->key,
		.want = { .size = want->size, .guess = want->size, .sum = want->sum },
	};

	return open_reader(t, &o, out, err);
}

int blob_reader_open_base(const struct transfer *t, const struct oid *id,
                          struct blob_reader **out, struct err *err)
{
	char key[KEY_MAX];
	struct opening o = open_as_base(t, id, UINT64_MAX, key);

	return open_reader(t, &o, out, err);
}

void blob_reader_close(struct blob_reader *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < RECORD_BASES_MAX; i++)
		blob_reader_close(r->bases[i]);
	predictor_free(r->predictor);
	local_blob_close(r->local);
	record_file_close(&r->record);
	buf_wipe(&r->stored);
	buf_wipe(&r->predicted);
	buf_wipe(&r->bounce);
	free(r);
}

const struct record_head *blob_reader_head(const struct blob_reader *r)
{
	return &r->record.head;
}

/* ---------------------------------------------------------------- reading */

/* Frames [first, first + count), their stored bytes and their predictions in the
 * reader's buffers, on the way to `dst`. */
struct window {
	struct blob_reader *r;
	const struct codec *codec;
	uint32_t first, count;
	uint8_t *dst;
};

static int decode_one(const struct window *w, uint32_t i, struct frame_scratch *scratch,
                      struct err *err)
{
	const struct blob_reader *r = w->r;
	const struct record_head *head = &r->record.head;
	uint64_t at = record_frame_start(head, i) - record_frame_start(head, w->first);
	const uint8_t *stored = r->stored.data +
	                        record_file_stored(&r->record, w->first, i - w->first);
	const struct frame_job job = {
		.codec = w->codec,
		.dtype = head->dtype,
		.parts = &head->basis.parts,
		.start = record_frame_start(head, i) / dtype_unit(head->dtype),
		.base = r->predictor ? r->predicted.data + at : NULL,
		.size = record_frame_size(head, i),
		.scratch = scratch,
		.low_rank = head->low_rank,
	};

	int rc = frame_decode(&job, &head->frames[i], stored, w->dst + at, err);
	return rc ? err_context(err, "record %s, frame %u", r->record.key, i) : 0;
}

static int decode_job(void *ctx, size_t i, struct err *err)
{
	struct window *w = ctx;
	struct frame_scratch *scratch;
	int rc = scratch_shelf_take(w->r->transfer->shelf, &scratch, err);

	if (rc)
		return rc;
	rc = decode_one(w, w->first + (uint32_t)i, scratch, err);
	scratch_shelf_put_back(w->r->transfer->shelf, scratch);
	return rc;
}

/* What the bases say [start, start + n) is, into r->predicted. */
static int read_prediction(struct blob_reader *r, uint64_t start, size_t n,
                           struct err *err)
{
	r->predicted.size = 0;
	if (!buf_reserve(&r->predicted, n ? n : 1))
		return err_nomem(err, "a window of the base");
	return predictor_read(r->predictor, start, n, r->predicted.data, err);
}

/* Restores whole frames from what the bases at hand predict. */
static int try_frames(struct blob_reader *r, uint32_t first, uint32_t count, uint8_t *dst,
                      struct err *err)
{
	const struct record_head *head = &r->record.head;
	uint64_t start = record_frame_start(head, first);
	uint32_t last = first + count - 1;
	size_t n = (size_t)(record_frame_start(head, last) - start) +
	           record_frame_size(head, last);
	size_t stored = record_file_stored(&r->record, first, count);
	struct window w = { .r = r, .first = first, .count = count, .dst = dst };

	w.codec = codec_by_id(head->codec);
	if (!w.codec)
		return err_set(err, ERR_FORMAT,
		               "record %s: this git-zllm has no codec %u; upgrade it",
		               r->record.key, (unsigned)head->codec);
	r->stored.size = 0;
	if (!buf_reserve(&r->stored, stored ? stored : 1))
		return err_nomem(err, "a window of a record");
	int rc = record_file_read(&r->record, first, count, r->stored.data, err);
	if (!rc && r->predictor)
		rc = read_prediction(r, start, n, err);
	return rc ? rc : pool_try(r->transfer->pool, count, decode_job, &w, err);
}

/* Restores whole frames. Bases that turn out wrong give way to the store's: local ones,
 * and those in the cache; so does a record in the cache, and one that came damaged is
 * fetched once more. */
static int read_frames(struct blob_reader *r, uint32_t first, uint32_t count,
                       uint8_t *dst, struct err *err)
{
	struct err why = ERR_INIT, ignored = ERR_INIT;
	int rc = try_frames(r, first, count, dst, &why);

	while (rc && !replace_bases(r))
		rc = try_frames(r, first, count, dst, &why);
	if (rc && r->record.cached && !record_file_leave_cache(&r->record, &ignored))
		rc = try_frames(r, first, count, dst, &why);
	if (record_file_worth_another(&r->record, rc) &&
	    !record_file_reopen(&r->record, &ignored))
		rc = try_frames(r, first, count, dst, &why);
	if (rc == ERR_DAMAGED)
		blame_bases(r, &why);
	if (rc)
		*err = why;
	return rc;
}

/* Restores a part of one frame, by way of the whole of it. */
static int read_part(struct blob_reader *r, uint32_t frame, size_t skip, size_t n,
                     uint8_t *dst, struct err *err)
{
	r->bounce.size = 0;
	if (!buf_reserve(&r->bounce, record_frame_size(&r->record.head, frame)))
		return err_nomem(err, "a frame");
	int rc = read_frames(r, frame, 1, r->bounce.data, err);
	if (!rc)
		memcpy(dst, r->bounce.data + skip, n);
	return rc;
}

int blob_reader_read(struct blob_reader *r, uint64_t offset, size_t n, uint8_t *dst,
                     struct err *err)
{
	uint32_t window = transfer_window(
		r->transfer, r->record.head.frame_size ? r->record.head.frame_size : 1);

	if (r->local)
		return local_blob_read(r->local, offset, n, dst, err);
	if (offset > r->record.head.size || n > r->record.head.size - offset)
		return err_set(err, ERR_DAMAGED, "record %s: ends before byte %llu",
		               r->record.key, (unsigned long long)offset + n);
	while (n) {
		uint32_t frame = (uint32_t)(offset / r->record.head.frame_size);
		size_t skip = (size_t)(offset % r->record.head.frame_size);
		size_t size = record_frame_size(&r->record.head, frame);
		size_t took;
		int rc;

		if (skip || n < size) {
			took = size - skip < n ? size - skip : n;
			rc = read_part(r, frame, skip, took, dst, err);
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

/* ---------------------------------------------------------------- all of it */

int blob_reader_each(struct blob_reader *r, blob_piece_fn *piece, void *ctx,
                     struct err *err)
{
	const struct record_head *head = &r->record.head;
	size_t frame = head->frame_size ? head->frame_size : 1;
	size_t room = r->local ? LOCAL_WINDOW
	                       : frame * transfer_window(r->transfer, frame);
	int rc = 0;

	if (room > head->size)
		room = (size_t)head->size;
	uint8_t *window = malloc(room ? room : 1);
	if (!window)
		return err_nomem(err, "a window");
	for (uint64_t at = 0; at < head->size && !rc;) {
		size_t n = head->size - at < room ? (size_t)(head->size - at) : room;
		rc = transfer_go_on(r->transfer, err);
		if (!rc)
			rc = blob_reader_read(r, at, n, window, err);
		if (!rc)
			rc = piece(ctx, at, window, n, err);
		at += n;
	}
	free(window);
	return rc;
}

static int hash_piece(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                      struct err *err)
{
	(void)offset;
	(void)err;
	sha256_add(ctx, bytes, n);
	return 0;
}

int blob_reader_prove(struct blob_reader *r, const struct oid *id, struct err *err)
{
	struct sha256 *hash = sha256_new();
	struct oid found;
	int rc = hash ? blob_reader_each(r, hash_piece, hash, err)
	              : err_nomem(err, "a hash");

	if (!rc) {
		sha256_finish(hash, &found);
		if (!oid_equal(&found, id))
			rc = err_set(err, ERR_MISMATCH,
			             "record %s: its content is not that of its name",
			             r->record.key);
	}
	sha256_free(hash);
	return rc;
}
