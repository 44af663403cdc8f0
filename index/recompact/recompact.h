/*
 * Recompaction: every tensor of a store against the best base that the whole store has.
 *
 *     group of like tensors  --sketches-->  plan  --trials of what it would change-->  plan ...
 *                            --records coded anew, read back-->  old ones out of sight
 *
 * A push chooses among what was there when it came; here all is in view: bases that came
 * later, the middle of a family, the keys of a series, bases that only deltas keep alive,
 * records of an older version or of less effort, blobs with two records.
 *
 * Only what pays is done (group_costs.h has the rule), and what is done pays: so a store
 * that was recompacted is left as it is by the next run, but for trials. Killed anywhere,
 * or stopped, the store is whole, and the next run goes on with what is left.
 *
 * For a stock of which every needed blob decodes from live records (docs/store.md, rule 10):
 * the caller's gc knows.
 */
#ifndef ZLLM_RECOMPACT_H
#define ZLLM_RECOMPACT_H

#include <stdint.h>

#include "index/recompact/recompact_request.h"

struct err;
struct stock;

/* 0, with *out also when it was stopped; or negative when it cannot go on at all. */
int recompact(const struct recompact_request *r, const struct stock *s,
              struct recompact_result *out, struct err *err);

/* What all groups' plans would save by the sketches alone, in bytes; nothing is read. */
int recompact_suppose(const struct recompact_request *r, const struct stock *s,
                      uint64_t *saved, struct err *err);

#endif
