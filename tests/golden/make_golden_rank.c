/*
 * Makes the golden records with a low-rank product, as make_golden.c the others:
 * `make_golden_rank DIR`.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cast.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/sha256.h"
#include "codec/low_rank.h"
#include "codec/low_rank_matrix.h"
#include "codec/record.h"
#include "tests/golden/golden_record.h"
#include "tests/golden/golden_values.h"

enum { SPECIAL = 64 }; /* as noise: no noise, but a base of values that are no numbers */

struct golden_rank {
	const char *name;
	enum dtype dtype, base_dtype;
	size_t rows, row;
	unsigned rank;
	unsigned noise;
	size_t frame_rows; /* 0: as many as a frame has */
};

static const struct golden_rank ranked[] = {
	{ "rank-bf16", DTYPE_BF16, DTYPE_BF16, 60, 70, 5, 3, 0 },
	{ "rank-bf16-even", DTYPE_BF16, DTYPE_BF16, 30, 96, 2, 2, 0 },
	{ "rank-f16", DTYPE_F16, DTYPE_F16, 40, 50, 3, 4, 0 },
	{ "rank-f32", DTYPE_F32, DTYPE_F32, 40, 50, 3, 12, 0 },
	{ "rank-exact", DTYPE_BF16, DTYPE_BF16, 40, 64, 1, 0, 0 },
	{ "rank-frames", DTYPE_BF16, DTYPE_BF16, 50, 40, 4, 2, 15 },
	{ "rank-cast", DTYPE_BF16, DTYPE_F32, 40, 50, 4, 2, 0 },
	{ "rank-special", DTYPE_BF16, DTYPE_BF16, 40, 50, 2, SPECIAL, 0 },
	{ "rank-special-f16", DTYPE_F16, DTYPE_F16, 40, 50, 2, SPECIAL, 0 },
	{ "rank-special-f32", DTYPE_F32, DTYPE_F32, 40, 50, 2, SPECIAL, 0 },
	{ "rank-wide", DTYPE_BF16, DTYPE_BF16, 3, 1500, 1, 2, 0 },
};

/* -100 to 100, about bell shaped. */
static int random_factor(void)
{
	int sum = 0;

	for (int i = 0; i < 4; i++)
		sum += (int)(next_random() % 51) - 25;
	return sum;
}

/* Infinities, NaNs, zeros of both signs, the largest and the smallest values. */
static uint64_t special_weight(enum dtype dtype, uint64_t i)
{
	unsigned bits = dtype_bits(dtype), mantissa = dtype == DTYPE_F16   ? 10
	                                              : dtype == DTYPE_F32 ? 23
	                                                                   : 7;
	uint64_t top = (1ULL << (bits - 1)) - (1ULL << mantissa), sign = i / 6 % 2;
	uint64_t of[] = { top, top | 1, 0, top - 1, 1, random_weight(dtype) };

	return of[i % 6] | sign << (bits - 1);
}

/* Near the base's value as the blob's dtype has it, plus the product. */
static uint64_t ranked_value(const struct golden_rank *g, uint64_t base, int64_t sum,
                             int scale)
{
	uint64_t value = converted(base, g->base_dtype, g->dtype), out = 0;
	uint8_t narrow[8], wide[4];
	float number;

	memcpy(narrow, &value, sizeof(value));
	if (g->dtype == DTYPE_F32)
		memcpy(wide, narrow, sizeof(wide));
	else
		cast_values(g->dtype, DTYPE_F32, narrow, 1, wide);
	memcpy(&number, wide, sizeof(number));
	for (int i = 0; i > scale; i--)
		number *= 2;
	number += (float)sum;
	for (int i = 0; i > scale; i--)
		number /= 2;
	memcpy(wide, &number, sizeof(number));
	if (g->dtype == DTYPE_F32)
		memcpy(&out, wide, sizeof(wide));
	else
		cast_values(DTYPE_F32, g->dtype, wide, 1, (uint8_t *)&out);
	return g->noise == SPECIAL ? out : near(out, g->noise);
}

static void make_ranked_content(const struct golden_rank *g, const struct low_rank *l,
                                struct buf *base, struct buf *content)
{
	for (size_t r = 0; r < g->rows; r++) {
		int left[LOW_RANK_MAX];
		for (unsigned k = 0; k < g->rank; k++)
			left[k] = r % 7 ? random_factor() : 0;
		for (size_t c = 0; c < g->row; c++) {
			uint64_t value = g->noise == SPECIAL && c % 3 == 0
			                         ? special_weight(g->base_dtype,
			                                          r + c / 3)
			                         : random_weight(g->base_dtype);
			int64_t sum = 0;
			for (unsigned k = 0; k < g->rank; k++)
				sum += left[k] * low_rank_right(l, k, c);
			add_value(base, g->base_dtype, value);
			add_value(content, g->dtype,
			          ranked_value(g, value, sum, l->scale));
		}
	}
}

static struct low_rank *random_product(const struct golden_rank *g)
{
	int16_t right[LOW_RANK_MAX * 2048];
	struct low_rank *l;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < g->rank * g->row; i++)
		right[i] = (int16_t)random_factor();
	if (low_rank_new(&(struct low_rank_factors){ g->rank, g->row, -20, right }, &l,
	                 &err) ||
	    low_rank_solve(l, &err))
		fail(g->name, &err);
	return l;
}

static void code_ranked(const struct golden_rank *g, const struct low_rank *l,
                        struct record_head *head, const struct buf *base,
                        const struct buf *content, struct buf *out)
{
	struct frame_scratch *scratch;
	struct buf predicted = BUF_INIT;
	struct err err = ERR_INIT;

	if (frame_scratch_new(&scratch, &err))
		fail(g->name, &err);
	for (uint32_t i = 0; i < head->frame_count; i++) {
		size_t at = (size_t)record_frame_start(head, i);
		struct frame_job f = { .codec = codec_by_id(CODEC_ULP),
			               .dtype = g->dtype,
			               .size = record_frame_size(head, i),
			               .scratch = scratch,
			               .low_rank = l };
		if (golden_predict(head, base, i, &predicted, &err) ||
		    !buf_reserve(out, f.size))
			fail(g->name, &err);
		f.base = predicted.data;
		if (frame_encode(&f, content->data + at, out->data + out->size,
		                 &head->frames[i], &err))
			fail(g->name, &err);
		out->size += head->frames[i].stored;
	}
	buf_wipe(&predicted);
	frame_scratch_free(scratch);
}

static void make_ranked(const char *dir, const struct golden_rank *g)
{
	struct buf content = BUF_INIT, base = BUF_INIT, coded = BUF_INIT,
		   record = BUF_INIT;
	struct record_basis basis = { .base_count = 1 };
	struct low_rank *l = random_product(g);
	struct record_head head;
	struct err err = ERR_INIT;
	struct oid id;

	make_ranked_content(g, l, &base, &content);
	sha256_of(base.data, base.size, &id);
	basis.bases[0] = (struct record_base){ .id = id, .dtype = g->base_dtype };
	if (record_head_init(&head, codec_by_id(CODEC_ULP), g->dtype, content.size,
	                     &basis, &err) ||
	    record_head_add_low_rank(&head, l, &err))
		fail(g->name, &err);
	cut_frames(g->frame_rows * g->row * dtype_unit(g->dtype), &head);
	head.sum = xxh128_of(content.data, content.size);
	code_ranked(g, l, &head, &base, &content, &coded);
	join_record(g->name, &head, &coded, &record);
	write_golden(dir, g->name, &record, &base, &content);
	record_head_wipe(&head);
	low_rank_free(l);
	buf_wipe(&content);
	buf_wipe(&base);
	buf_wipe(&coded);
	buf_wipe(&record);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make_golden_rank DIR\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(ranked) / sizeof(ranked[0]); i++)
		make_ranked(argv[1], &ranked[i]);
	return 0;
}
