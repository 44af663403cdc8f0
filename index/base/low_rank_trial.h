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

struct bases;
struct blob_file;
struct codec;
struct err;
struct extent;
struct low_rank;
struct record_basis;
struct transfer;

/* What is asked about: the delta of a tensor by a codec that can have a product. */
struct low_rank_task {
	const struct transfer *transfer;
	const struct extent *extent;
	const struct blob_file *blob; /* its bytes */
	const struct codec *codec;
	const struct record_basis *basis; /* one whole base, */
	const struct bases *bases;        /* which is open */
};

/* The product that pays, in *out, which the caller frees, and what it makes of the
 * tensor, in thousandths of its raw size; NULL where none does. 0; ERR_NOMEM; or what
 * reading answered. */
int low_rank_trial(const struct low_rank_task *task, struct low_rank **out,
                   unsigned *permille, struct err *err);

#endif
