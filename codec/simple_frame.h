/*
 * A frame that one codec codes as a whole: no parts, no product; a job's are not looked
 * at here.
 *
 * Pure; thread rule as in frame.h.
 */
#ifndef ZLLM_SIMPLE_FRAME_H
#define ZLLM_SIMPLE_FRAME_H

#include "codec/frame_job.h"
#include "codec/frame_out.h"

struct err;

/* As frame_encode() and frame_decode(). */
int simple_frame_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                        struct frame_out *out, struct err *err);
int simple_frame_decode(const struct frame_job *job, const struct frame_out *in,
                        const uint8_t *src, uint8_t *dst, struct err *err);

/* Decodes without the sum, for callers who have another to compare with: `in->sum` is
 * not looked at. */
int simple_frame_restore(const struct frame_job *job, const struct frame_out *in,
                         const uint8_t *src, uint8_t *dst, struct err *err);

#endif
