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
#include "codec/dtype.h"

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

#endif
