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

#include "codec/frame_job.h"
#include "codec/frame_out.h"

struct err;

/* As frame_encode(), of a job that has parts. */
int parted_frame_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                        struct frame_out *out, struct err *err);

/* What frame_decode() does in mode CODED after it saw that `in` is valid, and before it
 * looks at the checksum. */
int parted_frame_restore(const struct frame_job *job, const struct frame_out *in,
                         const uint8_t *src, uint8_t *dst, struct err *err);

#endif
