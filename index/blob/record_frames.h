/*
 * Whole frames of a record, decoded in the transfer's pool: their stored bytes are read
 * and what their bases predict, then every frame is decoded and checked.
 *
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_RECORD_FRAMES_H
#define ZLLM_RECORD_FRAMES_H

#include <stdint.h>

#include "codec/common/buf.h"

struct err;
struct predictor;
struct record_file;
struct transfer;

struct record_frames {
	const struct transfer *transfer;
	struct record_file *record;
	struct predictor *predictor; /* of its bases; NULL when solo; owned */

	/* Buffers kept from one window to the next. */
	struct buf stored, predicted;
};

/* Restores `count` frames from the `first` on to `dst`, from what the bases at hand
 * predict. 0; ERR_DAMAGED also where these are the wrong ones. */
int record_frames_restore(struct record_frames *f, uint32_t first, uint32_t count,
                          uint8_t *dst, struct err *err);

void record_frames_wipe(struct record_frames *f);

#endif
