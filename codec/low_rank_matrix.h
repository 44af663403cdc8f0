/*
 * Small dense matrices for low_rank_fit.c: eigenvectors of a symmetric one by Jacobi's
 * rotations, and the least-squares solver of a product whose right side is given.
 */
#ifndef ZLLM_LOW_RANK_MATRIX_H
#define ZLLM_LOW_RANK_MATRIX_H

#include <stddef.h>

struct err;
struct low_rank;

/* Turns the `count` rows of `axes` into the directions of the eigenvectors of `square`
 * (count x count, symmetric), the largest eigenvalue first, and writes these,
 * at least 0, to `energy`. */
void axes_turn(const float *square, unsigned count, float *axes, size_t row,
               double *energy);

/* Gives the product its solver: rows that, multiplied with a row of differences, give
 * the left factors that come nearest to it. ERR_NOMEM. */
int low_rank_solve(struct low_rank *l, struct err *err);

#endif
