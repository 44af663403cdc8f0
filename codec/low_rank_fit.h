/*
 * Looks for the low-rank product that lies in a difference (low_rank.h), out of a sample
 * of its rows.
 *
 *     sampled rows  ->  main axes, by subspace iteration  ->  how many of them pay
 *                   ->  integer factors, as coarse as what remains allows
 *
 * Subspace iteration: Halko, Martinsson, Tropp, "Finding structure with randomness"
 * (2011). How coarse, and how many: a component costs the bits of its factors and saves
 * the logarithm of what it takes off the remainder, and the error of the factors adds
 * to the remainder; both have their best where the derivatives are equal.
 *
 * Any answer is a good one, only larger or smaller: nothing here needs to be the same on
 * two machines. Thread rule: one thread at a time for each.
 */
#ifndef ZLLM_LOW_RANK_FIT_H
#define ZLLM_LOW_RANK_FIT_H

#include <stddef.h>
#include <stdint.h>

#include "codec/low_rank.h"

struct err;
struct kernel;

/* The main axes of some rows. */
struct low_rank_axes {
	unsigned count;
	size_t row;  /* values of a row */
	size_t rows; /* that were looked at */
	double total; /* sum of the squares of all values, */
	double energy[LOW_RANK_MAX]; /* and how much of it lies along each axis, the
	                              * largest first */
	float *axes; /* `count` rows of length 1, at right angles; owned */
};

/* Rows of differences, and what to calculate with. */
struct low_rank_rows {
	const float *distance; /* `count` rows of `width` values */
	size_t count, width;
	const struct kernel *kernel;
};

/* Finds up to `count` axes of the rows. ERR_NOMEM. The caller wipes. */
int low_rank_axes_find(const struct low_rank_rows *rows, unsigned count,
                       struct low_rank_axes *out, struct err *err);
void low_rank_axes_wipe(struct low_rank_axes *a);

/* Sets total and energies to those of other rows, as wide: axes explain more of the rows
 * that they were found in than of the rest. ERR_NOMEM. */
int low_rank_axes_measure(struct low_rank_axes *a, const struct low_rank_rows *rows,
                          struct err *err);

/* How many axes pay in a blob of `rows` rows, 0 where none does; *bits is what is saved,
 * in bits for each value, by a model of bell-shaped remainders. */
unsigned low_rank_axes_best(const struct low_rank_axes *a, uint64_t rows, double *bits);

/* The product of the first `rank` axes for a blob of `rows` rows, with a solver. NULL in
 * *out where it would be nothing. ERR_NOMEM. */
int low_rank_of_axes(const struct low_rank_axes *a, unsigned rank, uint64_t rows,
                     struct low_rank **out, struct err *err);

#endif
