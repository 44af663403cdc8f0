/*
 * Which values of a tensor are predicted by which values of its bases, where it is
 * not all by all in order: a tensor with more rows or longer rows than its base, a
 * piece of a fused tensor, a tensor fused of several. Both sides are seen as rows,
 * and a part is a rectangle:
 *
 *        the blob: rows of `row` values            a base
 *       +-----------------------------+           +-------------------+
 *       |                             |           |                   |
 *       |       +------------+        | first     |   +------------+  | `at`: its
 *       |       |    part    |        |           |   |            |  | first value
 *       |       |            |        |           |   |            |  |
 *       |       +------------+        | +rows     |   +------------+  |
 *       +-------^------------^--------+           +-------------------+
 *             column       +width                  <----- stride ----->
 *
 * A value in no part is *bare*: nothing predicts it. docs/format-record.md, 2.3.
 *
 * Pure; any thread at any time.
 */
#ifndef ZLLM_PARTS_H
#define ZLLM_PARTS_H

#include <stdbool.h>
#include <stdint.h>

enum { PARTS_MAX = 3 };

struct part {
	unsigned base;          /* which of the record's bases */
	uint64_t first, rows;   /* rows of the blob */
	uint64_t column, width; /* values of each of these rows */
	uint64_t at;            /* value of the base that predicts the part's first */
	uint64_t stride;        /* values of the base from one row to the next */
};

struct parts {
	uint64_t row;   /* values of each row of the blob */
	unsigned count; /* 0: no parts; the blob is predicted as a whole */
	struct part list[PARTS_MAX];
};

/* What is wrong with parts of a blob of `values` values and `bases` bases, as half a
 * sentence, or NULL: then each lies within the blob, none overlap, they are in order
 * of (first, column), every base has one, and all sums below 2^60. */
const char *parts_fault(const struct parts *p, uint64_t values, unsigned bases);

bool parts_equal(const struct parts *a, const struct parts *b);

/* How many values base number `base` must have for these parts. */
uint64_t parts_need(const struct parts *p, unsigned base);

/* Consecutive values of the blob, predicted by as many consecutive ones of a base. */
struct part_run {
	const struct part *part; /* NULL: bare */
	uint64_t from;           /* value of the base */
	uint64_t length;         /* values; at least 1 */
};

/* The run that begins at value `at` of the blob, cut to `limit` values (at least 1).
 * The parts must have no fault. */
struct part_run parts_run(const struct parts *p, uint64_t at, uint64_t limit);

#endif
