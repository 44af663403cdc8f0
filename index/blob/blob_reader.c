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
#include "index/blob/local_blob.h"
#include "index/blob/predictor.h"
#include "index/blob/record_check.h"
#include "index/work/scratch_shelf.h"
#include "index/store/store.h"
#include "index/store/cache/store_cache.h"
#include "index/blob/transfer.h"

/* Holds the head of most records. */
enum { FIRST_READ = 64 * 1024 };

struct blob_reader {
	const struct transfer *transfer;
	struct store_reader *file;
	char key[KEY_MAX];
	bool cached; /* it may come from the cache */
	struct record_head head;
	size_t head_size;
	uint64_t *starts; /* of each frame's stored bytes, from the head's end */
	struct blob_reader *bases[RECORD_BASES_MAX]; /* head.basis.base_count of them */
	struct predictor *predictor;                 /* of these; NULL when solo */
	struct local_blob *local; /* a base that needs no record; then only head.size */

	/* Buffers kept from one window to the next. */
	struct buf stored, predicted, bounce;
};

/* ---------------------------------------------------------------- opening */

static int find_starts(struct blob_reader *r, struct err *err)
{
	uint64_t at = 0;

	r->starts = malloc(((size_t)r->head.frame_count + 1) * sizeof(*r->starts));
	if (!r->starts)
		return err_nomem(err, "a table of frames");
	for (uint32_t i = 0; i < r->head.frame_count; i++) {
		r->starts[i] = at;
		at += r->head.frames[i].stored;
	}
	r->starts[r->head.frame_count] = at;
	return 0;
}

/* How much of a record to fetch at once: all of it, if it is not too much. A record
 * is hardly larger than its content, and a base as large as what it predicts. */
static size_t first_want(const struct transfer *t, uint64_t size)
{
	size_t most = transfer_first_read(t);

	return size < most - FIRST_READ ? (size_t)size + FIRST_READ : most;
}

static void close_record(struct blob_reader *r)
{
	store_reader_close(r->file);
	record_head_wipe(&r->head);
	free(r->starts);
	r->file = NULL;
	r->starts = NULL;
}

/* Opens the record at r->key in `from`, which should hold `size` bytes of content
 * (UINT64_MAX: not known), as `guess` does. 1 when there is none. */
static int open_in(struct blob_reader *r, struct store *from, uint64_t size,
                   uint64_t guess, struct err *err)
{
	int rc = store_get(from, r->key, first_want(r->transfer, guess), &r->file, err);

	if (rc)
		return rc;
	rc = record_head_read(r->file, FIRST_READ, &r->head, &r->head_size, err);
	if (!rc && size != UINT64_MAX && r->head.size != size)
		rc = err_set(err, ERR_DAMAGED, "holds %llu bytes where %llu are expected",
		             (unsigned long long)r->head.size, (unsigned long long)size);
	if (!rc)
		rc = find_starts(r, err);
	if (rc)
		err_context(err, "record %s", r->key);
	return rc;
}

/* Whether the store should be asked once more: what is damaged on the way, by a proxy or
 * a line without TLS, is whole where it lies. What is damaged there comes so again. */
static bool worth_another(const struct blob_reader *r, int rc)
{
	return r->transfer->store->remote && (rc == ERR_DAMAGED || rc == ERR_FORMAT);
}

static int open_in_store(struct blob_reader *r, uint64_t size, uint64_t guess,
                         struct err *err)
{
	int rc = open_in(r, r->transfer->store, size, guess, err);

	if (!worth_another(r, rc))
		return rc;
	close_record(r);
	return open_in(r, r->transfer->store, size, guess, err);
}

/* Opens the record anew, in the store. One that was open must look as before: its bases
 * are open, and the caller is within its frames. */
static int reopen(struct blob_reader *r, struct err *err)
{
	uint64_t size = r->head.size ? r->head.size : UINT64_MAX;
	uint32_t frame_size = r->head.frame_size;
	struct record_basis basis = r->head.basis;

	close_record(r);
	int rc = open_in_store(r, size, size, err);
	if (!rc && frame_size &&
	    (r->head.frame_size != frame_size ||
	     !record_basis_equal(&r->head.basis, &basis)))
		rc = err_set(err, ERR_DAMAGED, "record %s: has other frames", r->key);
	if (rc)
		close_record(r); /* what is there now is not what the caller opened */
	return rc;
}

/* Leaves the cache, whose entry is no good, for the store itself. */
static int leave_cache(struct blob_reader *r, struct err *err)
{
	r->cached = false;
	store_cache_drop(r->transfer->cache, r->key);
	return reopen(r, err);
}

/* Opens the record at `key`. 1 when there is none. */
static int open_record(struct blob_reader *r, const char *key, uint64_t size,
                       uint64_t guess, struct err *err)
{
	struct err why = ERR_INIT;

	strcpy(r->key, key);
	if (!r->cached)
		return open_in_store(r, size, guess, err);
	int rc = open_in(r, r->transfer->cache, size, guess, &why);
	if (rc == ERR_DAMAGED || rc == ERR_FORMAT) {
		record_head_wipe(&r->head);
		return leave_cache(r, err);
	}
	if (rc)
		*err = why;
	return rc;
}

/* No record is live: one may lie in trash/ (docs/store.md, "Mending"). Whoever moved it
 * may have put another since: then that is there now. */
static int open_recalled(struct blob_reader *r, const struct oid *id, uint64_t size,
                         uint64_t guess, struct err *err)
{
	const struct blob_claim claim = { id, size, NULL, NULL };
	struct blob_place place;
	int rc = blob_recall(r->transfer->store, &claim, &place, err);

	if (rc > 0)
		rc = blob_find(r->transfer->store, id, &place, err);
	return rc ? rc : open_record(r, place.key, size, guess, err);
}

static int locate(struct blob_reader *r, const struct oid *id, uint64_t size,
                  uint64_t guess, const char *key, struct err *err)
{
	struct blob_place place;
	char text[SHA256_HEX + 1];

	if (key) {
		int rc = open_record(r, key, size, guess, err);
		if (rc <= 0)
			return rc;
	}
	int rc = blob_find(r->transfer->store, id, &place, err);
	if (!rc)
		rc = open_record(r, place.key, size, guess, err);
	if (rc > 0)
		rc = open_recalled(r, id, size, guess, err);
	if (rc > 0) {
		oid_format(id, text);
		rc = err_set(
			err, ERR_MISSING,
			"store %s has no record of blob %s; push the model again from a "
			"clone that has it",
			r->transfer->store->name, text);
	}
	return rc;
}

static int open_base_at(const struct transfer *t, const struct oid *id, uint64_t guess,
                        unsigned depth, struct blob_reader **out, struct err *err);

/* A base as a local file has it; 1 when none is at hand. */
static int open_local_base(struct blob_reader *r, unsigned i, struct err *err)
{
	struct local_blob *local = local_blob_open(r->transfer,
	                                           &r->head.basis.bases[i].id);

	if (!local)
		return 1;
	struct blob_reader *base = calloc(1, sizeof(*base));
	if (!base) {
		local_blob_close(local);
		return err_nomem(err, "a reader");
	}
	base->transfer = r->transfer;
	base->local = local;
	base->head.size = local_blob_size(local);
	r->bases[i] = base;
	return 0;
}

/* A base's record in the store: its solo one is the one to try first. */
static int open_store_base(struct blob_reader *r, unsigned i, unsigned depth,
                           struct blob_reader **out, struct err *err)
{
	const struct oid *id = &r->head.basis.bases[i].id;

	if (depth + 1 == BLOB_DEPTH_MAX)
		return err_set(err, ERR_DAMAGED, "record %s: its bases lie too deep",
		               r->key);
	int rc = open_base_at(r->transfer, id, r->head.size, depth + 1, out, err);
	return rc ? err_context(err, "base of %s", r->key) : 0;
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
	const struct record_basis *basis = &r->head.basis;
	struct predictor_source source = {
		.read = read_base,
		.ctx = r,
		.block = transfer_block(r->transfer, frame_size(basis->bases[0].dtype)),
	};

	predictor_free(r->predictor);
	r->predictor = NULL;
	for (unsigned i = 0; i < basis->base_count; i++)
		source.sizes[i] = r->bases[i]->head.size;
	int rc = predictor_new(basis, r->head.dtype, &source, &r->predictor, err);
	return rc ? err_context(err, "record %s", r->key) : 0;
}

/* Takes the store's bases instead of the local ones. 1 when none was local, or the
 * store lacks one. */
static int replace_local_bases(struct blob_reader *r)
{
	struct err ignored = ERR_INIT;
	int rc = 1;

	for (unsigned i = 0; i < r->head.basis.base_count; i++) {
		struct blob_reader *old = r->bases[i], *better = NULL;
		if (!old || !old->local)
			continue;
		if (open_store_base(r, i, 0, &better, &ignored))
			return 1;
		r->bases[i] = better;
		blob_reader_close(old);
		rc = 0;
	}
	return rc || begin_prediction(r, &ignored) ? 1 : 0;
}

static int open_bases(struct blob_reader *r, unsigned depth, struct err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < r->head.basis.base_count && !rc; i++) {
		rc = open_local_base(r, i, err);
		if (rc > 0)
			rc = open_store_base(r, i, depth, &r->bases[i], err);
	}
	if (rc || !r->head.basis.base_count)
		return rc;
	rc = begin_prediction(r, err);
	return rc && !replace_local_bases(r) ? 0 : rc;
}

/* Opens `r`, made by reader_new(), or frees it. */
static int open_reader(struct blob_reader *r, const struct oid *id, uint64_t size,
                       uint64_t guess, const char *key, unsigned depth,
                       struct blob_reader **out, struct err *err)
{
	int rc = locate(r, id, size, guess, key, err);

	if (!rc)
		rc = open_bases(r, depth, err);
	if (rc) {
		blob_reader_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

static int reader_new(const struct transfer *t, struct blob_reader **out, struct err *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return err_nomem(err, "a reader");
	(*out)->transfer = t;
	return 0;
}

static int open_base_at(const struct transfer *t, const struct oid *id, uint64_t guess,
                        unsigned depth, struct blob_reader **out, struct err *err)
{
	struct blob_reader *r;
	char key[KEY_MAX];
	int rc = reader_new(t, &r, err);

	if (rc)
		return rc;
	r->cached = t->cache != NULL;
	key_blob(id, key);
	return open_reader(r, id, UINT64_MAX, guess, key, depth, out, err);
}

int blob_reader_open(const struct transfer *t, const struct oid *id, uint64_t size,
                     const char *key, struct blob_reader **out, struct err *err)
{
	struct blob_reader *r;
	int rc = reader_new(t, &r, err);

	return rc ? rc : open_reader(r, id, size, size, key, 0, out, err);
}

int blob_reader_open_base(const struct transfer *t, const struct oid *id,
                          struct blob_reader **out, struct err *err)
{
	return open_base_at(t, id, UINT64_MAX, 0, out, err);
}

void blob_reader_close(struct blob_reader *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < RECORD_BASES_MAX; i++)
		blob_reader_close(r->bases[i]);
	predictor_free(r->predictor);
	local_blob_close(r->local);
	close_record(r);
	buf_wipe(&r->stored);
	buf_wipe(&r->predicted);
	buf_wipe(&r->bounce);
	free(r);
}

const struct record_head *blob_reader_head(const struct blob_reader *r)
{
	return &r->head;
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
	struct blob_reader *r = w->r;
	uint64_t at = record_frame_start(&r->head, i) -
	              record_frame_start(&r->head, w->first);
	const uint8_t *stored = r->stored.data + (r->starts[i] - r->starts[w->first]);
	const struct frame_job job = {
		.codec = w->codec,
		.dtype = r->head.dtype,
		.parts = &r->head.basis.parts,
		.start = record_frame_start(&r->head, i) / dtype_unit(r->head.dtype),
		.base = r->predictor ? r->predicted.data + at : NULL,
		.size = record_frame_size(&r->head, i),
		.scratch = scratch,
		.low_rank = r->head.low_rank,
	};

	int rc = frame_decode(&job, &r->head.frames[i], stored, w->dst + at, err);
	return rc ? err_context(err, "record %s, frame %u", r->key, i) : 0;
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
	uint64_t start = record_frame_start(&r->head, first);
	uint32_t last = first + count - 1;
	size_t n = (size_t)(record_frame_start(&r->head, last) - start) +
	           record_frame_size(&r->head, last);
	size_t stored = (size_t)(r->starts[first + count] - r->starts[first]);
	struct window w = { .r = r, .first = first, .count = count, .dst = dst };

	w.codec = codec_by_id(r->head.codec);
	if (!w.codec)
		return err_set(err, ERR_FORMAT,
		               "record %s: this git-zllm has no codec %u; upgrade it",
		               r->key, (unsigned)r->head.codec);
	r->stored.size = 0;
	if (!buf_reserve(&r->stored, stored ? stored : 1))
		return err_nomem(err, "a window of a record");
	int rc = store_read(r->file, r->head_size + r->starts[first], r->stored.data,
	                    stored, err);
	if (rc)
		return err_context(err, "record %s", r->key);
	if (r->predictor)
		rc = read_prediction(r, start, n, err);
	return rc ? rc : pool_try(r->transfer->pool, count, decode_job, &w, err);
}

/* Restores whole frames. Local bases that turn out wrong give way to the store's,
 * where that has them, a record in the cache to the store's, and one that came damaged
 * is fetched once more. */
static int read_frames(struct blob_reader *r, uint32_t first, uint32_t count,
                       uint8_t *dst, struct err *err)
{
	struct err why = ERR_INIT, ignored = ERR_INIT;
	int rc = try_frames(r, first, count, dst, &why);

	if (rc && !replace_local_bases(r))
		rc = try_frames(r, first, count, dst, &why);
	if (rc && r->cached && !leave_cache(r, &ignored))
		rc = try_frames(r, first, count, dst, &why);
	if (worth_another(r, rc) && !reopen(r, &ignored))
		rc = try_frames(r, first, count, dst, &why);
	if (rc)
		*err = why;
	return rc;
}

/* Restores a part of one frame, by way of the whole of it. */
static int read_part(struct blob_reader *r, uint32_t frame, size_t skip, size_t n,
                     uint8_t *dst, struct err *err)
{
	r->bounce.size = 0;
	if (!buf_reserve(&r->bounce, record_frame_size(&r->head, frame)))
		return err_nomem(err, "a frame");
	int rc = read_frames(r, frame, 1, r->bounce.data, err);
	if (!rc)
		memcpy(dst, r->bounce.data + skip, n);
	return rc;
}

int blob_reader_read(struct blob_reader *r, uint64_t offset, size_t n, uint8_t *dst,
                     struct err *err)
{
	uint32_t window = transfer_window(r->transfer,
	                                  r->head.frame_size ? r->head.frame_size : 1);

	if (r->local)
		return local_blob_read(r->local, offset, n, dst, err);
	if (offset > r->head.size || n > r->head.size - offset)
		return err_set(err, ERR_DAMAGED, "record %s: ends before byte %llu",
		               r->key, (unsigned long long)offset + n);
	while (n) {
		uint32_t frame = (uint32_t)(offset / r->head.frame_size);
		size_t skip = (size_t)(offset % r->head.frame_size);
		size_t size = record_frame_size(&r->head, frame);
		size_t took;
		int rc;

		if (skip || n < size) {
			took = size - skip < n ? size - skip : n;
			rc = read_part(r, frame, skip, took, dst, err);
		} else {
			uint32_t count = 0;
			for (took = 0;
			     count < window && frame + count < r->head.frame_count;
			     count++) {
				size = record_frame_size(&r->head, frame + count);
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
