/*
 * A frame: the bytes of 256 Ki values, coded by themselves. The unit of
 * parallelism, of memory and of ranged reads. docs/format-record.md describes
 * the bytes.
 *
 *     frame -> simple_frame     one codec codes all of it
 *           -> parted_frame     bases predict only a part of it
 *           -> low_rank_frame   a product is added to what its base predicts
 *
 * Pure functions: same input, same output, on any machine and any number of
 * threads (but for the factors that low_rank_frame.h finds); no I/O, no allocation on
 * the hot path, no clock.
 * Thread rule: calls may run at once as long as each has its own scratch.
 */
#ifndef ZLLM_FRAME_H
#define ZLLM_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "codec/dtype.h"
#include "codec/frame_job.h"
#include "codec/frame_out.h"

struct err;

/* Bytes of a whole frame of this dtype: FRAME_VALUES units. */
size_t frame_size(enum dtype dtype);

/*
 * Codes one frame, the job->size bytes of `src`, to `dst`, which has room for as many.
 * Chooses SAME, FILL, SPARSE where few values differ, what the codec makes, or
 * RAW, in that order. What it made is decoded again and compared with `src` before it
 * returns: ERR_DAMAGED here means a defect of this program or of the machine,
 * and nothing may be stored.
 */
int frame_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                 struct frame_out *out, struct err *err);

/*
 * Restores one frame to `dst` from `in->stored` bytes of `src`, which are not to be
 * trusted, and checks it against in->sum. 0, or ERR_DAMAGED; `dst` is then unspecified.
 */
int frame_decode(const struct frame_job *job, const struct frame_out *in,
                 const uint8_t *src, uint8_t *dst, struct err *err);

#endif
