/*
 * Recompaction as a part of a gc: of the store that its mark shows, by its budget, for its
 * part of the store, what is replaced going out of sight by its acts. What gc.h asks for.
 */
#ifndef ZLLM_MARK_RECOMPACT_H
#define ZLLM_MARK_RECOMPACT_H

#include <stdbool.h>
#include <stdint.h>

#include "index/recompact/recompact_request.h"

struct err;
struct gc_mark;
struct gc_run;
struct trial_memory;

/* What the caller of gc keeps of it. */
struct mark_recompact {
	struct trial_memory *memory; /* not owned; or NULL */

	/* Filled in. */
	bool ran;
	bool supposed; /* a dry run: only `before` and `after` are said, by sketches */
	struct recompact_result result;
	uint64_t milliseconds; /* it took */
};

/* `ctx` is a struct mark_recompact. The mark is whole (gc_mark_is_whole()). In a dry run
 * manifests are read, and nothing else. 0, or negative where it cannot go on. */
int mark_recompact(struct gc_run *run, const struct gc_mark *mark, void *ctx,
                   struct err *err);

#endif
