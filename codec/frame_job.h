/*
 * A frame at work: by which codec it is coded or restored, against what, with which
 * scratch. What the bytes are and where they go, functions are told besides.
 * Plain data; the caller owns all that it points to.
 */
#ifndef ZLLM_FRAME_JOB_H
#define ZLLM_FRAME_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "codec/dtype.h"

struct codec;
struct frame_scratch;
struct low_rank;
struct parts;

enum {
	FRAME_VALUES = 256 * 1024,   /* values in a whole frame */
	FRAME_MAX = FRAME_VALUES * 8 /* bytes of the largest frame */
};

struct frame_job {
	const struct codec *codec;
	enum dtype dtype;

	/* What predicts the frame: `size` bytes, zeros where its base has ended and
	 * where a value is bare (parts.h). Codecs that need no base do not look at it. */
	const uint8_t *base;
	size_t size; /* decoded bytes: 1 to FRAME_MAX; whole values where there are parts */
	struct frame_scratch *scratch;

	/* Which values `base` predicts, where it is not all: without a fault; NULL, or
	 * without any, else. `start` is the frame's first value, counted in the blob. */
	const struct parts *parts;
	uint64_t start;

	/* The level of zstd where a codec has no better idea; 0: the codec's own. */
	int zstd_level;

	/* What is added to the prediction, or NULL. Then there are no parts, and the
	 * frame is whole rows. */
	const struct low_rank *low_rank;
};

#endif
