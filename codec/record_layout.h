/*
 * Numbers of docs/format-record.md that writer and reader of a head share.
 *
 *     64 fixed bytes | bases | parameters | frame table | sum of all before
 */
#ifndef ZLLM_RECORD_LAYOUT_H
#define ZLLM_RECORD_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/record_basis.h"

#define RECORD_MAGIC "ZLLMREC\0" /* eight bytes, the last one 0 */

enum {
	RECORD_VERSION = 1,
	RECORD_FRAMES_MAX = 1 << 24,
	RECORD_MAGIC_SIZE = 8,
	RECORD_FIXED_SIZE = 64, /* bytes before bases, parameters and table */
	RECORD_ENTRY_SIZE = 24, /* bytes of one frame in the table */
	RECORD_BASE_SIZE = 40,  /* bytes of a base's id and offset */
	RECORD_SUM_SIZE = 8,    /* bytes of the head's own sum */
	RECORD_RESERVED_SIZE = 11,
	RECORD_ROW_SIZE = 8,    /* bytes of parameters: the row's length, */
	RECORD_PART_SIZE = 56,  /* and then each part */
	RECORD_PART_RESERVED = 7
};

static inline uint64_t record_frames_of(uint64_t size, uint32_t frame_size)
{
	return size / frame_size + (size % frame_size != 0);
}

/* Bytes of a head with so many bases, bytes of parameters, and frames. */
static inline size_t record_layout_size(unsigned bases, uint32_t parameters,
                                        uint32_t frames)
{
	return RECORD_FIXED_SIZE + (size_t)bases * RECORD_BASE_SIZE + parameters +
	       (size_t)frames * RECORD_ENTRY_SIZE + RECORD_SUM_SIZE;
}

/* Whether the dtype of the bases' values is told, which need not be our own. */
static inline bool record_tells_base_dtype(unsigned prediction)
{
	return prediction >= PREDICTION_CAST || prediction == PREDICTION_LOW_RANK;
}

#endif
