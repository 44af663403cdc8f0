/*
 * What a frame is once it is coded: how it is stored, in how many bytes, and the sum of
 * what comes back; an entry of a record's frame table.
 * Pure; any thread.
 */
#ifndef ZLLM_FRAME_OUT_H
#define ZLLM_FRAME_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "codec/codec.h"
#include "codec/common/xxh128.h"

struct frame_out {
	enum frame_mode mode;
	size_t stored;     /* bytes */
	struct xxh128 sum; /* of the decoded bytes */
};

/* Whether a frame of `size` decoded bytes can be stored so: a known mode, and a
 * number of bytes that suits it. */
bool frame_out_valid(const struct frame_out *out, enum dtype dtype, size_t size);

/* Whether frames of this codec can be in that mode. */
bool frame_out_suits(const struct frame_out *out, const struct codec *codec);

#endif
