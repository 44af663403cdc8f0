/*
 * Two tensors, word by word: how many words and bits of them differ, and how many
 * bytes the one takes as a delta against the other. Read in windows of frames, which
 * the pool's threads compare and code.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_WORD_DIFF_H
#define ZLLM_WORD_DIFF_H

#include <stdint.h>

struct err;
struct extent;
struct model_side;
struct side_part;
struct transfer;
struct word_diff;

/* An old tensor and a new one that it may predict (relatives_alike). */
struct word_pair {
	const struct model_side *old_side;
	const struct side_part *old_part;
	const struct extent *old;
	const struct model_side *new_side;
	const struct side_part *new_part;
	const struct extent *new;
	uint64_t limit; /* bytes of the new one that are compared; 0: all */
};

/* What came of it. */
struct word_count {
	uint64_t words;   /* that were compared */
	uint64_t changed; /* of them */
	uint64_t bits;    /* that changed in them */
	uint64_t delta;   /* bytes of the new tensor as a delta against the old, with a
	                   * low-rank product where that pays; 0 where no codec of ours
	                   * makes deltas of that dtype */
};

/* Bits that differ in a word, on average; 0 without words. */
double word_count_distance(const struct word_count *count);

int word_diff_new(const struct transfer *t, struct word_diff **out, struct err *err);
void word_diff_free(struct word_diff *w); /* NULL is fine */

int word_diff_run(struct word_diff *w, const struct word_pair *pair,
                  struct word_count *out, struct err *err);

#endif
