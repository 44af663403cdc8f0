/*
 * How well and how fast each codec does on the tensors of a model: what is stored,
 * and the time of one thread, or of several that share the frames of all tensors.
 * Batches of frames lie in memory while they are measured, several times over; of each
 * frame the fastest run counts.
 */
#ifndef ZLLM_MODEL_BENCH_H
#define ZLLM_MODEL_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "codec/codec.h"

struct err;
struct local_model;

/* Where codecs stand in the results: by their number, and behind them the best of
 * all, chosen for each tensor. */
enum { BENCH_CODECS = CODEC_IDS, BENCH_BEST = BENCH_CODECS, BENCH_SLOTS };

/* What some tensors took. Times are seconds of one thread. Where several share the
 * frames, of the one that took longest: each tensor has its part of that. */
struct bench_sum {
	size_t tensors;
	uint64_t raw;       /* bytes */
	uint64_t stored;    /* bytes of frames and of their entries in a record's head */
	double encode;      /* frame_encode(): with checksum and the proving decode */
	double decode;      /* frame_decode(): with checksum */
	double alone;       /* the codec's encode() by itself, which only saw ... */
	uint64_t alone_raw; /* ... these bytes: not frames that are constant or same */
};

struct model_bench {
	/* By dtype, and behind the dtypes all together; then by codec. */
	struct bench_sum sums[DTYPE_COUNT + 1][BENCH_SLOTS];
};

/* What is measured. Both models are open; nothing has to be hashed. */
struct bench_task {
	const struct local_model *model, *base; /* base: or NULL */
	const struct codec *only;               /* or NULL: every codec */
	unsigned threads;                       /* 1 or more */
	unsigned rounds;                        /* 1 or more: the fastest counts */
};

/* Measures every codec, or the only one, on every tensor whose dtype it takes; those that
 * need a base on tensors that have a like in it of the same dtype or of one that can be
 * cast. */
int model_bench_run(const struct bench_task *task, struct model_bench *out,
                    struct err *err);

#endif
