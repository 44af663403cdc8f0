/*
 * A frame that its base and a low-rank product predict (low_rank.h): its rows' factors,
 * and what remains, coded against the prediction.
 *
 *     u32 bytes of the factors | the factors | the remainder, a nested frame
 *
 * Only frames in mode CODED are stored so. In all other modes the base alone predicts:
 * where the product gains nothing, it costs nothing. docs/format-record.md, 4.6.
 *
 * Pure, with one exception: the factors that an encoder finds may differ from one kind of
 * CPU to another. Every decoder makes the same of them. Thread rule as in frame.h.
 */
#ifndef ZLLM_LOW_RANK_FRAME_H
#define ZLLM_LOW_RANK_FRAME_H

#include "codec/frame_job.h"
#include "codec/frame_out.h"

struct err;

/* As frame_encode(), of a job that has a product. Where that has no solver, the base
 * alone predicts. */
int low_rank_frame_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                          struct frame_out *out, struct err *err);

/* What frame_decode() does in mode CODED after it saw that `in` is valid, and
 * before it looks at the checksum. */
int low_rank_frame_restore(const struct frame_job *job, const struct frame_out *in,
                           const uint8_t *src, uint8_t *dst, struct err *err);

/* The differences of `n` values of `dtype` from their base; 0 where one of the two is
 * not a number. */
void low_rank_distance(enum dtype dtype, const uint8_t *src, const uint8_t *base,
                       size_t n, float *out);

#endif
