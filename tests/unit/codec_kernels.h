/* What test_ulp.c and test_float.c do alike: a frame through one codec by every
 * kernel that the machine has, compared byte for byte. */
#ifndef ZLLM_TEST_CODEC_KERNELS_H
#define ZLLM_TEST_CODEC_KERNELS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/frame_scratch.h"
#include "codec/kernel/kernel.h"
#include "tests/unit/float_cases.h"
#include "tests/unit/job_of.h"

/* Which kernels: those that the machine has, unless the test says otherwise. */
#ifndef KERNEL_AT
#define KERNEL_AT kernel_at
#endif

/* A copy in an allocation of its own exact size, so that ASan sees what is read
 * beyond it. */
static inline uint8_t *exact(const uint8_t *from, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	assert_non_null(p);
	memcpy(p, from, n);
	return p;
}

static inline void restores(const struct frame_job *job, const uint8_t *coded, size_t n,
                            const uint8_t *src)
{
	struct err err = ERR_INIT;
	uint8_t *from = exact(coded, n), *back = malloc(job->size);

	assert_int_equal(job->codec->decode(job, from, n, back, &err), 0);
	assert_memory_equal(back, src, job->size);
	free(from);
	free(back);
}

/* Returns the bytes made, by whatever kernel: they are the same. */
static inline size_t all_kernels(const struct codec *codec, struct frame_scratch *scratch,
                                 const uint8_t *src, const uint8_t *base, size_t size,
                                 enum dtype dtype)
{
	/* Room for what does not get smaller: the coder is to be tested, not its
	 * use. */
	size_t cap = 2 * size + 4096, first = 0;
	uint8_t *made = malloc(cap), *again = malloc(cap);
	const struct frame_job job = job_of(codec, dtype, base, size, scratch);
	const struct kernel *k;

	assert_true(made && again);
	for (unsigned i = 0; (k = KERNEL_AT(i)) != NULL; i++) {
		scratch->kernel = k;
		size_t n = codec->encode(&job, src, i ? again : made, cap);
		first = i ? first : n;
		assert_int_equal(n, first);
		assert_memory_equal(i ? again : made, made, n);
	}
	for (unsigned i = 0; first && (k = KERNEL_AT(i)) != NULL; i++) {
		scratch->kernel = k;
		restores(&job, made, first, src);
	}
	free(made);
	free(again);
	return first;
}

/* One case: dtype, contents, values, and odd bytes after them. */
static inline size_t one_case(const struct codec *codec, struct frame_scratch *scratch,
                              enum dtype dtype, unsigned which, size_t size)
{
	uint8_t *src = malloc(size), *base = malloc(size);

	assert_true(src && base);
	case_fill(which, src, base, size, dtype);
	size_t n = all_kernels(codec, scratch, src, base, size, dtype);
	free(src);
	free(base);
	return n;
}

static inline void every_case(const struct codec *codec, struct frame_scratch *scratch)
{
	for (unsigned d = 0; d < CASE_DTYPES; d++) {
		size_t unit = dtype_unit(case_dtypes[d]);
		if (!codec->takes(case_dtypes[d]))
			continue;
		for (unsigned w = 0; w < CASES; w++) {
			for (unsigned i = 0; i < CASE_VALUES; i++)
				one_case(codec, scratch, case_dtypes[d], w,
				         case_values[i] * unit);
			for (size_t odd = 1; odd < unit; odd++)
				one_case(codec, scratch, case_dtypes[d], w,
				         2000 * unit + odd);
		}
	}
}

/* Damages each of some bytes, or cuts there: decoding ends in an error or in
 * other bytes, never outside its memory, whatever the kernel. */
static inline void every_damage(const struct codec *codec, struct frame_scratch *scratch,
                                enum dtype dtype)
{
	enum { VALUES = 20000 };
	size_t size = VALUES * dtype_unit(dtype), cap = 2 * size + 4096;
	uint8_t *src = malloc(size), *base = malloc(size), *made = malloc(cap);
	uint8_t *back = malloc(size);
	const struct kernel *k;

	assert_true(src && base && made && back);
	case_fill(2, src, base, size, dtype);
	const struct frame_job job = job_of(codec, dtype, base, size, scratch);
	size_t n = codec->encode(&job, src, made, cap);
	assert_true(n > 0);
	for (size_t at = 0; at < n; at += at < 700 ? 1 : 997) {
		struct err err = ERR_INIT;
		scratch->kernel = k = KERNEL_AT(at % 3) ? KERNEL_AT(at % 3)
		                                        : KERNEL_AT(0);
		uint8_t *bad = exact(made, n), *cut = exact(made, at);
		bad[at] ^= (uint8_t)(1u << at % 8);
		codec->decode(&job, bad, n, back, &err);
		assert_int_equal(codec->decode(&job, cut, at, back, &err), ERR_DAMAGED);
		free(bad);
		free(cut);
	}
	free(src);
	free(base);
	free(made);
	free(back);
}

/* Frames of up to FRAME_MAX bytes are allowed, but of small values these are more
 * than a codec has room for. `made` is large enough for any that it believed. */
static inline void too_many_values(const struct codec *codec,
                                   struct frame_scratch *scratch, enum dtype dtype,
                                   const uint8_t *made, size_t n)
{
	uint8_t *src = malloc(FRAME_MAX), *back = malloc(FRAME_MAX);
	uint8_t *room = malloc(2 * FRAME_MAX);
	struct err err = ERR_INIT;

	assert_true(src && back && room);
	case_fill(2, src, back, FRAME_MAX, dtype);
	const struct frame_job job = job_of(codec, dtype, src, FRAME_MAX, scratch);
	assert_int_equal(codec->decode(&job, made, n, back, &err), ERR_DAMAGED);
	assert_int_equal(codec->encode(&job, src, room, 2 * FRAME_MAX), 0);
	free(src);
	free(back);
	free(room);
}

static inline int kernels_setup(void **state)
{
	struct frame_scratch *s = NULL;
	struct err err = ERR_INIT;

	if (frame_scratch_new(&s, &err))
		return -1;
	*state = s;
	return 0;
}

static inline int kernels_teardown(void **state)
{
	frame_scratch_free(*state);
	return 0;
}

/* Reads tensor bytes of test data from about the middle of a model, which is
 * within its weights; NULL, having said so, when there is none. */
static inline uint8_t *real_values(const char *model, size_t size)
{
	const char *folder = getenv("ZLLM_DATA");
	char path[512];

	if (!folder) {
		print_message("ZLLM_DATA is unset: no real weights\n");
		return NULL;
	}
	snprintf(path, sizeof(path), "%s/%s/model.safetensors", folder, model);
	FILE *f = fopen(path, "rb");
	if (!f) {
		print_message("no %s\n", path);
		return NULL;
	}
	uint8_t *bytes = malloc(size);
	assert_non_null(bytes);
	fseek(f, 0, SEEK_END);
	fseek(f, ftell(f) / 4 * 2, SEEK_SET);
	assert_int_equal(fread(bytes, 1, size, f), size);
	fclose(f);
	return bytes;
}

#endif
