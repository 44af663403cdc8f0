/*
 * Working memory of one thread that codes frames: planes, tables, the compressor's
 * contexts, all of it allocated once. What is in it is for codec/ only.
 * Thread rule: one thread at a time for each.
 */
#ifndef ZLLM_FRAME_SCRATCH_H
#define ZLLM_FRAME_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct kernel;
struct rans_room;
struct xxh128_state;
struct zstd_box;

struct frame_scratch {
	struct zstd_box *zstd;
	struct rans_room *rans;
	const struct kernel *kernel; /* the CPU's best; tests may choose another */
	uint8_t *planes;             /* FRAME_MAX bytes, for the codec at work */
	uint8_t *check;              /* FRAME_MAX bytes: what was coded, decoded again */

	/* Of the frame that is being restored, from `summed` on: NULL where nobody asked
	 * for its sum. */
	struct xxh128_state *sum;
	const uint8_t *summed;
	struct xxh128_state *hasher; /* what `sum` points to, where it does */

	/* For parted_frame.c and low_rank_frame.c; pages that nobody touches cost nothing. */
	uint8_t *values;    /* FRAME_MAX bytes: a frame's values, its halves apart */
	uint8_t *predicted; /* FRAME_MAX bytes: what predicts the first half */
	uint8_t *joined;    /* 3 FRAME_MAX bytes: the halves as stored */

	void *memory[2]; /* what `rans` and `planes` lie in */
};

/* ERR_NOMEM. The caller frees; NULL is fine. */
int frame_scratch_new(struct frame_scratch **out, struct err *err);
void frame_scratch_free(struct frame_scratch *s);

/* For codecs that write a frame from its first byte to its last, if they like: all before
 * `end` is final. It is summed while it is in the nearest cache, which is twice as fast. */
void frame_scratch_sum(struct frame_scratch *s, const uint8_t *end);

#endif
