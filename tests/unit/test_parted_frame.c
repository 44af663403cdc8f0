/* Frames in two halves: there and back, what bare values cost, and damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "codec/frame_scratch.h"
#include "codec/parts.h"
#include "tests/unit/job_of.h"

enum { VALUES = 40000, ROW = 100 };

static struct frame_scratch *scratch;

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	(void)state;
	return frame_scratch_new(&scratch, &err);
}

static int tear_down(void **state)
{
	(void)state;
	frame_scratch_free(scratch);
	return 0;
}

static uint64_t next(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return state >> 33;
}

/* A BF16 weight; its exponent is one of few. */
static uint16_t weight(void)
{
	uint64_t r = next();
	unsigned drop = (unsigned)__builtin_ctzll(next() | 64);

	return (uint16_t)((121 - drop) << 7 | (r & 127) | (r >> 8 & 1) << 15);
}

/* Weights near their prediction; what no part has is new, and predicted by 0. */
static void make(const struct parts *p, uint16_t *src, uint16_t *base)
{
	for (uint64_t i = 0; i < VALUES; i++) {
		struct part_run run = parts_run(p, i, 1);
		uint16_t w = weight();
		base[i] = run.part ? w : 0;
		src[i] = run.part ? (uint16_t)(w ^ (next() % 4 == 0)) : w;
	}
}

static size_t cost_of(const struct parts *p, uint16_t *src, uint16_t *base)
{
	struct frame_job f = job_of(codec_by_id(CODEC_ULP), DTYPE_BF16, (uint8_t *)base,
	                            2 * VALUES, scratch);
	f.parts = p;
	uint8_t *coded = malloc(f.size), *back = malloc(f.size);
	struct frame_out out;
	struct err err = ERR_INIT;

	assert_int_equal(frame_encode(&f, (uint8_t *)src, coded, &out, &err), 0);
	assert_int_equal(frame_decode(&f, &out, coded, back, &err), 0);
	assert_memory_equal(back, src, f.size);
	free(coded);
	free(back);
	return out.stored;
}

static size_t solo_cost(const uint16_t *src, size_t values)
{
	const struct frame_job job = job_of(codec_by_id(CODEC_FLOAT), DTYPE_BF16, NULL,
	                                    2 * values, scratch);
	uint8_t *coded = malloc(2 * values);
	struct frame_out out;
	struct err err = ERR_INIT;

	assert_int_equal(frame_encode(&job, (const uint8_t *)src, coded, &out, &err), 0);
	free(coded);
	return out.stored;
}

static void bare_values_cost_what_they_cost_alone(void **state)
{
	const struct parts all = { VALUES, 1, { { 0, 0, 1, 0, VALUES, 0, VALUES } } };
	static const struct parts cases[] = {
		{ VALUES, 1, { { 0, 0, 1, 0, VALUES / 2, 0, VALUES } } },   /* rows */
		{ ROW, 1, { { 0, 0, VALUES / ROW, 0, ROW / 2, 0, ROW } } }, /* columns */
		{ 2, 1, { { 0, 0, VALUES / 2, 1, 1, 0, 2 } } } /* every second value */
	};
	static uint16_t src[VALUES], base[VALUES];
	(void)state;

	make(&all, src, base);
	size_t near = cost_of(&all, src, base), alone = solo_cost(src, VALUES);
	assert_true(near < alone / 3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(&cases[i], src, base);
		size_t cost = cost_of(&cases[i], src, base);
		if (cost > (near + alone) / 2 * 103 / 100)
			fail_msg("case %zu: %zu bytes; %zu near, %zu alone", i, cost,
			         near, alone);
	}
}

static void new_zeros_cost_nothing(void **state)
{
	const struct parts p = { ROW,
		                 1,
		                 { { 0, 0, VALUES / ROW, 0, ROW - 24, 0, ROW } } };
	static uint16_t src[VALUES], base[VALUES], close[VALUES];
	size_t n = 0;
	(void)state;

	make(&p, src, base);
	for (uint64_t i = 0; i < VALUES; i++) {
		if (parts_run(&p, i, 1).part)
			close[n++] = src[i];
		else
			src[i] = 0;
	}
	const struct parts all = { n, 1, { { 0, 0, 1, 0, n, 0, n } } };
	struct frame_job f = job_of(codec_by_id(CODEC_ULP), DTYPE_BF16, NULL, 2 * n,
	                            scratch);
	f.parts = &all;
	uint8_t *near = malloc(f.size), *coded = malloc(f.size);
	struct frame_out out;
	struct err err = ERR_INIT;
	n = 0;
	for (uint64_t i = 0; i < VALUES; i++)
		if (parts_run(&p, i, 1).part)
			memcpy(near + 2 * n++, &base[i], 2);
	f.base = near;
	assert_int_equal(frame_encode(&f, (uint8_t *)close, coded, &out, &err), 0);
	assert_true(cost_of(&p, src, base) <= out.stored + 16);
	free(near);
	free(coded);
}

/* Random bytes of every dtype, some of them those of the base, at odd places. */
static void all_dtypes_come_back(void **state)
{
	const struct parts p = {
		30, 2, { { 0, 1, 2, 3, 17, 0, 17 }, { 0, 2, 3, 20, 10, 0, 10 } }
	};
	enum { N = 150 * 8 };
	uint8_t src[N], base[N], coded[N], back[N];
	(void)state;

	assert_null(parts_fault(&p, 150, 1));
	for (unsigned dtype = 0; dtype < DTYPE_COUNT; dtype++) {
		unsigned unit = dtype_unit((enum dtype)dtype);
		for (unsigned start = 0; start < 150; start += 1 + start) {
			struct frame_job f = job_of(
				codec_by_id(CODEC_BITX), (enum dtype)dtype, base,
				(150 - start) * (size_t)unit, scratch);
			f.parts = &p;
			f.start = start;
			struct frame_out out;
			struct err err = ERR_INIT;
			for (size_t i = 0; i < f.size; i++) {
				base[i] = (uint8_t)next();
				src[i] = next() % 8 ? base[i] : 5;
			}
			assert_int_equal(frame_encode(&f, src, coded, &out, &err), 0);
			memset(back, 0xee, sizeof(back));
			assert_int_equal(frame_decode(&f, &out, coded, back, &err), 0);
			assert_memory_equal(back, src, f.size);
		}
	}
}

static void a_frame_that_is_its_prediction_is_the_same(void **state)
{
	const struct parts p = { ROW, 1, { { 0, 0, VALUES / ROW, 0, ROW / 2, 0, ROW } } };
	static uint16_t src[VALUES], base[VALUES];
	(void)state;

	make(&p, src, base);
	memcpy(src, base, sizeof(src)); /* zeros where bare */
	assert_int_equal(cost_of(&p, src, base), 0);
}

/* Every byte changed, every cut: an error, or else the right content. */
static void damage_is_found(void **state)
{
	const struct parts p = { 20, 1, { { 0, 0, 30, 0, 15, 0, 15 } } };
	enum { N = 2 * 600 };
	uint16_t src[VALUES], base[VALUES];
	uint8_t coded[N], bad[N], back[N];
	struct frame_job f = job_of(codec_by_id(CODEC_ULP), DTYPE_BF16, (uint8_t *)base,
	                            N, scratch);
	struct frame_out out;
	struct err err = ERR_INIT;
	(void)state;

	f.parts = &p;
	make(&p, src, base);
	assert_int_equal(frame_encode(&f, (uint8_t *)src, coded, &out, &err), 0);
	assert_int_equal(out.mode, FRAME_CODED);
	for (size_t i = 0; i < out.stored; i++) {
		memcpy(bad, coded, out.stored);
		bad[i] ^= (uint8_t)(1 + next() % 255);
		int rc = frame_decode(&f, &out, bad, back, &err);
		assert_true(rc == ERR_DAMAGED || (rc == 0 && memcmp(back, src, N) == 0));
		struct frame_out cut = out;
		cut.stored = i;
		assert_int_equal(frame_decode(&f, &cut, coded, back, &err), ERR_DAMAGED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bare_values_cost_what_they_cost_alone),
		cmocka_unit_test(new_zeros_cost_nothing),
		cmocka_unit_test(all_dtypes_come_back),
		cmocka_unit_test(a_frame_that_is_its_prediction_is_the_same),
		cmocka_unit_test(damage_is_found),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
