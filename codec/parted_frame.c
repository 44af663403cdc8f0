#include "codec/parted_frame.h"

#include <string.h>

#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/frame_scratch.h"
#include "codec/low_rank_frame.h"
#include "codec/nested_frame.h"
#include "codec/parts.h"

/* What codes a bare half: the best of these. */
static const enum codec_id bare_codecs[] = { CODEC_FLOAT, CODEC_ZSTD };

/* ---------------------------------------------------------------- the two halves */

/* Bytes of the frame that bases predict. */
static size_t count_predicted(const struct parted_frame *f)
{
	size_t unit = dtype_unit(f->dtype), values = f->size / unit, sum = 0;

	for (size_t at = 0; at < values;) {
		struct part_run run = parts_run(f->parts, f->start + at, values - at);
		sum += run.part ? (size_t)run.length : 0;
		at += (size_t)run.length;
	}
	return sum * unit;
}

/* Takes `frame` apart: what is predicted to `first`, what is bare to `second` (unless
 * NULL), each in order. */
static void part_values(const struct parted_frame *f, const uint8_t *frame,
                        uint8_t *first, uint8_t *second)
{
	size_t unit = dtype_unit(f->dtype), values = f->size / unit;

	for (size_t at = 0; at < values;) {
		struct part_run run = parts_run(f->parts, f->start + at, values - at);
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
static void join_values(const struct parted_frame *f, const uint8_t *first,
                        const uint8_t *second, uint8_t *frame)
{
	size_t unit = dtype_unit(f->dtype), values = f->size / unit;

	for (size_t at = 0; at < values;) {
		struct part_run run = parts_run(f->parts, f->start + at, values - at);
		size_t n = (size_t)run.length * unit;
		const uint8_t **half = run.part ? &first : &second;
		memcpy(frame + at * unit, *half, n);
		*half += n;
		at += (size_t)run.length;
	}
}

/* ---------------------------------------------------------------- coding */

static struct nested_frame half_of(const struct parted_frame *f, const uint8_t *base,
                                   size_t size)
{
	return (struct nested_frame){ f->dtype, base, size, f->scratch };
}

/* The bare half by whichever codec makes least of it. */
static int code_bare(const struct parted_frame *f, const uint8_t *src, size_t size,
                     uint8_t *dst, size_t *n, struct err *err)
{
	const struct nested_frame half = half_of(f, NULL, size);
	size_t best = 0;

	for (size_t i = 0; i < sizeof(bare_codecs) / sizeof(bare_codecs[0]); i++) {
		const struct codec *codec = codec_by_id(bare_codecs[i]);
		size_t one;
		if (!codec || !codec->takes(f->dtype))
			continue;
		int rc = nested_frame_encode(&half, codec, src, dst + best, &one, err);
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
static int code_halves(const struct parted_frame *f, const uint8_t *src, size_t *n,
                       struct err *err)
{
	struct frame_scratch *s = f->scratch;
	size_t first = count_predicted(f), second = f->size - first;
	const struct nested_frame half = half_of(f, s->predicted, first);
	size_t one = 0, two = 0;
	int rc = 0;

	part_values(f, src, s->values, s->values + first);
	part_values(f, f->base, s->predicted, NULL);
	if (first)
		rc = nested_frame_encode(&half, f->codec, s->values, s->joined, &one,
		                         err);
	if (!rc && second)
		rc = code_bare(f, s->values + first, second, s->joined + one, &two, err);
	*n = one + two;
	return rc;
}

int parted_frame_encode(const struct parted_frame *f, const uint8_t *src, uint8_t *dst,
                        struct frame_out *out, struct err *err)
{
	const struct codec *copy = codec_by_id(CODEC_RAW);
	size_t n;

	if (f->low_rank)
		return low_rank_frame_encode(f, src, dst, out, err);
	if (!f->parts->count)
		return frame_encode(f->codec, f->dtype, src, f->base, f->size, dst,
		                    f->scratch, out, err);
	/* Frames that need no codec are the same with parts and without. */
	int rc = frame_encode(copy, f->dtype, src, NULL, f->size, dst, f->scratch, out,
	                      err);
	if (rc)
		return rc;
	if (memcmp(src, f->base, f->size) == 0) {
		out->mode = FRAME_SAME;
		out->stored = 0;
		return 0;
	}
	if (out->mode == FRAME_FILL)
		return 0;
	rc = code_halves(f, src, &n, err);
	if (rc || n >= f->size)
		return rc; /* raw as it is */
	memcpy(dst, f->scratch->joined, n);
	out->mode = FRAME_CODED;
	out->stored = n;
	return 0;
}

/* ---------------------------------------------------------------- decoding */

static int restore_halves(const struct parted_frame *f, struct cursor *c, uint8_t *dst,
                          struct err *err)
{
	struct frame_scratch *s = f->scratch;
	size_t first = count_predicted(f), second = f->size - first;
	const struct nested_frame one = half_of(f, s->predicted, first);
	const struct nested_frame two = half_of(f, NULL, second);
	int rc = 0;

	part_values(f, f->base, s->predicted, NULL);
	if (first)
		rc = nested_frame_decode(&one, f->codec, c, s->values, err);
	if (!rc && second)
		rc = nested_frame_decode(&two, f->codec, c, s->values + first, err);
	if (!rc && c->left)
		rc = err_set(err, ERR_DAMAGED, "a frame has bytes after its halves");
	if (!rc)
		join_values(f, s->values, s->values + first, dst);
	return rc;
}

int parted_frame_decode(const struct parted_frame *f, const struct frame_out *in,
                        const uint8_t *src, uint8_t *dst, struct err *err)
{
	struct cursor c = cursor_over(src, in->stored);

	if ((!f->parts->count && !f->low_rank) || in->mode != FRAME_CODED)
		return frame_decode(f->codec, f->dtype, in, src, f->base, dst, f->size,
		                    f->scratch, err);
	if (!frame_valid(in, f->dtype, f->size))
		return err_set(err, ERR_DAMAGED,
		               "a frame of %zu bytes cannot be coded in %zu", f->size,
		               in->stored);
	int rc = f->low_rank ? low_rank_frame_restore(f, in, src, dst, err)
	                     : restore_halves(f, &c, dst, err);
	if (rc)
		return rc;
	struct xxh128 sum = xxh128_of(dst, f->size);
	return xxh128_equal(&sum, &in->sum)
	               ? 0
	               : err_set(err, ERR_DAMAGED,
	                         "a frame of %zu bytes fails its checksum", f->size);
}
