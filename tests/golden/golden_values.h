/*
 * What make_golden.c and make_golden_rank.c do alike: values that come out the same every
 * time, and files.
 */
#ifndef ZLLM_GOLDEN_VALUES_H
#define ZLLM_GOLDEN_VALUES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cast.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/sha256.h"
#include "codec/dtype.h"
#include "codec/record.h"

static uint64_t state = 42;

static inline uint64_t next_random(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* A weight of some dtype: its leading bits those of a small number, about bell
 * shaped in the exponent. */
static inline uint64_t random_weight(enum dtype dtype)
{
	unsigned bits = dtype_bits(dtype);
	uint64_t r = next_random();
	unsigned drop = (unsigned)__builtin_ctzll(next_random() | 1 << 6);
	unsigned mantissa, exponent;

	switch (dtype) {
	case DTYPE_BF16:
		mantissa = 7, exponent = 121;
		break;
	case DTYPE_F16:
		mantissa = 10, exponent = 9;
		break;
	case DTYPE_F32:
		mantissa = 23, exponent = 121;
		break;
	case DTYPE_F64:
		mantissa = 52, exponent = 1017;
		break;
	case DTYPE_F8_E4M3:
		mantissa = 3, exponent = 9;
		break;
	case DTYPE_F8_E5M2:
		mantissa = 2, exponent = 15;
		break;
	default:
		return r & 0x3f;
	}
	uint64_t value = (uint64_t)(exponent - drop) << mantissa |
	                 (r & ((1ull << mantissa) - 1));
	return value | (r >> 63) << (bits - 1);
}

static inline uint64_t near(uint64_t value, unsigned noise)
{
	uint64_t r = next_random();

	if (noise >= 64) /* sparse: one value in `noise` moves */
		return r % noise ? value : value ^ (r >> 32 & 3);
	return noise ? value ^ (r & r >> 16 & ((1u << noise) - 1)) : value;
}

static inline void add_value(struct buf *b, enum dtype dtype, uint64_t value)
{
	for (unsigned i = 0; i < dtype_unit(dtype); i++)
		buf_add_u8(b, (uint8_t)(value >> 8 * i));
}

/* What a base value becomes in another dtype, for values that fit: by the upper bits. */
static inline uint64_t converted(uint64_t value, enum dtype from, enum dtype to)
{
	if (from == DTYPE_F32 && to == DTYPE_BF16)
		return value >>
		       16; /* near enough: golden records need not be exact casts */
	if (from == DTYPE_BF16 && to == DTYPE_F32)
		return value << 16;
	if (from == DTYPE_F32 && to == DTYPE_F16)
		return (value >> 16 & 0x8000) | ((value >> 13 & 0x3ffff) - (112 << 10));
	return value;
}

static inline void fail(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->text);
	exit(1);
}

static inline void write_file(const char *dir, const char *name, const char *end,
                              const struct buf *b)
{
	char path[512];
	struct err err = ERR_INIT;

	snprintf(path, sizeof(path), "%s/%s.%s", dir, name, end);
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(b->data, 1, b->size, f) != b->size || fclose(f)) {
		err_errno(&err, "cannot write");
		fail(path, &err);
	}
}

/* Frames of so many bytes, where a writer would take larger ones; 0: as they are. */
static inline void cut_frames(size_t frame, struct record_head *head)
{
	if (!frame)
		return;
	head->frame_size = (uint32_t)frame;
	head->frame_count = (uint32_t)((head->size + frame - 1) / frame);
	free(head->frames);
	head->frames = calloc(head->frame_count, sizeof(*head->frames));
	if (!head->frames)
		abort();
}

/* Appends the whole record to `out`: the head, and the frames as coded. */
static inline void join_record(const char *name, struct record_head *head,
                               const struct buf *coded, struct buf *out)
{
	struct err err = ERR_INIT;

	if (record_head_format(head, out, &err))
		fail(name, &err);
	buf_add(out, coded->data, coded->size);
}

/* Writes the files of a golden record, and prints its line of the list. `base` is NULL
 * where it has none. */
static inline void write_golden(const char *dir, const char *name,
                                const struct buf *record, const struct buf *base,
                                const struct buf *content)
{
	char hex[SHA256_HEX + 1];
	struct oid id;

	write_file(dir, name, "rec", record);
	if (base)
		write_file(dir, name, "base", base);
	sha256_of(content->data, content->size, &id);
	oid_format(&id, hex);
	printf("%s\t%s\t%s\n", name, base ? name : "-", hex);
}

#endif
