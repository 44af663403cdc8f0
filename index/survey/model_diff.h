/*
 * What differs between two models, tensor by tensor. Tensors are matched by name:
 * those of a file of the same name first, so that resharded models match too; those
 * that have no namesake as a push matches them (tensor_names.h), under another prefix. Every
 * byte of what may have changed is read and compared, a window at a time; a delta is
 * coded in full, so its size is what a push would store for it.
 */
#ifndef ZLLM_MODEL_DIFF_H
#define ZLLM_MODEL_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index/survey/word_diff.h"

struct err;
struct extent;
struct model_side;
struct side_part;

enum diff_kind { DIFF_EQUAL, DIFF_CHANGED, DIFF_NEW, DIFF_GONE };

/* One tensor; or one file that is not a model, whose `size` alone is told. */
struct tensor_diff {
	enum diff_kind kind;
	const struct side_part *old_part, *new_part; /* NULL: not there */
	const struct extent *old, *new;              /* NULL: not there; not a tensor */
	uint64_t old_size, new_size;                 /* bytes */

	/* Where shape and dtype allow it: the old values, cast to the new dtype where
	 * that is another, against the new ones, as far as both go. */
	bool compared;
	struct word_count count;
};

struct model_diff_sum {
	size_t tensors[DIFF_GONE + 1]; /* by kind */
	uint64_t old_size, new_size;   /* bytes of all */
	struct word_count count;       /* of equal tensors too; deltas of changed ones */
	uint64_t unlike; /* bytes of new tensors, and of changed ones without a delta */
};

/* What is compared, both sides by one transfer, and who is told. */
struct model_diff_request {
	struct model_side *old, *new;

	/* Non-zero ends it and is returned. */
	int (*each)(void *ctx, const struct tensor_diff *d);
	void *ctx;
};

/* Calls `each` in the order of the new side; what is gone follows. `out` has the sums. */
int model_diff_run(const struct model_diff_request *request, struct model_diff_sum *out,
                   struct err *err);

#endif
