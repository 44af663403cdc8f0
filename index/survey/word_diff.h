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
struct tensor_diff;
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

int word_diff_new(const struct transfer *t, struct word_diff **out, struct err *err);
void word_diff_free(struct word_diff *w); /* NULL is fine */

/* Fills words, words_changed, bits_changed and delta (0 where no codec of ours makes
 * deltas of that dtype). */
int word_diff_run(struct word_diff *w, const struct word_pair *pair,
                  struct tensor_diff *out, struct err *err);

#endif
