#include "codec/parted_frame.h"

#include <string.h>

#include "codec/codec_table.h"
#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/frame_scratch.h"
#include "codec/nested_frame.h"
#include "codec/parts.h"
#include "codec/simple_frame.h"

/* ---------------------------------------------------------------- the two halves */

/* Bytes of the frame that bases predict. */
static size_t count_predicted(const struct frame_job *job)
{
	size_t unit = dtype_unit(job->dtype), values = job->size / unit, sum = 0;

	for (size_t at = 0; at < values;) {
		struct part_run run = parts_run(job->parts, job->start + at, values - at);
		sum += run.part ? (size_t)run.length : 0;
		at += (size_t)run.length;
	}
	return sum * unit;
}

/* Takes `frame` apart: what is predicted to `first`, what is bare to `second` (unless
 * NULL), each in order. */
static void split_values(const struct frame_job *job, const uint8_t *frame,
                         uint8_t *first, uint8_t *second)
{
	size_t unit = dtype_unit(job->dtype), values = job->size / unit;

	for (size_t at = 0; at < values;) {
		struct part_run run = parts_run(job->parts, job->start + at, values - at);
		size_t n = (size_t)run.length * unit;
		uint8_t **half = run.part ? &first : &second;
		if (*half) {
			memcpy(*half, frame + at * unit, n);
			*half += n;
		}
		at += (size_t)run.length;
	}
}

/* The opposite. */
static void join_values(const struct frame_job *job, const uint8_t *first,
                        const uint8_t *second, uint8_t *frame)
{
	size_t unit = dtype_unit(job->dtype), values = job->size / unit;

	for (size_t at = 0; at < values;) {
		struct part_run run = parts_run(job->parts, job->start + at, values - at);
		size_t n = (size_t)run.length * unit;
		const uint8_t **half = run.part ? &first : &second;
		memcpy(frame + at * unit, *half, n);
		*half += n;
		at += (size_t)run.length;
	}
}

/* ---------------------------------------------------------------- coding */

/* The job of one half, which `base` predicts, or nothing where that is NULL. */
static struct frame_job half_of(const struct frame_job *job, const uint8_t *base,
                                size_t size)
{
	return (struct frame_job){ .codec = job->codec,
		                   .dtype = job->dtype,
		                   .base = base,
		                   .size = size,
		                   .scratch = job->scratch };
}

/* Whether a bare half may be coded so: as raw it is stored in any case. */
static bool codes_bare(const struct codec *codec, enum dtype dtype)
{
	return !codec->needs_base && codec->id != CODEC_RAW && codec->takes(dtype);
}

/* The bare half by whichever codec makes least of it. */
static int code_bare(struct frame_job half, const uint8_t *src, uint8_t *dst, size_t *n,
                     struct err *err)
{
	size_t best = 0;

	for (unsigned i = 0; (half.codec = codec_at(i)) != NULL; i++) {
		size_t one;
		if (!codes_bare(half.codec, half.dtype))
			continue;
		int rc = nested_frame_encode(&half, src, dst + best, &one, err);
		if (rc)
			return rc;
		if (best && one < best)
			memmove(dst, dst + best, one);
		if (!best || one < best)
			best = one;
	}
	*n = best;
	return 0;
}

/* Both halves, one after the other, to scratch->joined; a half without values is not
 * there. */
static int code_halves(const struct frame_job *job, const uint8_t *src, size_t *n,
                       struct err *err)
{
	struct frame_scratch *s = job->scratch;
	size_t first = count_predicted(job), second = job->size - first;
	const struct frame_job half = half_of(job, s->predicted, first);
	size_t one = 0, two = 0;
	int rc = 0;

	split_values(job, src, s->values, s->values + first);
	split_values(job, job->base, s->predicted, NULL);
	if (first)
		rc = nested_frame_encode(&half, s->values, s->joined, &one, err);
	if (!rc && second)
		rc = code_bare(half_of(job, NULL, second), s->values + first,
		               s->joined + one, &two, err);
	*n = one + two;
	return rc;
}

int parted_frame_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                        struct frame_out *out, struct err *err)
{
	struct frame_job copy = *job;
	size_t n;

	/* Frames that need no codec are the same with parts and without. */
	copy.codec = codec_by_id(CODEC_RAW);
	int rc = simple_frame_encode(&copy, src, dst, out, err);
	if (rc)
		return rc;
	if (memcmp(src, job->base, job->size) == 0) {
		out->mode = FRAME_SAME;
		out->stored = 0;
		return 0;
	}
	if (out->mode == FRAME_FILL)
		return 0;
	rc = code_halves(job, src, &n, err);
	if (rc || n >= job->size)
		return rc; /* raw as it is */
	memcpy(dst, job->scratch->joined, n);
	out->mode = FRAME_CODED;
	out->stored = n;
	return 0;
}

/* ---------------------------------------------------------------- decoding */

int parted_frame_restore(const struct frame_job *job, const struct frame_out *in,
                         const uint8_t *src, uint8_t *dst, struct err *err)
{
	struct cursor c = cursor_over(src, in->stored);
	struct frame_scratch *s = job->scratch;
	size_t first = count_predicted(job), second = job->size - first;
	const struct frame_job one = half_of(job, s->predicted, first);
	const struct frame_job two = half_of(job, NULL, second);
	int rc = 0;

	split_values(job, job->base, s->predicted, NULL);
	if (first)
		rc = nested_frame_decode(&one, &c, s->values, err);
	if (!rc && second)
		rc = nested_frame_decode(&two, &c, s->values + first, err);
	if (!rc && c.left)
		rc = err_set(err, ERR_DAMAGED, "a frame has bytes after its halves");
	if (!rc)
		join_values(job, s->values, s->values + first, dst);
	return rc;
}
