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
#include "index/blob/blob_put.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/pool.h"
#include "codec/frame.h"
#include "codec/record.h"
#include "index/blob/bases.h"
#include "index/blob/blob_source.h"
#include "index/blob/effort.h"
#include "index/blob/predictor.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/work/scratch_shelf.h"
#include "index/work/turns.h"
#include "index/work/work_meter.h"

struct put {
	const struct transfer *transfer;
	const struct blob_file *blob;
	const struct blob_plan *plan;
	struct record_head head;
	char key[KEY_MAX];
	struct store_writer *writer; /* NULL before there is something to write */
	struct xxh128_state *sum;

	unsigned window; /* frames */
	uint8_t *raw, *predicted, *coded;
	struct predictor *predictor; /* NULL when solo */

	uint32_t first; /* frame of the window under way */
};

static int encode_one(struct put *p, size_t i, struct frame_scratch *scratch,
                      struct err *err)
{
	uint32_t frame = p->first + (uint32_t)i;
	size_t at = i * p->head.frame_size;
	const struct frame_job job = {
		.codec = p->plan->codec,
		.dtype = p->blob->dtype,
		.parts = &p->head.basis.parts,
		.start = record_frame_start(&p->head, frame) / dtype_unit(p->blob->dtype),
		.base = p->predictor ? p->predicted + at : NULL,
		.size = record_frame_size(&p->head, frame),
		.scratch = scratch,
		.low_rank = p->plan->low_rank,
		.zstd_level = effort_or_normal(p->transfer->effort)->zstd_level,
	};

	return frame_encode(&job, p->raw + at, p->coded + at, &p->head.frames[frame],
	                    err);
}

static int encode_job(void *ctx, size_t i, struct err *err)
{
	struct put *p = ctx;
	struct frame_scratch *scratch;
	int rc = scratch_shelf_take(p->transfer->shelf, &scratch, err);

	if (rc)
		return rc;
	rc = encode_one(p, i, scratch, err);
	scratch_shelf_put_back(p->transfer->shelf, scratch);
	return rc;
}

static int begin_prediction(struct put *p, size_t room, struct err *err)
{
	const struct record_basis *basis = &p->head.basis;
	struct predictor_source source = {
		.bases = p->plan->bases,
		.read = blob_source_read_in_order,
		.block = transfer_block(p->transfer, frame_size(basis->bases[0].dtype)),
	};

	p->predicted = malloc(room);
	if (!p->predicted)
		return err_nomem(err, "a window of frames");
	return predictor_new(basis, p->blob->dtype, &source, &p->predictor, err);
}

static int allocate(struct put *p, struct err *err)
{
	p->window = transfer_window(p->transfer, p->head.frame_size);
	if (p->window > p->head.frame_count)
		p->window = p->head.frame_count ? p->head.frame_count : 1;
	size_t room = (size_t)p->window * p->head.frame_size;

	p->raw = malloc(room);
	p->coded = malloc(room);
	p->sum = xxh128_new();
	if (!p->raw || !p->coded || !p->sum)
		return err_nomem(err, "a window of frames");
	return p->head.basis.base_count ? begin_prediction(p, room, err) : 0;
}

static int read_window(struct put *p, uint64_t at, size_t n, struct err *err)
{
	int rc = blob_file_read_in_order(p->blob, at, p->raw, n, err);

	if (rc)
		return rc;
	xxh128_add(p->sum, p->raw, n);
	return p->predictor ? predictor_read(p->predictor, at, n, p->predicted, err) : 0;
}

static int begin_record(struct put *p, struct err *err)
{
	if (p->plan->turns)
		turns_wait(p->plan->turns, p->plan->turn);
	return store_put(p->transfer->store, p->key, record_head_size(&p->head),
	                 &p->writer, err);
}

static int put_window(struct put *p, uint32_t count, uint64_t *stored, struct err *err)
{
	int rc = pool_try(p->transfer->pool, count, encode_job, p, err);

	if (!rc && !p->writer)
		rc = begin_record(p, err);
	for (uint32_t i = 0; i < count && !rc; i++) {
		size_t n = p->head.frames[p->first + i].stored;
		rc = store_write(p->writer, p->coded + (size_t)i * p->head.frame_size, n,
		                 err);
		*stored += rc ? 0 : n;
	}
	return rc;
}

static int put_frames(struct put *p, uint64_t *stored, struct err *err)
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
		work_meter_add(p->plan->meter, n);
		p->first += count;
	}
	return 0;
}

/* Nothing is committed that was not proved. */
static int prove(struct put *p, struct err *err)
{
	const struct record_basis *basis = &p->head.basis;

	p->head.sum = xxh128_finish(p->sum);
	if (!xxh128_equal(&p->head.sum, &p->blob->sum))
		return err_set(err, ERR_MISMATCH,
		               "the file changed while it was being read");
	int rc = blob_file_prove(p->blob, err);
	if (rc)
		return rc;
	return basis->base_count ? bases_prove(p->plan->bases, basis, err) : 0;
}

static int commit(struct put *p, uint64_t *stored, struct err *err)
{
	struct buf head = BUF_INIT;
	int rc = record_head_format(&p->head, &head, err);

	if (!rc) {
		struct store_writer *writer = p->writer;
		writer->existed = p->plan->existed;
		p->writer = NULL; /* commit ends it, whatever it answers */
		rc = store_commit(writer, head.data, err);
		*stored += head.size;
	}
	buf_wipe(&head);
	return rc;
}

void blob_plan_record(const struct blob_plan *plan, const struct oid *id,
                      struct key_record *out)
{
	*out = (struct key_record){ .id = *id };
	if (!plan->codec->needs_base)
		return;
	out->base_count = plan->basis.base_count;
	for (unsigned i = 0; i < out->base_count; i++)
		memcpy(out->bases[i], plan->basis.bases[i].id.bytes, KEY_BASE_PREFIX);
}

static int begin(struct put *p, struct err *err)
{
	const struct blob_plan *plan = p->plan;
	struct key_record record;
	int rc = record_head_init(&p->head, plan->codec, p->blob->dtype, p->blob->size,
	                          plan->codec->needs_base ? &plan->basis : NULL, err);

	if (!rc && plan->low_rank)
		rc = record_head_add_low_rank(&p->head, plan->low_rank, err);
	if (rc)
		return rc;
	blob_plan_record(plan, &p->blob->id, &record);
	key_record(&record, p->key);
	if (plan->key)
		snprintf(p->key, sizeof(p->key), "%s", plan->key);
	return allocate(p, err);
}

int blob_put(const struct transfer *t, const struct blob_file *blob,
             const struct blob_plan *plan, uint64_t *stored, struct err *err)
{
	struct put p = { .transfer = t, .blob = blob, .plan = plan };
	uint64_t bytes = 0;

	int rc = begin(&p, err);

	if (!rc)
		rc = put_frames(&p, &bytes, err);
	if (!rc)
		rc = prove(&p, err);
	if (!rc && !p.writer)
		rc = begin_record(&p, err); /* of nothing */
	if (!rc)
		rc = commit(&p, &bytes, err);
	if (!rc)
		*stored += bytes;
	store_abort(p.writer);
	record_head_wipe(&p.head);
	xxh128_free(p.sum);
	predictor_free(p.predictor);
	free(p.raw);
	free(p.predicted);
	free(p.coded);
	return rc;
}
