/*
 * What a codec is: how a frame becomes fewer bytes, and back. Each is a const struct in
 * a file of its own, codec_NAME.c; codec_table.h lists them. docs/format-record.md
 * describes the bytes.
 *
 * Pure functions: same input, same output, on any machine and any number of threads; no
 * I/O, no allocation on the hot path, no clock.
 * Thread rule: calls may run at once as long as each has its own scratch.
 */
#ifndef ZLLM_CODEC_H
#define ZLLM_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/dtype.h"

struct err;
struct frame_job;

/* How a frame is stored; a decoder refuses any other number. */
enum frame_mode {
	FRAME_RAW = 0,    /* as it is */
	FRAME_CODED = 1,  /* by the record's codec */
	FRAME_SAME = 2,   /* equal to its prediction; nothing stored */
	FRAME_FILL = 3,   /* one unit repeated; that unit is stored */
	FRAME_TIGHT = 4,  /* by the second form of `ulp` or `float` */
	FRAME_SPARSE = 5, /* equal to its prediction but for a few values */
	FRAME_MODES
};

/*
 * The codecs: number, name in capitals, name. The numbers are stored and never change.
 * The order is that of trials: what is quick first, and of two that make equally few
 * bytes the first is chosen. A new codec is a line here and a file, codec_NAME.c, that
 * defines codec_NAME.
 */
#define CODEC_LIST(CODEC)      \
	CODEC(0, RAW, raw)     \
	CODEC(3, FLOAT, float) \
	CODEC(4, ULP, ulp)     \
	CODEC(1, ZSTD, zstd)   \
	CODEC(2, BITX, bitx)   \
	/* here ends the list */

#define CODEC_NUMBER(number, NAME, name) CODEC_##NAME = (number),
enum codec_id { CODEC_LIST(CODEC_NUMBER) CODEC_IDS = 16 /* numbers are below that */ };
#undef CODEC_NUMBER

/*
 * The samples of a blob on which codecs are tried, the same for all: so many, evenly
 * spread, of so many values each; of a blob that has fewer values than all of them, its
 * first ones. Codecs are tried in index/base: base_choice, codec_trial, low_rank_trial.
 */
enum { CODEC_SAMPLES = 4, CODEC_SAMPLE_VALUES = 64 * 1024 };

/* When a codec is worth its time, and what it makes worth being chosen. */
struct codec_policy {
	/* Quick codecs, 0, code the samples at once. Slow ones code so many values of
	 * each sample first, and are not tried further where that is more than
	 * `behind_percent` of what the best codec until then makes of these values. */
	unsigned first_values;
	unsigned behind_percent;

	/* What it makes is chosen only where it is at most this part of what the best
	 * codec without a base makes: a delta ties two records together, and has to be
	 * worth that. 0: any gain is worth it. */
	unsigned keep_below_percent;

	/* A low-rank product (low_rank.h) is looked for where a delta has at least so
	 * many thousandths of its raw size: a smaller one has nothing to find. It is
	 * kept where the delta is then at most this part of what it was. 0: records of
	 * this codec cannot have a product. */
	unsigned low_rank_permille;
	unsigned low_rank_keep_percent;
};

struct codec {
	enum codec_id id;
	const char *name;
	bool needs_base;      /* codes against a prediction */
	enum frame_mode mode; /* that encode() makes: FRAME_CODED or FRAME_TIGHT */
	struct codec_policy policy;

	/* Whether it can code frames of this dtype at all. */
	bool (*takes)(enum dtype dtype);

	/* Codes the job->size bytes of `src` into `dst`, which has room for `cap` bytes.
	 * Returns the bytes written, or 0 when the result would not fit: the frame is
	 * then stored raw. */
	size_t (*encode)(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
	                 size_t cap);

	/* Restores exactly job->size bytes to `dst` from `n` bytes of `src`, which are
	 * not to be trusted and in the mode that encode() makes. 0, or ERR_DAMAGED. */
	int (*decode)(const struct frame_job *job, const uint8_t *src, size_t n,
	              uint8_t *dst, struct err *err);

	/* The same for frames in mode FRAME_CODED, where encode() makes others: the
	 * first version of its form. */
	int (*decode_v1)(const struct frame_job *job, const uint8_t *src, size_t n,
	                 uint8_t *dst, struct err *err);
};

#endif
