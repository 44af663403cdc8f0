/*
 * Makes golden records: `make_golden DIR`, those of the lists and some of each codec of
 * the table that the list does not have. Run once for each format or codec that
 * is new; what it made before is kept for ever (README.md). Writes NAME.rec,
 * NAME.base where there is one, and a line "NAME <base or -> <sha256>" for each on
 * standard output.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec_table.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/sha256.h"
#include "codec/prediction.h"
#include "codec/record.h"
#include "tests/golden/golden_record.h"
#include "tests/golden/golden_values.h"
#include "tests/unit/job_of.h"

struct golden {
	const char *name;
	enum codec_id codec;
	enum dtype dtype, base_dtype; /* base_dtype counts where the codec needs a base */
	size_t values;
	unsigned noise; /* how far values lie from the base, in low bits; 0: equal */
	uint32_t frame; /* bytes of a frame; 0: those of a whole one */
};

enum { FILL = 63 }; /* as noise: all values are the same */

static const struct golden list[] = {
	{ "raw-bytes", CODEC_RAW, DTYPE_BYTES, 0, 200, 3, 0 },
	{ "raw-empty", CODEC_RAW, DTYPE_BYTES, 0, 0, 0, 0 },
	{ "zstd-bytes", CODEC_ZSTD, DTYPE_BYTES, 0, 1000, 1, 0 },
	{ "zstd-bf16", CODEC_ZSTD, DTYPE_BF16, 0, 3001, 3, 0 },
	{ "zstd-f32", CODEC_ZSTD, DTYPE_F32, 0, 1500, 3, 0 },
	{ "bitx-bf16", CODEC_BITX, DTYPE_BF16, DTYPE_BF16, 1001, 3, 0 },
	{ "bitx-f16", CODEC_BITX, DTYPE_F16, DTYPE_F16, 2000, 4, 0 },
	{ "bitx-f32", CODEC_BITX, DTYPE_F32, DTYPE_F32, 1500, 5, 0 },
	{ "bitx-f64", CODEC_BITX, DTYPE_F64, DTYPE_F64, 700, 5, 0 },
	{ "bitx-i8", CODEC_BITX, DTYPE_I8, DTYPE_I8, 3000, 1, 0 },
	{ "bitx-same", CODEC_BITX, DTYPE_BF16, DTYPE_BF16, 3000, 0, 0 },
	{ "float-bf16", CODEC_FLOAT, DTYPE_BF16, 0, 3001, 3, 0 },
	{ "float-f16", CODEC_FLOAT, DTYPE_F16, 0, 3001, 3, 0 },
	{ "float-f32", CODEC_FLOAT, DTYPE_F32, 0, 1001, 3, 0 },
	{ "float-f8_e4m3", CODEC_FLOAT, DTYPE_F8_E4M3, 0, 5000, 3, 0 },
	{ "float-f8_e5m2", CODEC_FLOAT, DTYPE_F8_E5M2, 0, 5000, 3, 0 },
	{ "ulp-bf16", CODEC_ULP, DTYPE_BF16, DTYPE_BF16, 3001, 3, 0 },
	{ "ulp-bf16-sparse", CODEC_ULP, DTYPE_BF16, DTYPE_BF16, 16500, 100, 0 },
	{ "ulp-f16", CODEC_ULP, DTYPE_F16, DTYPE_F16, 3001, 4, 0 },
	{ "ulp-f32", CODEC_ULP, DTYPE_F32, DTYPE_F32, 1001, 9, 0 },
	{ "ulp-f8_e4m3", CODEC_ULP, DTYPE_F8_E4M3, DTYPE_F8_E4M3, 5000, 1, 0 },
	{ "ulp-f8_e5m2", CODEC_ULP, DTYPE_F8_E5M2, DTYPE_F8_E5M2, 5000, 1, 0 },
	{ "cast-bf16-of-f32", CODEC_ULP, DTYPE_BF16, DTYPE_F32, 2000, 0, 0 },
	{ "cast-f32-of-bf16", CODEC_ULP, DTYPE_F32, DTYPE_BF16, 2000, 0, 0 },
	{ "cast-f16-of-f32", CODEC_ULP, DTYPE_F16, DTYPE_F32, 2000, 1, 0 },
	{ "ulp-bf16-large", CODEC_ULP, DTYPE_BF16, DTYPE_BF16, 16411, 3, 0 },
	{ "float-bf16-large", CODEC_FLOAT, DTYPE_BF16, 0, 16411, 3, 0 },
	{ "raw-fill", CODEC_RAW, DTYPE_F32, 0, 1000, FILL, 0 },
	{ "ulp-frames", CODEC_ULP, DTYPE_BF16, DTYPE_BF16, 3001, 2, 1000 },
	{ "bitx-frames", CODEC_BITX, DTYPE_F32, DTYPE_F32, 1001, 2, 1000 },
	{ "cast-frames", CODEC_ULP, DTYPE_BF16, DTYPE_F32, 1000, 1, 500 },
	{ "float-bf16-small", CODEC_FLOAT, DTYPE_BF16, 0, 500, 3, 0 },
	{ "ulp-f32-small", CODEC_ULP, DTYPE_F32, DTYPE_F32, 500, 9, 0 },
	{ "tight-ulp-bf16", CODEC_ULP, DTYPE_BF16, DTYPE_BF16, 3001, 6, 0 },
	{ "tight-ulp-bf16-large", CODEC_ULP, DTYPE_BF16, DTYPE_BF16, 16411, 5, 0 },
	{ "tight-ulp-f16", CODEC_ULP, DTYPE_F16, DTYPE_F16, 2001, 5, 0 },
	{ "tight-ulp-f32", CODEC_ULP, DTYPE_F32, DTYPE_F32, 1001, 13, 0 },
	{ "tight-ulp-f8_e4m3", CODEC_ULP, DTYPE_F8_E4M3, DTYPE_F8_E4M3, 3000, 2, 0 },
	{ "tight-ulp-frames", CODEC_ULP, DTYPE_BF16, DTYPE_BF16, 3000, 4, 2000 },
	{ "tight-float-bf16", CODEC_FLOAT, DTYPE_BF16, 0, 2001, 3, 0 },
	{ "tight-float-bf16-large", CODEC_FLOAT, DTYPE_BF16, 0, 16390, 3, 0 },
	{ "tight-float-f32", CODEC_FLOAT, DTYPE_F32, 0, 1001, 3, 0 },
	{ "tight-float-f8_e5m2", CODEC_FLOAT, DTYPE_F8_E5M2, 0, 3000, 3, 0 },
	{ "sparse-bf16", CODEC_ULP, DTYPE_BF16, DTYPE_BF16, 5001, 200, 0 },
	{ "sparse-f32", CODEC_ULP, DTYPE_F32, DTYPE_F32, 3000, 150, 0 },
	{ "sparse-f8_e4m3", CODEC_ULP, DTYPE_F8_E4M3, DTYPE_F8_E4M3, 5000, 150, 0 },
	{ "sparse-i8", CODEC_BITX, DTYPE_I8, DTYPE_I8, 5000, 200, 0 },
	{ "sparse-i16", CODEC_BITX, DTYPE_I16, DTYPE_I16, 3000, 200, 0 },
	{ "sparse-f64", CODEC_BITX, DTYPE_F64, DTYPE_F64, 1000, 150, 0 },
	{ "tight-ulp-i8", CODEC_ULP, DTYPE_I8, DTYPE_I8, 3000, 3, 0 },
	{ "tight-ulp-u8", CODEC_ULP, DTYPE_U8, DTYPE_U8, 17000, 4, 0 },
};

/* The frames one after another; the bytes of all of them go to `out`. */
static void make_frames(const struct golden *g, struct record_head *head,
                        const struct buf *content, const struct buf *predicted,
                        struct buf *out)
{
	const struct codec *codec = codec_by_id(g->codec);
	struct frame_scratch *scratch;
	struct err err = ERR_INIT;

	if (frame_scratch_new(&scratch, &err))
		fail(g->name, &err);
	for (uint32_t i = 0; i < head->frame_count; i++) {
		size_t at = (size_t)record_frame_start(head, i);
		size_t n = record_frame_size(head, i);
		const struct frame_job job = job_of(codec, g->dtype, predicted->data + at,
		                                    n, scratch);
		if (!buf_reserve(out, n) ||
		    frame_encode(&job, content->data + at, out->data + out->size,
		                 &head->frames[i], &err))
			fail(g->name, &err);
		out->size += head->frames[i].stored;
	}
	frame_scratch_free(scratch);
}

static void make_record(const struct golden *g, const struct buf *content,
                        const struct buf *predicted, const struct oid *base_id,
                        struct buf *out)
{
	struct record_basis basis = { .base_count = 1 };
	const struct codec *codec = codec_by_id(g->codec);
	struct buf coded = BUF_INIT;
	struct record_head head;
	struct err err = ERR_INIT;

	basis.bases[0] = (struct record_base){ .id = *base_id, .dtype = g->base_dtype };
	if (record_head_init(&head, codec, g->dtype, content->size,
	                     codec->needs_base ? &basis : NULL, &err))
		fail(g->name, &err);
	cut_frames(g->frame, &head);
	head.sum = xxh128_of(content->data, content->size);
	make_frames(g, &head, content, predicted, &coded);
	join_record(g->name, &head, &coded, out);
	record_head_wipe(&head);
	buf_wipe(&coded);
}

static void make_one(const char *dir, const struct golden *g)
{
	bool based = codec_by_id(g->codec)->needs_base;
	enum dtype base_dtype = based ? g->base_dtype : g->dtype;
	struct buf content = BUF_INIT, base = BUF_INIT, predicted = BUF_INIT,
		   record = BUF_INIT;
	struct oid id;

	buf_reserve(&content, 1);
	for (size_t i = 0; i < g->values; i++) {
		uint64_t value = random_weight(base_dtype);
		if (g->noise == FILL)
			value = 0x3c123456;
		add_value(&base, base_dtype, value);
		value = converted(value, base_dtype, g->dtype);
		add_value(&content, g->dtype,
		          g->noise == FILL ? value : near(value, g->noise));
	}
	buf_add(&predicted, base.data, base.size);
	struct record_base of = { .dtype = base_dtype };
	if (!prediction_is_plain(&of, g->dtype)) {
		buf_reserve(&predicted, content.size);
		prediction_cast(&of, g->dtype, base.data, predicted.data, content.size);
	}
	sha256_of(base.data, base.size, &id);
	make_record(g, &content, &predicted, &id, &record);
	write_golden(dir, g->name, &record, based ? &base : NULL, &content);
	buf_wipe(&content);
	buf_wipe(&base);
	buf_wipe(&predicted);
	buf_wipe(&record);
}

/* ---------------------------------------------------------------- codecs of the table */

static bool is_listed(enum codec_id id)
{
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].codec == id)
			return true;
	return false;
}

/* Records of codecs that are in the table and not in the list yet. */
static void make_unlisted(const char *dir)
{
	static const enum dtype dtypes[] = { DTYPE_BYTES, DTYPE_I8,  DTYPE_F8_E4M3,
		                             DTYPE_BF16,  DTYPE_F16, DTYPE_F32 };
	const struct codec *codec;

	for (unsigned i = 0; (codec = codec_at(i)) != NULL; i++) {
		for (size_t k = 0; k < sizeof(dtypes) / sizeof(dtypes[0]); k++) {
			char name[64];
			snprintf(name, sizeof(name), "%s-%s", codec->name,
			         dtype_name(dtypes[k]));
			struct golden g = { name, codec->id, dtypes[k], dtypes[k],
				            2000, 3,         0 };
			if (!is_listed(codec->id) && codec->takes(dtypes[k]))
				make_one(dir, &g);
		}
	}
}

/* ---------------------------------------------------------------- records with parts */

struct golden_parts {
	const char *name;
	enum codec_id codec;
	enum dtype dtype, base_dtype;
	size_t values, base_values;
	unsigned noise;
	uint32_t frame;
	unsigned bases; /* the one base file, so many times */
	struct parts parts;
};

/* Parts are { base, first, rows, column, width, at, stride }. */
static const struct golden_parts parted[] = {
	{ "parts-rows",
	  CODEC_ULP,
	  DTYPE_BF16,
	  DTYPE_BF16,
	  3000,
	  2000,
	  2,
	  0,
	  1,
	  { 3000, 1, { { 0, 0, 1, 0, 2000, 0, 2000 } } } },
	{ "parts-columns",
	  CODEC_ULP,
	  DTYPE_BF16,
	  DTYPE_BF16,
	  64 * 40,
	  64 * 30,
	  2,
	  1000,
	  1,
	  { 40, 1, { { 0, 0, 64, 0, 30, 0, 30 } } } },
	{ "parts-piece",
	  CODEC_BITX,
	  DTYPE_F32,
	  DTYPE_F32,
	  20 * 30,
	  20 * 90,
	  3,
	  500,
	  1,
	  { 30, 1, { { 0, 0, 20, 0, 30, 60, 90 } } } },
	{ "parts-fused",
	  CODEC_ULP,
	  DTYPE_BF16,
	  DTYPE_BF16,
	  1800,
	  900,
	  2,
	  1000,
	  3,
	  { 1800,
	    3,
	    { { 0, 0, 1, 0, 900, 0, 900 },
	      { 2, 0, 1, 900, 300, 100, 300 },
	      { 1, 0, 1, 1200, 400, 500, 400 } } } },
	{ "parts-cast",
	  CODEC_ULP,
	  DTYPE_BF16,
	  DTYPE_F32,
	  30 * 20,
	  25 * 16,
	  1,
	  300,
	  1,
	  { 20, 1, { { 0, 2, 25, 3, 16, 0, 16 } } } },
	{ "parts-zeros",
	  CODEC_BITX,
	  DTYPE_U8,
	  DTYPE_U8,
	  40 * 24,
	  40 * 20,
	  0,
	  500,
	  1,
	  { 24, 1, { { 0, 0, 40, 0, 20, 0, 20 } } } },
	{ "parts-tight",
	  CODEC_ULP,
	  DTYPE_BF16,
	  DTYPE_BF16,
	  64 * 40,
	  64 * 30,
	  2,
	  0,
	  1,
	  { 40, 1, { { 0, 0, 64, 0, 30, 0, 30 } } } },
	{ "parts-sparse",
	  CODEC_ULP,
	  DTYPE_BF16,
	  DTYPE_BF16,
	  64 * 40,
	  64 * 30,
	  200,
	  0,
	  1,
	  { 40, 1, { { 0, 0, 64, 0, 30, 0, 30 } } } },
};

static uint64_t base_value(const struct buf *base, enum dtype dtype, uint64_t i)
{
	uint64_t value = 0;

	for (unsigned k = dtype_unit(dtype); k-- > 0;)
		value = value << 8 | base->data[i * dtype_unit(dtype) + k];
	return value;
}

/* Near its prediction, or new, or zero where there is no noise. */
static void make_parted_content(const struct golden_parts *g, const struct buf *base,
                                struct buf *content)
{
	for (uint64_t at = 0; at < g->values; at++) {
		struct part_run run = parts_run(&g->parts, at, 1);
		uint64_t value = 0;
		if (run.part)
			value = near(converted(base_value(base, g->base_dtype, run.from),
			                       g->base_dtype, g->dtype),
			             g->noise);
		else if (g->noise)
			value = random_weight(g->dtype);
		add_value(content, g->dtype, value);
	}
}

static void code_parted(const struct golden_parts *g, struct record_head *head,
                        const struct buf *base, const struct buf *content,
                        struct buf *out)
{
	struct frame_scratch *scratch;
	struct buf predicted = BUF_INIT;
	struct err err = ERR_INIT;

	if (frame_scratch_new(&scratch, &err))
		fail(g->name, &err);
	for (uint32_t i = 0; i < head->frame_count; i++) {
		size_t at = (size_t)record_frame_start(head, i);
		struct frame_job f = { .codec = codec_by_id(g->codec),
			               .dtype = g->dtype,
			               .size = record_frame_size(head, i),
			               .scratch = scratch,
			               .parts = &g->parts,
			               .start = at / dtype_unit(g->dtype) };
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

static void make_parted(const char *dir, const struct golden_parts *g)
{
	struct buf content = BUF_INIT, base = BUF_INIT, coded = BUF_INIT,
		   record = BUF_INIT;
	struct record_basis basis = { .base_count = g->bases, .parts = g->parts };
	struct record_head head;
	struct err err = ERR_INIT;
	struct oid id;

	for (size_t i = 0; i < g->base_values; i++)
		add_value(&base, g->base_dtype, random_weight(g->base_dtype));
	make_parted_content(g, &base, &content);
	sha256_of(base.data, base.size, &id);
	for (unsigned i = 0; i < g->bases; i++)
		basis.bases[i] = (struct record_base){ .id = id, .dtype = g->base_dtype };
	if (record_head_init(&head, codec_by_id(g->codec), g->dtype, content.size, &basis,
	                     &err))
		fail(g->name, &err);
	cut_frames(g->frame, &head);
	head.sum = xxh128_of(content.data, content.size);
	code_parted(g, &head, &base, &content, &coded);
	join_record(g->name, &head, &coded, &record);
	write_golden(dir, g->name, &record, &base, &content);
	record_head_wipe(&head);
	buf_wipe(&content);
	buf_wipe(&base);
	buf_wipe(&coded);
	buf_wipe(&record);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make_golden DIR\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		make_one(argv[1], &list[i]);
	for (size_t i = 0; i < sizeof(parted) / sizeof(parted[0]); i++)
		make_parted(argv[1], &parted[i]);
	make_unlisted(argv[1]);
	return 0;
}
