/*
 * Which units of a batch one of N workers stores, so that all of them together store it
 * as well as one would, without a word between them.
 *
 *     families, the largest first, each to the worker that has least
 *     a family that is more than a worker's share is cut; each of its pieces has the bases
 *
 * A base that several workers need is stored by each of them: whoever is second finds it
 * there, or puts the same. Every worker that sees the same files comes to the same answer.
 */
#ifndef ZLLM_BATCH_PART_H
#define ZLLM_BATCH_PART_H

#include <stdint.h>

struct batch_plan;
struct batch_scan;
struct err;
struct work_part;

enum batch_share {
	BATCH_OTHERS = 0, /* another worker's */
	BATCH_OURS = 1,
	BATCH_LENT = 2 /* another's, and something of ours stands on it */
};

/* shares[i] is of unit `i`. 0 or ERR_NOMEM. */
int batch_part_choose(const struct batch_scan *s, const struct batch_plan *plan,
                      const struct work_part *part, uint8_t *shares, struct err *err);

#endif
