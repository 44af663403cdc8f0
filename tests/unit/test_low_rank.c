/*
 * Low-rank products: as parameters, as predictions by every kernel, in frames, and the
 * search for them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/cast.h"
#include "codec/codec_table.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "codec/frame_scratch.h"
#include "codec/kernel/kernel.h"
#include "codec/low_rank.h"
#include "codec/low_rank_fit.h"
#include "codec/low_rank_frame.h"
#include "codec/low_rank_matrix.h"
#include "codec/parts.h"
#include "codec/record.h"

static uint64_t state = 7;

static uint32_t next_random(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 32);
}

/* About bell shaped, of deviation 1. */
static float bell(void)
{
	float sum = 0;

	for (int i = 0; i < 12; i++)
		sum += (float)next_random() / 4294967296.0f - 0.5f;
	return sum;
}

static struct low_rank *random_product(unsigned rank, size_t row, int scale, int most)
{
	int16_t *right = malloc(rank * row * sizeof(*right));
	struct low_rank *l;
	struct err err = ERR_INIT;

	assert_non_null(right);
	for (size_t i = 0; i < rank * row; i++)
		right[i] = (int16_t)((int)(next_random() % (2 * (unsigned)most + 1)) -
		                     most);
	assert_int_equal(
		low_rank_new(&(struct low_rank_factors){ rank, row, scale, right }, &l,
	                     &err),
		0);
	free(right);
	return l;
}

static bool equal(const struct low_rank *a, const struct low_rank *b)
{
	if (a->rank != b->rank || a->row != b->row || a->scale != b->scale)
		return false;
	for (unsigned k = 0; k < a->rank; k++)
		for (size_t i = 0; i < a->row; i++)
			if (low_rank_right(a, k, i) != low_rank_right(b, k, i))
				return false;
	return memcmp(a->greatest, b->greatest, sizeof(a->greatest)) == 0;
}

/* ---------------------------------------------------------------- parameters */

static void parameters_come_back(void **state_)
{
	static const struct {
		unsigned rank;
		size_t row;
		int scale, most;
	} cases[] = { { 1, 1, 0, 5 },        { 2, 30, -20, 100 }, { 7, 333, -100, 3000 },
		      { 64, 64, 60, 32767 }, { 3, 1000, -30, 0 }, { 5, 40, -1, 1 } };
	struct err err = ERR_INIT;

	(void)state_;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct low_rank *l = random_product(cases[i].rank, cases[i].row,
		                                    cases[i].scale, cases[i].most);
		struct low_rank *back = NULL, *copy = NULL, *none = NULL;
		struct buf b = BUF_INIT;
		low_rank_format(l, &b);
		assert_int_equal(b.size, low_rank_size(l));
		assert_int_equal(low_rank_parse(b.data, b.size, &back, &err), 0);
		assert_true(equal(l, back));
		assert_int_equal(low_rank_copy(back, &copy, &err), 0);
		assert_true(equal(l, copy));
		/* Not one byte less or more, and no reserved one. */
		for (size_t n = 0; n < b.size; n++)
			assert_int_equal(low_rank_parse(b.data, n, &none, &err),
			                 ERR_DAMAGED);
		assert_null(none);
		low_rank_free(copy);
		low_rank_free(l);
		b.data[12] = 1;
		assert_int_equal(low_rank_parse(b.data, b.size, &none, &err), ERR_FORMAT);
		assert_null(none);
		low_rank_free(back);
		buf_wipe(&b);
	}
}

static void extreme_factors_come_back(void **state_)
{
	int16_t right[8] = { INT16_MIN, INT16_MAX, 0, -1, 1, INT16_MIN, 2, -2 };
	struct low_rank *l, *back;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;

	(void)state_;
	assert_int_equal(
		low_rank_new(&(struct low_rank_factors){ 1, 8, 0, right }, &l, &err), 0);
	assert_int_equal(l->greatest[0], 32768);
	low_rank_format(l, &b);
	assert_int_equal(low_rank_parse(b.data, b.size, &back, &err), 0);
	assert_true(equal(l, back));
	low_rank_free(l);
	low_rank_free(back);
	buf_wipe(&b);
}

/* ---------------------------------------------------------------- kernels */

enum { COLUMNS = 150, PAIRS = 3 };

/* Exact room on both sides, so that ASan sees a byte too many. */
static void every_kernel_predicts_the_same(void **state_)
{
	const struct kernel *k, *portable = kernel_by_name("portable");

	(void)state_;
	for (size_t n = 0; n <= COLUMNS; n += n < 70 ? 1 : 40) {
		size_t stride = 2 * n;
		int16_t left[2 * PAIRS], *right = malloc(PAIRS * stride * 2 + 1);
		int32_t *sums = malloc(n * 4 + 1), *others = malloc(n * 4 + 1);
		uint8_t *base = malloc(2 * n + 1), *a = malloc(2 * n + 1),
			*b = malloc(2 * n + 1);
		assert_true(right && sums && others && base && a && b);
		for (size_t i = 0; i < 2 * PAIRS; i++)
			left[i] = (int16_t)(next_random() % 20001 - 10000);
		for (size_t i = 0; i < PAIRS * stride; i++)
			right[i] = (int16_t)(next_random() % 20001 - 10000);
		for (size_t i = 0; i < 2 * n; i++)
			base[i] = (uint8_t)(next_random() % 5 ? next_random() : 0xff);
		portable->product(left, right, stride, PAIRS, n, sums);
		for (size_t i = 0; i < n; i += 5)
			sums[i] = i % 10 ? INT32_MAX : 0;
		portable->add16(sums, 1.0f / (1 << 20), base, n, a);
		for (unsigned i = 0; (k = kernel_at(i)) != NULL; i++) {
			k->product(left, right, stride, PAIRS, n, others);
			for (size_t c = 0; c < n; c += 5)
				others[c] = c % 10 ? INT32_MAX : 0;
			assert_memory_equal(others, sums, n * 4);
			k->add16(sums, 1.0f / (1 << 20), base, n, b);
			assert_memory_equal(a, b, 2 * n);
		}
		free(right);
		free(sums);
		free(others);
		free(base);
		free(a);
		free(b);
	}
}

/* The fitting halves need not agree to the bit. */
static void every_kernel_multiplies(void **state_)
{
	enum { ROWS = 11, WIDE = 37, RANK = 5 };
	float rows[ROWS * WIDE], to[RANK * WIDE], by[ROWS * RANK];
	const struct kernel *k;

	(void)state_;
	for (size_t i = 0; i < ROWS * WIDE; i++)
		rows[i] = bell();
	for (size_t i = 0; i < RANK * WIDE; i++)
		to[i] = bell();
	for (size_t i = 0; i < ROWS * RANK; i++)
		by[i] = bell();
	for (unsigned i = 0; (k = kernel_at(i)) != NULL; i++) {
		float out[ROWS * RANK], sums[RANK * WIDE] = { 0 };
		k->project(rows, ROWS, WIDE, to, RANK, out);
		k->spread(rows, ROWS, WIDE, by, RANK, sums);
		for (size_t r = 0; r < ROWS; r++) {
			for (size_t c = 0; c < RANK; c++) {
				double sum = 0;
				for (size_t x = 0; x < WIDE; x++)
					sum += (double)rows[r * WIDE + x] *
					       to[c * WIDE + x];
				assert_true(fabs(sum - out[r * RANK + c]) < 1e-4);
			}
		}
		for (size_t c = 0; c < RANK * WIDE; c++) {
			double sum = 0;
			for (size_t r = 0; r < ROWS; r++)
				sum += (double)by[r * RANK + c / WIDE] *
				       rows[r * WIDE + c % WIDE];
			assert_true(fabs(sum - sums[c]) < 1e-4);
		}
	}
}

/* ---------------------------------------------------------------- frames */

struct pair {
	size_t rows, row;
	enum dtype dtype;
	uint8_t *base, *blob;
	size_t size;
};

/* A base, and a blob that lies off it by `rank` directions and some noise. */
static struct pair make_pair(size_t rows, size_t row, enum dtype dtype, unsigned rank,
                             float noise)
{
	size_t n = rows * row, unit = dtype_unit(dtype);
	struct pair p = {
		rows, row, dtype, malloc(n * unit), malloc(n * unit), n * unit
	};
	float *left = malloc((rows * rank + 1) * 4),
	      *right = malloc((row * rank + 1) * 4);

	assert_true(p.base && p.blob && left && right);
	for (size_t i = 0; i < rows * rank; i++)
		left[i] = bell() * 3e-4f;
	for (size_t i = 0; i < row * rank; i++)
		right[i] = bell();
	for (size_t i = 0; i < n; i++) {
		float v = bell() * 0.02f;
		uint8_t *base = p.base + i * unit, *blob = p.blob + i * unit;
		uint32_t bits;
		memcpy(&bits, &v, 4);
		if (dtype == DTYPE_BF16)
			bits &= 0xffff0000;
		if (dtype == DTYPE_F16)
			bits &= 0xffffe000;
		memcpy(&v, &bits, 4);
		float moved = v + noise * bell();
		for (unsigned k = 0; k < rank; k++)
			moved += left[i / row * rank + k] * right[i % row * rank + k];
		if (dtype == DTYPE_F32) {
			memcpy(base, &v, 4);
			memcpy(blob, &moved, 4);
			continue;
		}
		cast_values(DTYPE_F32, dtype, (uint8_t *)&v, 1, base);
		cast_values(DTYPE_F32, dtype, (uint8_t *)&moved, 1, blob);
	}
	free(left);
	free(right);
	return p;
}

static void pair_free(struct pair *p)
{
	free(p->base);
	free(p->blob);
}

static struct frame_job frame_of(const struct pair *p, struct frame_scratch *scratch,
                                 const struct low_rank *l)
{
	return (struct frame_job){ .codec = codec_by_id(CODEC_ULP),
		                   .dtype = p->dtype,
		                   .base = p->base,
		                   .size = p->size,
		                   .scratch = scratch,
		                   .low_rank = l };
}

/* The product that the search finds, or NULL. */
static struct low_rank *find(const struct pair *p)
{
	size_t n = p->rows * p->row;
	float *distance = malloc(n * sizeof(*distance));
	struct low_rank_axes axes;
	struct low_rank *l = NULL;
	struct err err = ERR_INIT;
	double bits;

	assert_non_null(distance);
	low_rank_distance(p->dtype, p->blob, p->base, n, distance);
	const struct low_rank_rows rows = { distance, p->rows, p->row, kernel_best() };
	assert_int_equal(low_rank_axes_find(&rows, 16, &axes, &err), 0);
	unsigned rank = low_rank_axes_best(&axes, p->rows, &bits);
	if (rank)
		assert_int_equal(low_rank_of_axes(&axes, rank, p->rows, &l, &err), 0);
	low_rank_axes_wipe(&axes);
	free(distance);
	return l;
}

/* Codes and restores, by every kernel; returns the bytes it took. */
static size_t there_and_back(const struct pair *p, const struct low_rank *l,
                             enum frame_mode *mode)
{
	struct frame_scratch *scratch;
	struct err err = ERR_INIT;
	struct frame_out out;
	uint8_t *coded = malloc(p->size), *back = malloc(p->size);
	const struct kernel *k;

	assert_true(coded && back);
	assert_int_equal(frame_scratch_new(&scratch, &err), 0);
	struct frame_job f = frame_of(p, scratch, l);
	assert_int_equal(frame_encode(&f, p->blob, coded, &out, &err), 0);
	uint8_t *exact = malloc(out.stored + 1);
	assert_non_null(exact);
	memcpy(exact, coded, out.stored);
	for (unsigned i = 0; (k = kernel_at(i)) != NULL; i++) {
		scratch->kernel = k;
		memset(back, 0xaa, p->size);
		assert_int_equal(frame_decode(&f, &out, exact, back, &err), 0);
		assert_memory_equal(back, p->blob, p->size);
	}
	frame_scratch_free(scratch);
	free(coded);
	free(exact);
	free(back);
	*mode = out.mode;
	return out.stored;
}

static void frames_come_back_smaller(void **state_)
{
	static const struct {
		size_t rows, row;
		enum dtype dtype;
		unsigned rank;
		float noise;
	} cases[] = {
		{ 200, 300, DTYPE_BF16, 4, 0 },    { 200, 300, DTYPE_BF16, 3, 1e-4f },
		{ 150, 200, DTYPE_F16, 2, 2e-5f }, { 150, 200, DTYPE_F32, 5, 1e-5f },
		{ 64, 4096, DTYPE_BF16, 1, 0 },    { 3000, 40, DTYPE_BF16, 1, 0 },
	};
	enum frame_mode mode;

	(void)state_;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair p = make_pair(cases[i].rows, cases[i].row, cases[i].dtype,
		                          cases[i].rank, cases[i].noise);
		struct low_rank *l = find(&p);
		assert_non_null(l);
		assert_in_range(l->rank, cases[i].rank, cases[i].rank + 2);
		size_t plain = there_and_back(&p, NULL, &mode);
		size_t with = there_and_back(&p, l, &mode) + low_rank_size(l);
		assert_int_equal(mode, FRAME_CODED);
		assert_true(with < plain * 9 / 10);
		low_rank_free(l);
		pair_free(&p);
	}
}

static void nothing_is_found_in_noise(void **state_)
{
	struct pair p = make_pair(300, 200, DTYPE_BF16, 0, 1e-3f);
	struct low_rank *l = find(&p);

	(void)state_;
	assert_null(l);
	memcpy(p.blob, p.base, p.size);
	assert_null(find(&p));
	pair_free(&p);
}

/* A frame that the base alone predicts better, or that needs no codec. */
static void frames_that_gain_nothing_cost_nothing(void **state_)
{
	struct pair p = make_pair(100, 64, DTYPE_BF16, 2, 0);
	struct low_rank *l = find(&p);
	enum frame_mode mode;

	(void)state_;
	assert_non_null(l);
	memcpy(p.blob, p.base, p.size);
	there_and_back(&p, l, &mode);
	assert_int_equal(mode, FRAME_SAME);
	p.blob[100] ^= 1;
	there_and_back(&p, l, &mode);
	assert_int_equal(mode, FRAME_SPARSE);
	for (size_t i = 0; i < p.size; i += 2)
		p.blob[i] ^= (uint8_t)(next_random() % 4);
	size_t with = there_and_back(&p, l, &mode), plain;
	plain = there_and_back(&p, NULL, &mode);
	assert_true(with <= plain);
	memset(p.blob, 0x3f, p.size);
	there_and_back(&p, l, &mode);
	assert_int_equal(mode, FRAME_FILL);
	low_rank_free(l);
	pair_free(&p);
}

static void values_that_are_no_numbers_stay(void **state_)
{
	static const uint16_t special[] = { 0x7f80, 0xff80, 0x7fc0, 0xffff,
		                            0x8000, 0x0001, 0x7f7f };
	struct pair p = make_pair(200, 100, DTYPE_BF16, 2, 0);
	enum frame_mode mode;

	(void)state_;
	for (size_t i = 0; i < 14; i++) {
		memcpy(p.base + 2 * (37 + 211 * i), &special[i % 7], 2);
		memcpy(p.blob + 2 * (37 + 211 * i), &special[i % 7], 2);
		memcpy(p.base + 2 * (5000 + 211 * i), &special[i % 7], 2);
		memcpy(p.blob + 2 * (9000 + 211 * i), &special[i % 7], 2);
	}
	struct low_rank *l = find(&p);
	if (l) {
		there_and_back(&p, l, &mode);
		low_rank_free(l);
	}
	l = random_product(3, 100, 60, 32767);
	struct err err = ERR_INIT;
	assert_int_equal(low_rank_solve(l, &err), 0);
	there_and_back(&p, l, &mode);
	low_rank_free(l);
	pair_free(&p);
}

static void damage_is_found(void **state_)
{
	struct pair p = make_pair(40, 60, DTYPE_BF16, 3, 1e-4f);
	struct low_rank *l = find(&p);
	struct frame_scratch *scratch;
	struct err err = ERR_INIT;
	struct frame_out out;
	uint8_t *coded = malloc(p.size), *back = malloc(p.size);

	(void)state_;
	assert_true(l && coded && back);
	assert_int_equal(frame_scratch_new(&scratch, &err), 0);
	struct frame_job f = frame_of(&p, scratch, l);
	assert_int_equal(frame_encode(&f, p.blob, coded, &out, &err), 0);
	assert_int_equal(out.mode, FRAME_CODED);
	unsigned taken = 0;
	for (size_t i = 0; i < out.stored; i++) {
		coded[i] ^= 1 << i % 8;
		int rc = frame_decode(&f, &out, coded, back, &err);
		assert_true(rc == 0 || rc == ERR_DAMAGED);
		if (!rc)
			assert_memory_equal(back, p.blob, p.size);
		taken += !rc;
		coded[i] ^= 1 << i % 8;
	}
	/* Bits that fill up a byte, and factors that move no value by half a step. */
	assert_true(taken < out.stored / 10);
	for (struct frame_out cut = out; cut.stored-- > 1;) {
		uint8_t *exact = malloc(cut.stored);
		assert_non_null(exact);
		memcpy(exact, coded, cut.stored);
		assert_int_equal(frame_decode(&f, &cut, exact, back, &err), ERR_DAMAGED);
		free(exact);
	}
	frame_scratch_free(scratch);
	low_rank_free(l);
	pair_free(&p);
	free(coded);
	free(back);
}

/* ---------------------------------------------------------------- records */

static void a_head_keeps_its_product(void **state_)
{
	struct record_basis basis = { .base_count = 1 };
	struct low_rank *l = random_product(3, 1000, -20, 50);
	struct record_head head, back;
	struct err err = ERR_INIT;
	struct buf b = BUF_INIT;
	uint64_t body;
	size_t size;

	(void)state_;
	basis.bases[0].dtype = DTYPE_F32;
	assert_int_equal(record_head_init(&head, codec_by_id(CODEC_ULP), DTYPE_BF16,
	                                  2 * 1000 * 600, &basis, &err),
	                 0);
	assert_int_equal(record_head_add_low_rank(&head, l, &err), 0);
	assert_int_equal(head.frame_size, 2 * 1000 * 262);
	assert_int_equal(head.frame_count, 3);
	for (uint32_t i = 0; i < 3; i++)
		head.frames[i] = (struct frame_out){ .mode = FRAME_CODED, .stored = 9 };
	assert_int_equal(record_head_format(&head, &b, &err), 0);
	assert_int_equal(b.size, record_head_size(&head));
	assert_int_equal(record_head_measure(b.data, 64, &size, &err), 0);
	assert_int_equal(size, b.size);
	assert_int_equal(record_head_parse(b.data, b.size, &back, &body, &err), 0);
	assert_int_equal(back.prediction, PREDICTION_LOW_RANK);
	assert_int_equal(back.basis.bases[0].dtype, DTYPE_F32);
	assert_int_equal(body, 27);
	assert_true(equal(back.low_rank, l));
	record_head_wipe(&head);
	record_head_wipe(&back);
	low_rank_free(l);
	buf_wipe(&b);
}

static void a_head_refuses_what_does_not_suit(void **state_)
{
	static const struct {
		enum codec_id codec;
		enum dtype dtype;
		uint64_t size;
		size_t row;
	} cases[] = { { CODEC_BITX, DTYPE_BF16, 2000, 100 },
		      { CODEC_ULP, DTYPE_I8, 1000, 100 },
		      { CODEC_ULP, DTYPE_BF16, 2002, 100 },
		      { CODEC_ULP, DTYPE_BF16, 0, 100 },
		      { CODEC_ULP, DTYPE_BF16, 2 * 300000, 300000 } };
	struct err err = ERR_INIT;

	(void)state_;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record_basis basis = { .base_count = 1 };
		struct low_rank *l = random_product(2, cases[i].row, -20, 50);
		struct record_head head;
		basis.bases[0].dtype = cases[i].dtype;
		assert_int_equal(record_head_init(&head, codec_by_id(cases[i].codec),
		                                  cases[i].dtype, cases[i].size, &basis,
		                                  &err),
		                 0);
		assert_int_equal(record_head_add_low_rank(&head, l, &err), ERR_INPUT);
		record_head_wipe(&head);
		low_rank_free(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_come_back),
		cmocka_unit_test(extreme_factors_come_back),
		cmocka_unit_test(every_kernel_predicts_the_same),
		cmocka_unit_test(every_kernel_multiplies),
		cmocka_unit_test(frames_come_back_smaller),
		cmocka_unit_test(nothing_is_found_in_noise),
		cmocka_unit_test(frames_that_gain_nothing_cost_nothing),
		cmocka_unit_test(values_that_are_no_numbers_stay),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(a_head_keeps_its_product),
		cmocka_unit_test(a_head_refuses_what_does_not_suit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
