/*
 * A record in memory back into its content, by nothing but codec/: for the tests of
 * the golden records on this machine and on others (README.md).
 */
#ifndef ZLLM_GOLDEN_RECORD_H
#define ZLLM_GOLDEN_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cast.h"
#include "codec/codec_table.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "codec/frame_scratch.h"
#include "codec/prediction.h"
#include "codec/record.h"

/* The same where there are parts. Golden records of several bases have one file, which
 * is each of them. */
static inline int golden_predict_parts(const struct record_head *head,
                                       const struct buf *base, uint32_t frame,
                                       struct buf *out, struct err *err)
{
	const struct parts *parts = &head->basis.parts;
	enum dtype from = head->basis.bases[0].dtype;
	unsigned unit = dtype_unit(head->dtype), w = dtype_unit(from);
	uint64_t at = record_frame_start(head, frame) / unit;
	size_t n = record_frame_size(head, frame) / unit;

	out->size = 0;
	if (!buf_reserve(out, n * unit + 1))
		return err_nomem(err, "a prediction");
	memset(out->data, 0, n * unit);
	for (unsigned i = 0; i < head->basis.base_count; i++)
		if (parts_need(parts, i) > base->size / w)
			return err_set(err, ERR_DAMAGED, "its base is too short");
	for (size_t done = 0; done < n;) {
		struct part_run run = parts_run(parts, at + done, n - done);
		const uint8_t *src = base->data + run.from * w;
		if (run.part && from == head->dtype)
			memcpy(out->data + done * unit, src, (size_t)run.length * unit);
		else if (run.part)
			cast_values(from, head->dtype, src, (size_t)run.length,
			            out->data + done * unit);
		done += (size_t)run.length;
	}
	return 0;
}

/* The prediction of a frame out of the base's bytes, zeros where they end. */
static inline int golden_predict(const struct record_head *head, const struct buf *base,
                                 uint32_t frame, struct buf *out, struct err *err)
{
	const struct record_base *b = &head->basis.bases[0];
	if (head->basis.parts.count)
		return golden_predict_parts(head, base, frame, out, err);
	size_t n = record_frame_size(head, frame);
	struct prediction_span span = prediction_span(b, head->dtype,
	                                              record_frame_start(head, frame), n);
	uint8_t *bytes = calloc(span.size + 1, 1);

	out->size = 0;
	if (!bytes || !buf_reserve(out, n + 1)) {
		free(bytes);
		return err_nomem(err, "a prediction");
	}
	if (span.start < base->size) {
		size_t have = base->size - (size_t)span.start;
		memcpy(bytes, base->data + span.start,
		       have < span.size ? have : span.size);
	}
	if (prediction_is_plain(b, head->dtype))
		memcpy(out->data, bytes, n);
	else
		prediction_cast(b, head->dtype, bytes, out->data, n);
	free(bytes);
	return 0;
}

static inline int golden_frames(const struct record_head *head, const struct buf *record,
                                size_t at, const struct buf *base, struct buf *out,
                                struct err *err)
{
	const struct codec *codec = codec_by_id(head->codec);
	struct frame_scratch *scratch;
	struct buf predicted = BUF_INIT;
	int rc = frame_scratch_new(&scratch, err);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < head->frame_count && !rc; i++) {
		size_t n = record_frame_size(head, i);
		if (!buf_reserve(out, n))
			rc = err_nomem(err, "a frame");
		if (!rc && head->basis.base_count)
			rc = golden_predict(head, base, i, &predicted, err);
		struct frame_job f = {
			.codec = codec,
			.dtype = head->dtype,
			.base = head->basis.base_count ? predicted.data : NULL,
			.size = n,
			.scratch = scratch,
			.parts = &head->basis.parts,
			.start = record_frame_start(head, i) / dtype_unit(head->dtype),
			.low_rank = head->low_rank,
		};
		if (!rc)
			rc = frame_decode(&f, &head->frames[i], record->data + at,
			                  out->data + out->size, err);
		at += head->frames[i].stored;
		out->size += n;
	}
	buf_wipe(&predicted);
	frame_scratch_free(scratch);
	return rc;
}

/* Decodes a whole record to `out`. Everything that must be right is looked at. */
static inline int golden_decode(const struct buf *record, const struct buf *base,
                                struct buf *out, struct err *err)
{
	struct record_head head;
	uint64_t body;
	size_t size;
	int rc = record_head_measure(record->data, record->size, &size, err);

	if (!rc && size > record->size)
		rc = err_set(err, ERR_DAMAGED, "cut short");
	if (!rc)
		rc = record_head_parse(record->data, size, &head, &body, err);
	if (rc)
		return rc;
	if (body != record->size - size)
		rc = err_set(err, ERR_DAMAGED, "of another length than its head says");
	else
		rc = golden_frames(&head, record, size, base, out, err);
	if (!rc) {
		struct xxh128 sum = xxh128_of(out->data, out->size);
		if (!xxh128_equal(&sum, &head.sum))
			rc = err_set(err, ERR_DAMAGED, "its sum is wrong");
	}
	record_head_wipe(&head);
	return rc;
}

#endif
