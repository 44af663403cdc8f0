#include "index/blob/record_frames.h"

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/common/pool.h"
#include "codec/frame.h"
#include "index/blob/predictor.h"
#include "index/blob/record_file.h"
#include "index/blob/transfer.h"
#include "index/work/scratch_shelf.h"

/* Frames [first, first + count), their stored bytes and their predictions in the
 * buffers, on the way to `dst`. */
struct window {
	const struct record_frames *from;
	const struct codec *codec;
	uint32_t first, count;
	uint8_t *dst;
};

static int decode_one(const struct window *w, uint32_t i, struct frame_scratch *scratch,
                      struct err *err)
{
	const struct record_frames *f = w->from;
	const struct record_head *head = &f->record->head;
	uint64_t at = record_frame_start(head, i) - record_frame_start(head, w->first);
	const uint8_t *stored = f->stored.data +
	                        record_file_stored(f->record, w->first, i - w->first);
	const struct frame_job job = {
		.codec = w->codec,
		.dtype = head->dtype,
		.parts = &head->basis.parts,
		.start = record_frame_start(head, i) / dtype_unit(head->dtype),
		.base = f->predictor ? f->predicted.data + at : NULL,
		.size = record_frame_size(head, i),
		.scratch = scratch,
		.low_rank = head->low_rank,
	};

	int rc = frame_decode(&job, &head->frames[i], stored, w->dst + at, err);
	return rc ? err_context(err, "record %s, frame %u", f->record->key, i) : 0;
}

static int decode_job(void *ctx, size_t i, struct err *err)
{
	struct window *w = ctx;
	struct frame_scratch *scratch;
	int rc = scratch_shelf_take(w->from->transfer->shelf, &scratch, err);

	if (rc)
		return rc;
	rc = decode_one(w, w->first + (uint32_t)i, scratch, err);
	scratch_shelf_put_back(w->from->transfer->shelf, scratch);
	return rc;
}

/* What the bases say [start, start + n) is. */
static int read_prediction(struct record_frames *f, uint64_t start, size_t n,
                           struct err *err)
{
	f->predicted.size = 0;
	if (!buf_reserve(&f->predicted, n ? n : 1))
		return err_nomem(err, "a window of the base");
	return predictor_read(f->predictor, start, n, f->predicted.data, err);
}

int record_frames_restore(struct record_frames *f, uint32_t first, uint32_t count,
                          uint8_t *dst, struct err *err)
{
	const struct record_head *head = &f->record->head;
	uint64_t start = record_frame_start(head, first);
	uint32_t last = first + count - 1;
	size_t n = (size_t)(record_frame_start(head, last) - start) +
	           record_frame_size(head, last);
	size_t stored = record_file_stored(f->record, first, count);
	struct window w = { .from = f, .first = first, .count = count, .dst = dst };

	w.codec = codec_by_id(head->codec);
	if (!w.codec)
		return err_set(err, ERR_FORMAT,
		               "record %s: this git-zllm has no codec %u; upgrade it",
		               f->record->key, (unsigned)head->codec);
	f->stored.size = 0;
	if (!buf_reserve(&f->stored, stored ? stored : 1))
		return err_nomem(err, "a window of a record");
	int rc = record_file_read(f->record, first, count, f->stored.data, err);
	if (!rc && f->predictor)
		rc = read_prediction(f, start, n, err);
	return rc ? rc : pool_try(f->transfer->pool, count, decode_job, &w, err);
}

void record_frames_wipe(struct record_frames *f)
{
	predictor_free(f->predictor);
	buf_wipe(&f->stored);
	buf_wipe(&f->predicted);
}
