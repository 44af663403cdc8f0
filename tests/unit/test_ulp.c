/* The codec ulp: all kernels alike, every value restored, damage refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/le.h"
#include "codec/kernel/ulp_token.h"
#include "tests/unit/codec_kernels.h"

static void every_content_comes_back_by_every_kernel(void **state)
{
	every_case(&codec_ulp, *state);
}

static void damage_stays_within_bounds(void **state)
{
	static const enum dtype dtypes[] = { DTYPE_BF16, DTYPE_F32, DTYPE_F8_E4M3,
		                             DTYPE_I8 };

	for (int i = 0; i < 4; i++)
		every_damage(&codec_ulp, *state, dtypes[i]);
}

static void distances_of_all_pairs_return(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 65536; v += 7)
		for (unsigned b = 0; b < 65536; b += 251)
			assert_int_equal(
				ulp16_value(ulp16_distance((uint16_t)v, (uint16_t)b),
			                    (uint16_t)b),
				v);
	for (unsigned v = 0; v < 256; v++)
		for (unsigned b = 0; b < 256; b++)
			assert_int_equal(ulp8_value(ulp8_distance((uint8_t)v, (uint8_t)b),
			                            (uint8_t)b),
			                 v);
	for (unsigned v = 0; v < 65536; v++)
		assert_int_equal(
			integer8_value(integer8_distance((uint8_t)v, (uint8_t)(v >> 8)),
		                       (uint8_t)(v >> 8)),
			v & 255);
	uint64_t seed = 9;
	for (int i = 0; i < 100000; i++) {
		uint32_t v = (uint32_t)(case_next(&seed) << 1 ^ case_next(&seed));
		uint32_t b = (uint32_t)(case_next(&seed) << 1 ^ case_next(&seed));
		assert_true(ulp32_value(ulp32_distance(v, b), b) == v);
	}
}

static void growth_has_one_sign(void **state)
{
	(void)state;
	/* One unit away from zero is -1 or 1 alike on both sides. */
	assert_int_equal(ulp16_distance(0x3f81, 0x3f80), 2);
	assert_int_equal(ulp16_distance(0xbf81, 0xbf80), 2);
	assert_int_equal(ulp16_distance(0x3f7f, 0x3f80), 1);
	assert_int_equal(ulp16_distance(0xbf7f, 0xbf80), 1);
	/* The two zeros are neighbours. */
	assert_int_equal(ulp16_distance(0x8000, 0x0000), 1);
	assert_int_equal(ulp16_distance(0x0000, 0x8000), 1);
}

static void what_did_not_move_costs_next_to_nothing(void **state)
{
	enum { VALUES = 262144 };

	/* 0.081 bits a value are the entropy of one in a hundred. */
	size_t n = one_case(&codec_ulp, *state, DTYPE_BF16, 3, VALUES * 2);
	assert_in_range(n, 1, VALUES / 8 * 11 / 100);
}

/* The worked examples of docs/format-ulp-float.md: these bytes never change. */
static const uint8_t example_base[] = { 0x80, 0x3f, 0x80, 0x3f, 0x80, 0x3f, 0x80, 0x3f };
static const uint8_t example[] = { 0x80, 0x3f, 0x80, 0x3f, 0x81, 0x3f, 0x80, 0x3f };

static void the_documented_frame_is_made_and_read(void **state)
{
	static const uint8_t coded[] = {
		0x80, 0x03, 0x00, 0x20, 0x00, 0x10, /* tables */
		0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
		0,    0,                                                    /* nibbles */
		0x01, 0x00, 0x10, 0x00, 0x00, 0x01, 0x40, 0x10, 0x00, 0x00, /* states */
	};
	const struct frame_job job = job_of(&codec_ulp, DTYPE_BF16, example_base,
	                                    sizeof(example), *state);
	uint8_t made[4096];

	size_t n = codec_ulp.encode(&job, example, made, sizeof(made));
	assert_int_equal(n, sizeof(coded));
	assert_memory_equal(made, coded, n);
	restores(&job, coded, n, example);
}

static void frames_of_version_1_are_read(void **state)
{
	static const uint8_t coded[] = {
		0x80, 0x03, 0x00, 0x00, 0xff, 0xff, 0x5f, 0x00, 0xe0, 0x3f, /* tables */
		0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
		0,    0,    0x00, 0xaa, 0,    0,    0x00, 0xaa, 0,    0, /* states */
		0x00, 0x06, 2,    0,    0x00, 0xaa, 0,    0,
	};
	const struct frame_job job = job_of(&codec_ulp, DTYPE_BF16, example_base,
	                                    sizeof(example), *state);
	struct err err = ERR_INIT;
	uint8_t back[sizeof(example)];

	assert_int_equal(codec_ulp.decode_v1(&job, coded, sizeof(coded), back, &err), 0);
	assert_memory_equal(back, example, sizeof(back));
	for (size_t n = 0; n < sizeof(coded); n++) {
		uint8_t *cut = exact(coded, n);
		assert_int_equal(codec_ulp.decode_v1(&job, cut, n, back, &err),
		                 ERR_DAMAGED);
		free(cut);
	}
}

/* What follows the head claims 28 raw bits for each of 512 Ki values. */
static void frames_of_too_many_values_are_refused(void **state)
{
	static const uint8_t head[] = { 0x80, 0x03, 0x00, 0x20, 0x00, 0x10 };
	static const enum dtype dtypes[] = { DTYPE_F32, DTYPE_BF16, DTYPE_F8_E5M2 };
	size_t size = FRAME_MAX - 1;
	uint8_t *made = calloc(1, size);

	assert_non_null(made);
	memcpy(made, head, sizeof(head));
	le32_store(made + sizeof(head), FRAME_MAX / 4 * 28);
	for (int i = 0; i < 3; i++)
		too_many_values(&codec_ulp, *state, dtypes[i], made, size);
	free(made);
}

static void real_weights_come_back(void **state)
{
	enum { SIZE = 512 * 1024 };
	uint8_t *src = real_values("sft-a", SIZE), *base = real_values("base", SIZE);

	if (!src || !base)
		skip();
	size_t n = all_kernels(&codec_ulp, *state, src, base, SIZE, DTYPE_BF16);
	assert_in_range(n, 1, SIZE * 25 / 100);
	free(src);
	free(base);
}

enum { COUNTED = 1000, COUNTS = 64 * KERNEL_STRIDE };

/* Some values, their tokens, and where they are placed. */
struct counted {
	uint8_t low[KERNEL_CLASSES], table[KERNEL_CLASSES][KERNEL_WINDOW];
	uint8_t classes[COUNTED / KERNEL_BLOCK + 1], base[2 * COUNTED];
	uint16_t tokens[COUNTED];
	uint32_t counts[KERNEL_COUNTERS][COUNTS];
};

/* Tables of any numbers, blocks of any class, tokens that cannot be as well. */
static void fill_counted(struct counted *c, uint64_t *seed)
{
	for (int k = 0; k < KERNEL_CLASSES; k++) {
		c->low[k] = (uint8_t)case_next(seed);
		for (int i = 0; i < KERNEL_WINDOW; i++)
			c->table[k][i] = case_next(seed) % 64;
	}
	for (size_t i = 0; i < sizeof(c->classes); i++)
		c->classes[i] = case_next(seed) % KERNEL_CLASSES;
	for (int i = 0; i < 2 * COUNTED; i++)
		c->base[i] = (uint8_t)case_next(seed);
	for (int i = 0; i < COUNTED; i++)
		c->tokens[i] = case_next(seed) % KERNEL_STRIDE;
	memset(c->counts, 0, sizeof(c->counts));
}

static void counts_what_it_places(const struct kernel *kernel, struct counted *c,
                                  size_t n)
{
	struct placing p = { 7, 0xff, c->low, c->table, c->classes };
	uint32_t *const counts[] = { c->counts[0], c->counts[1], c->counts[2],
		                     c->counts[3] };
	uint16_t index[COUNTED], ctx[COUNTED];

	kernel_by_name("portable")->place16(&p, c->base, n, ctx);
	memcpy(index, c->tokens, sizeof(index));
	kernel->count16(&p, c->base, n, index, counts);
	for (size_t i = 0; i < COUNTED; i++)
		assert_int_equal(index[i],
		                 c->tokens[i] + (i < n ? ctx[i] * KERNEL_STRIDE : 0));
	for (size_t i = 0; i < n; i++)
		counts[0][index[i]]--;
	for (size_t i = 0; i < COUNTS; i++)
		assert_int_equal(
			counts[0][i] + counts[1][i] + counts[2][i] + counts[3][i], 0);
}

static void every_kernel_counts_what_it_places(void **state)
{
	struct counted *c = malloc(sizeof(*c));
	uint64_t seed = 11;

	(void)state;
	assert_non_null(c);
	for (size_t round = 0; round < 40; round++) {
		size_t n = round < 20 ? round : COUNTED - round;
		for (unsigned k = 0; kernel_at(k); k++) {
			fill_counted(c, &seed);
			counts_what_it_places(kernel_at(k), c, n);
		}
	}
	free(c);
}

static void every_kernel_scores_alike(void **state)
{
	const struct kernel *plain = kernel_by_name("portable");
	uint16_t tokens[KERNEL_BLOCK], ctx[KERNEL_BLOCK];
	uint64_t seed = 12;

	(void)state;
	for (size_t n = 0; n <= KERNEL_BLOCK; n++) {
		for (size_t i = 0; i < KERNEL_BLOCK; i++) {
			tokens[i] = case_next(&seed) % (n % 3 ? 70 : TOKENS_16);
			ctx[i] = n % 5 ? case_next(&seed) % KERNEL_WINDOW
			               : KERNEL_WINDOW - 1;
		}
		for (unsigned k = 0; kernel_at(k); k++)
			assert_int_equal(kernel_at(k)->score(tokens, ctx, n),
			                 plain->score(tokens, ctx, n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_content_comes_back_by_every_kernel),
		cmocka_unit_test(damage_stays_within_bounds),
		cmocka_unit_test(distances_of_all_pairs_return),
		cmocka_unit_test(growth_has_one_sign),
		cmocka_unit_test(what_did_not_move_costs_next_to_nothing),
		cmocka_unit_test(the_documented_frame_is_made_and_read),
		cmocka_unit_test(frames_of_version_1_are_read),
		cmocka_unit_test(frames_of_too_many_values_are_refused),
		cmocka_unit_test(real_weights_come_back),
		cmocka_unit_test(every_kernel_counts_what_it_places),
		cmocka_unit_test(every_kernel_scores_alike),
	};
	return cmocka_run_group_tests(tests, kernels_setup, kernels_teardown);
}
