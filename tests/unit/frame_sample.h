/*
 * What the tests of frames share: contents worth coding, and one frame there
 * and back. Test groups need sample_setup() and sample_teardown(), which make
 * the scratch that tests get as their state.
 */
#ifndef ZLLM_FRAME_SAMPLE_H
#define ZLLM_FRAME_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/common/xxh128.h"
#include "codec/frame.h"
#include "codec/frame_scratch.h"
#include "tests/unit/job_of.h"

static inline struct frame_scratch *scratch_of(void **state)
{
	return *state;
}

static inline int sample_setup(void **state)
{
	struct frame_scratch *s = NULL;
	struct err err = ERR_INIT;

	if (frame_scratch_new(&s, &err))
		return -1;
	*state = s;
	return 0;
}

static inline int sample_teardown(void **state)
{
	frame_scratch_free(*state);
	return 0;
}

static inline uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* ---- contents: each fills `src` and `base` with something worth coding */

static inline void all_equal(uint8_t *src, uint8_t *base, size_t n)
{
	uint64_t seed = 1;

	for (size_t i = 0; i < n; i++)
		src[i] = base[i] = (uint8_t)next(&seed);
}

static inline void all_zero(uint8_t *src, uint8_t *base, size_t n)
{
	memset(src, 0, n);
	memset(base, 1, n);
}

static inline void all_noise(uint8_t *src, uint8_t *base, size_t n)
{
	uint64_t seed = 2;

	for (size_t i = 0; i < n; i++) {
		src[i] = (uint8_t)next(&seed);
		base[i] = (uint8_t)next(&seed);
	}
}

/* Like a fine-tune: few bits differ, and bytes lean to one side by themselves. */
static inline void near_base(uint8_t *src, uint8_t *base, size_t n)
{
	uint64_t seed = 3;

	for (size_t i = 0; i < n; i++) {
		base[i] = (uint8_t)(next(&seed) & next(&seed) & next(&seed));
		src[i] = base[i] ^ (next(&seed) % 16 == 0);
	}
}

static inline void one_bit_off(uint8_t *src, uint8_t *base, size_t n)
{
	all_equal(src, base, n);
	if (n)
		src[n - 1] ^= 0x80;
}

/* One frame's bytes, each in an allocation of its own exact size. */
struct sample {
	uint8_t *src, *base, *stored, *back;
	size_t size;
	struct frame_out out;
};

static inline struct sample sample_of(size_t size)
{
	struct sample s = { .size = size };

	s.src = malloc(size);
	s.base = malloc(size);
	s.stored = malloc(size);
	s.back = malloc(size);
	return s;
}

static inline void sample_wipe(struct sample *s)
{
	free(s->src);
	free(s->base);
	free(s->stored);
	free(s->back);
}

static inline void round_trip(const struct codec *codec, enum dtype dtype,
                              struct sample *s, struct frame_scratch *scratch)
{
	struct err err = ERR_INIT;
	const struct frame_job job = job_of(codec, dtype, s->base, s->size, scratch);

	assert_int_equal(frame_encode(&job, s->src, s->stored, &s->out, &err), 0);
	assert_true(frame_out_valid(&s->out, dtype, s->size));
	/* Codecs sum a frame piece by piece as they restore it. */
	struct xxh128 sum = xxh128_of(s->src, s->size);
	assert_true(xxh128_equal(&sum, &s->out.sum));
	/* The decoder must need nothing but the stored bytes. */
	uint8_t *exact = malloc(s->out.stored + 1);
	memcpy(exact, s->stored, s->out.stored);
	memset(s->back, 0xee, s->size);
	assert_int_equal(frame_decode(&job, &s->out, exact, s->back, &err), 0);
	assert_memory_equal(s->back, s->src, s->size);
	assert_int_equal(err.code, 0);
	free(exact);
}

#endif
