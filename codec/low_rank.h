/*
 * A fine-tune's distance from its base as the product of two thin matrices (a merged
 * LoRA adapter is exactly that; other training comes near):
 *
 *      blob       base        left        right
 *     +-----+    +-----+     +--+       +---------+
 *     |     | ~  |     |  +  |  |   x   |         | rank     x  2^scale
 *     |     |    |     |     |  |       +---------+
 *     +-----+    +-----+     +--+         a row's values
 *      rows       rows       rank
 *
 * Both are small integers. The right one is here, for it serves all rows, and stands in
 * the record's parameters; the rows of the left one stand in the frames that hold the
 * rows (low_rank_frame.c). docs/format-record.md, 2.7.
 *
 * Made once; then any thread may read it.
 */
#ifndef ZLLM_LOW_RANK_H
#define ZLLM_LOW_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/dtype.h"

struct buf;
struct err;

enum {
	LOW_RANK_MAX = 64,
	LOW_RANK_ROW_MAX = 256 * 1024, /* values, of a frame and so of a row */
	LOW_RANK_SCALE_MIN = -100,     /* a product of any scale is a normal F32 */
	LOW_RANK_SCALE_MAX = 60
};

struct low_rank {
	unsigned rank;
	size_t row; /* values of a row */
	int scale;  /* the product counts units of 2^scale */

	/* Components in pairs, as kernels want them: for each pair, for each value of a
	 * row, the factors of both; 0 for the second of a last one that is alone. */
	int16_t *right;
	uint32_t greatest[LOW_RANK_MAX]; /* of each component: its largest factor */
	float *solver; /* of low_rank_solve(), low_rank_matrix.h, or NULL */
};

/* What a product is made of. */
struct low_rank_factors {
	unsigned rank; /* at most `row` */
	size_t row;
	int scale;
	const int16_t *right; /* rank * row of them, component by component */
};

/* Copies the factors. The caller frees. */
int low_rank_new(const struct low_rank_factors *from, struct low_rank **out,
                 struct err *err);
int low_rank_copy(const struct low_rank *l, struct low_rank **out, struct err *err);
void low_rank_free(struct low_rank *l); /* NULL is fine */

/* Factor `column` of component `k`. */
static inline int16_t low_rank_right(const struct low_rank *l, unsigned k, size_t column)
{
	return l->right[(k / 2 * l->row + column) * 2 + k % 2];
}

/* Whether values of this dtype can be predicted so. */
bool low_rank_takes(enum dtype dtype);

/* Bytes of the largest frame of whole rows that has no more than `most` bytes; 0 where
 * a row is longer. */
size_t low_rank_frame_bytes(const struct low_rank *l, enum dtype dtype, size_t most);

/* Why a blob of `size` bytes in frames of `frame` bytes cannot be predicted so, as half
 * a sentence, or NULL. */
const char *low_rank_fault(const struct low_rank *l, enum dtype dtype, uint64_t size,
                           size_t frame);

/* As parameters of a record: their bytes, writing, reading. What is read is not to be
 * trusted: ERR_DAMAGED, or ERR_FORMAT where a newer git-zllm wrote it. */
uint32_t low_rank_size(const struct low_rank *l);
void low_rank_format(const struct low_rank *l, struct buf *out);
int low_rank_parse(const uint8_t *bytes, size_t n, struct low_rank **out,
                   struct err *err);

#endif
