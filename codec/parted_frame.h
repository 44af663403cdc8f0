/*
 * A frame of a record whose bases predict only parts of it (parts.h). What they
 * predict and what is bare are coded apart, as two halves, so that rows which no base
 * has cost what they would cost alone, and do not spoil what stands beside them:
 *
 *     frame      p p p b p p p b p p p b       p: predicted, b: bare
 *     halves     p p p p p p p p p | b b b
 *
 * docs/format-record.md, 4.4. Pure; thread rule as in frame.h.
 */
#ifndef ZLLM_PARTED_FRAME_H
#define ZLLM_PARTED_FRAME_H

#include "codec/frame.h"

struct low_rank;
struct parts;

/* What encoding and decoding need besides the bytes. */
struct parted_frame {
	const struct codec *codec;
	enum dtype dtype;
	const struct parts *parts; /* without a fault; count 0: as in frame.h */
	uint64_t start;            /* value of the blob that the frame begins with */
	const uint8_t *base;       /* the prediction, `size` bytes, zeros where bare */
	size_t size;               /* decoded bytes; whole values where there are parts */
	struct frame_scratch *scratch;
	const struct low_rank *low_rank; /* what is added to the prediction, or NULL;
	                                  * then there are no parts, and the frame is
	                                  * whole rows */
};

/* As frame_encode() and frame_decode(). */
int parted_frame_encode(const struct parted_frame *f, const uint8_t *src, uint8_t *dst,
                        struct frame_out *out, struct err *err);
int parted_frame_decode(const struct parted_frame *f, const struct frame_out *in,
                        const uint8_t *src, uint8_t *dst, struct err *err);

#endif
