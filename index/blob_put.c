/*
 * One window:
 *
 *     file  --read-->  raw frames  --+
 *     base  --read-->  predictions --+--encode, decode, compare (pool)--> store
 *
 * The XXH3-128 of what is read is compared with that of the hashing pass, and the
 * base's SHA-256 with its id, before the record is committed: a file that changes
 * under our hands, or a base that is not what it claims, never gets in.
 */
#include "index/blob_put.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/pool.h"
#include "codec/prediction.h"
#include "codec/record.h"
#include "index/blob_source.h"
#include "index/file_range.h"
#include "index/scratch_shelf.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/transfer.h"
#include "index/work_meter.h"

struct put {
	const struct transfer *transfer;
	const struct blob_file *blob;
	const struct blob_plan *plan;
	struct record_head head;
	struct store_writer *writer;
	struct xxh128_state *sum;

	unsigned window; /* frames */
	uint8_t *raw, *span, *predicted, *coded;

	uint32_t first;       /* frame of the window under way */
	pthread_mutex_t lock; /* guards the two below */
	int rc;
	struct err err;
};

static int encode_one(struct put *p, size_t i, struct frame_scratch *scratch,
                      struct err *err)
{
	uint32_t frame = p->first + (uint32_t)i;
	size_t at = i * p->head.frame_size;
	const uint8_t *base = p->plan->source ? p->predicted + at : NULL;

	return frame_encode(p->plan->codec, p->blob->dtype, p->raw + at, base,
	                    record_frame_size(&p->head, frame), p->coded + at, scratch,
	                    &p->head.frames[frame], err);
}

static void encode_job(void *ctx, size_t i)
{
	struct put *p = ctx;
	struct frame_scratch *scratch;
	struct err err = ERR_INIT;
	int rc = scratch_shelf_take(p->transfer->shelf, &scratch, &err);

	if (!rc) {
		rc = encode_one(p, i, scratch, &err);
		scratch_shelf_put_back(p->transfer->shelf, scratch);
	}
	if (!rc)
		return;
	pthread_mutex_lock(&p->lock);
	p->rc = rc;
	p->err = err;
	pthread_mutex_unlock(&p->lock);
}

static int allocate(struct put *p, struct err *err)
{
	p->window = transfer_window(p->transfer, p->head.frame_size);
	if (p->window > p->head.frame_count)
		p->window = p->head.frame_count ? p->head.frame_count : 1;
	size_t room = (size_t)p->window * p->head.frame_size;

	p->raw = malloc(room);
	p->coded = malloc(room);
	if (p->plan->source) {
		p->predicted = malloc(room);
		p->span = malloc(
			prediction_span(&p->plan->base, p->blob->dtype, 0, room).size);
	}
	p->sum = xxh128_new();
	if (!p->raw || !p->coded || !p->sum ||
	    (p->plan->source && (!p->predicted || !p->span)))
		return err_nomem(err, "a window of frames");
	return 0;
}

static int predict_window(struct put *p, uint64_t at, size_t n, struct err *err)
{
	const struct record_base *base = &p->plan->base;
	struct prediction_span span = prediction_span(base, p->blob->dtype, at, n);
	bool plain = prediction_is_plain(base, p->blob->dtype);
	uint8_t *into = plain ? p->predicted : p->span;
	int rc = blob_source_read(p->plan->source, span.start, span.size, into, err);

	if (!rc && !plain)
		prediction_cast(base, p->blob->dtype, p->span, p->predicted, n);
	return rc;
}

static int read_window(struct put *p, uint64_t at, size_t n, struct err *err)
{
	int rc = file_range_read(p->blob->fd, p->blob->offset + at, p->raw, n, err);

	if (rc)
		return rc;
	xxh128_add(p->sum, p->raw, n);
	return p->plan->source ? predict_window(p, at, n, err) : 0;
}

static int put_window(struct put *p, uint32_t count, uint64_t *stored, struct err *err)
{
	pool_run(p->transfer->pool, count, encode_job, p);
	if (p->rc) {
		*err = p->err;
		return p->rc;
	}
	for (uint32_t i = 0; i < count; i++) {
		size_t n = p->head.frames[p->first + i].stored;
		int rc = store_write(p->writer, p->coded + (size_t)i * p->head.frame_size,
		                     n, err);
		if (rc)
			return rc;
		*stored += n;
	}
	return 0;
}

static int put_frames(struct put *p, struct work_meter *meter, uint64_t *stored,
                      struct err *err)
{
	for (p->first = 0; p->first < p->head.frame_count;) {
		uint32_t count = p->head.frame_count - p->first;
		if (count > p->window)
			count = p->window;
		uint64_t at = record_frame_start(&p->head, p->first);
		uint32_t last = p->first + count - 1;
		size_t n = (size_t)(record_frame_start(&p->head, last) - at) +
		           record_frame_size(&p->head, last);
		int rc = read_window(p, at, n, err);
		if (!rc)
			rc = put_window(p, count, stored, err);
		if (rc)
			return rc;
		work_meter_add(meter, n);
		p->first += count;
	}
	return 0;
}

/* Nothing is committed that was not proved. */
static int prove(struct put *p, struct err *err)
{
	p->head.sum = xxh128_finish(p->sum);
	if (!xxh128_equal(&p->head.sum, &p->blob->sum))
		return err_set(err, ERR_MISMATCH,
		               "the file changed while it was being read");
	return p->plan->source
	               ? blob_source_prove(p->plan->source, &p->plan->base.id, err)
	               : 0;
}

static int commit(struct put *p, uint64_t *stored, struct err *err)
{
	struct buf head = BUF_INIT;
	int rc = record_head_format(&p->head, &head, err);

	if (!rc) {
		struct store_writer *writer = p->writer;
		p->writer = NULL; /* commit ends it, whatever it answers */
		rc = store_commit(writer, head.data, err);
		*stored += head.size;
	}
	buf_wipe(&head);
	return rc;
}

static int begin(struct put *p, struct err *err)
{
	const struct blob_plan *plan = p->plan;
	char key[KEY_MAX];
	int rc = record_head_init(&p->head, plan->codec, p->blob->dtype, p->blob->size,
	                          plan->source ? &plan->base : NULL, err);

	if (rc)
		return rc;
	if (plan->source)
		key_delta(&p->blob->id, &plan->base.id, key);
	else
		key_blob(&p->blob->id, key);
	rc = allocate(p, err);
	if (!rc)
		rc = store_put(p->transfer->store, key, record_head_size(&p->head),
		               &p->writer, err);
	return rc;
}

int blob_put(const struct transfer *t, const struct blob_file *blob,
             const struct blob_plan *plan, struct work_meter *meter, uint64_t *stored,
             struct err *err)
{
	struct put p = { .transfer = t, .blob = blob, .plan = plan };
	uint64_t bytes = 0;

	pthread_mutex_init(&p.lock, NULL);
	int rc = begin(&p, err);
	if (!rc)
		rc = put_frames(&p, meter, &bytes, err);
	if (!rc)
		rc = prove(&p, err);
	if (!rc)
		rc = commit(&p, &bytes, err);
	if (!rc)
		*stored += bytes;
	store_abort(p.writer);
	record_head_wipe(&p.head);
	xxh128_free(p.sum);
	free(p.raw);
	free(p.span);
	free(p.predicted);
	free(p.coded);
	pthread_mutex_destroy(&p.lock);
	return rc;
}
