/* A frame's job in one line, for tests. */
#ifndef ZLLM_TEST_JOB_OF_H
#define ZLLM_TEST_JOB_OF_H

#include <stddef.h>
#include <stdint.h>

#include "codec/codec.h"
#include "codec/frame_job.h"

/* `base` is passed over where the codec needs none. */
static inline struct frame_job job_of(const struct codec *codec, enum dtype dtype,
                                      const uint8_t *base, size_t size,
                                      struct frame_scratch *scratch)
{
	return (struct frame_job){ .codec = codec,
		                   .dtype = dtype,
		                   .base = codec->needs_base ? base : NULL,
		                   .size = size,
		                   .scratch = scratch };
}

#endif
