/* Working memory of `ulp` and `float` for one frame. Private to codec/. */
#ifndef ZLLM_RANS_ROOM_H
#define ZLLM_RANS_ROOM_H

#include <stdint.h>

#include "codec/frame.h"
#include "codec/kernel.h"
#include "codec/rans.h"

enum {
	ROOM_TABLES = 64,           /* frequency tables of a frame */
	ROOM_STRIDE = 256,          /* symbols of each where there are many */
	ROOM_CHUNK = 4096,          /* values treated at once, in the first-level cache */
	ROOM_BLOCK = 128,           /* values that share a class; divides a chunk */
	ROOM_BLOCKS = FRAME_VALUES / ROOM_BLOCK,
	ROOM_COUNTERS = 4           /* counters in turn, so that none waits for itself */
};

struct rans_room {
	uint32_t tables[ROOM_TABLES << RANS_BITS]; /* the decoder's */
	uint32_t coder[ROOM_TABLES * ROOM_STRIDE]; /* the encoder's */
	uint32_t counts[ROOM_COUNTERS][ROOM_TABLES * ROOM_STRIDE];
	uint16_t index[FRAME_VALUES + RANS_LANES];
	uint16_t ctx[ROOM_CHUNK + RANS_LANES];
	uint16_t symbols[ROOM_CHUNK + RANS_LANES];
	uint8_t classes[ROOM_BLOCKS];
	uint8_t raw[4 * FRAME_VALUES + 4 * KERNEL_SLACK];
	uint8_t words[2 * FRAME_VALUES + 1024];
};

#endif
