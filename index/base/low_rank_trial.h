/*
 * Does a low-rank product (codec/low_rank.h) pay in the delta of a tensor against its
 * base? Answered on samples: blocks of whole rows, evenly spread. What is found in most
 * of them is measured on the others, so that chance is not taken for a pattern, and
 * coded with and without it.
 *
 * A first look at a part of the blocks costs little, and mostly ends it where there is
 * nothing to find. Thread rule: any thread.
 */
#ifndef ZLLM_LOW_RANK_TRIAL_H
#define ZLLM_LOW_RANK_TRIAL_H

#include <stdint.h>

struct blob_file;
struct blob_source;
struct err;
struct extent;
struct low_rank;
struct record_basis;
struct transfer;

/* The product that pays, in *out, which the caller frees, and what it makes of the
 * tensor, in thousandths of its raw size; NULL where none does. `basis` is one whole
 * base, whose bytes sources[0] has. 0; ERR_NOMEM; or what reading answered. */
int low_rank_trial(const struct transfer *t, const struct extent *x,
                   const struct blob_file *blob, const struct record_basis *basis,
                   struct blob_source *const *sources, struct low_rank **out,
                   unsigned *permille, struct err *err);

#endif
