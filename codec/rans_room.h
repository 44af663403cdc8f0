/* Working memory of `ulp` and `float` for one frame. Private to codec/. */
#ifndef ZLLM_RANS_ROOM_H
#define ZLLM_RANS_ROOM_H

#include <stddef.h>
#include <stdint.h>

#include "codec/frame_job.h"
#include "codec/kernel/kernel.h"
#include "codec/kernel/rans.h"
#include "codec/rans_coder.h"

enum {
	ROOM_TABLES = 64,          /* frequency tables of a frame */
	ROOM_STRIDE = 256,         /* symbols of each where there are many */
	ROOM_CHUNK = 8192,         /* values treated at once, in the second-level cache */
	ROOM_BLOCK = KERNEL_BLOCK, /* values that share a class; divides a chunk */
	ROOM_BLOCKS = FRAME_VALUES / ROOM_BLOCK,
	ROOM_COUNTERS = 4, /* counters in turn, so that none waits for itself */
	ROOM_COUNTS = ROOM_TABLES * ROOM_STRIDE + 64, /* of each: not 4 KiB apart */
	ROOM_LINE = 64 /* bytes of a cache's line, into which vectors fit */
};

struct rans_room {
	_Alignas(ROOM_LINE) uint32_t
		tables[(ROOM_TABLES << RANS_BITS) + RANS_TABLE_SLACK]; /* the decoder's */
	_Alignas(ROOM_LINE) uint32_t coder[ROOM_TABLES * ROOM_STRIDE]; /* the encoder's */
	_Alignas(ROOM_LINE) uint32_t counts[ROOM_COUNTERS][ROOM_COUNTS];
	_Alignas(ROOM_LINE) uint16_t index[FRAME_VALUES + RANS_LANES];
	_Alignas(ROOM_LINE) uint16_t ctx[ROOM_CHUNK + RANS_LANES];
	_Alignas(ROOM_LINE) uint16_t symbols[ROOM_CHUNK + RANS_LANES];
	uint8_t scores[ROOM_BLOCKS], classes[ROOM_BLOCKS];
	_Alignas(ROOM_LINE) uint8_t raw[4 * FRAME_VALUES + 4 * KERNEL_SLACK];
	uint8_t words[2 * FRAME_VALUES + RANS_CODER_ROOM];
};

/* Sets the first `n` entries of all counters to zero. */
void rans_room_clear(struct rans_room *room, size_t n);

/* Counts each of index[0..n). */
void rans_room_count(struct rans_room *room, const uint16_t *index, size_t n);

/* Adds the counters up in counts[0]. */
void rans_room_sum(struct rans_room *room, size_t n);

#endif
