/*
 * Blobs that no plan speaks of: pieces of files, gaps, tensors without a sketch. Each by
 * itself:
 *
 *     several records  one stays: the solo one where others stand on it, else the smallest;
 *                      it is read, all of it, and the others go out of sight
 *     a solo record    is tried anew, once for each version of the program and each effort
 *                      (trial_memory.h), and coded anew where that pays (group_costs.h)
 */
#ifndef ZLLM_SINGLE_WORK_H
#define ZLLM_SINGLE_WORK_H

#include "index/recompact/recompact_request.h"

struct err;
struct stock;

/* All of them, for r->mark. No callback of `r` is NULL, and each may be called from any
 * thread. What was done is added to *sum. 0; or negative when it cannot go
 * on. */
int single_work(const struct recompact_request *r, const struct stock *s,
                struct recompact_result *sum, struct err *err);

#endif
