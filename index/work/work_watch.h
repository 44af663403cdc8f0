/*
 * How far a long run is, for whoever shows it to people (agent/report/progress.h): one step
 * after another, each with what is to come where that is known.
 *
 *     work_watch_step(w, "reading manifests", WORK_BYTES, total)
 *     work_watch_came(w, bytes)                      any thread, any number of times
 *
 * It decides nothing and may be NULL everywhere.
 */
#ifndef ZLLM_WORK_WATCH_H
#define ZLLM_WORK_WATCH_H

#include <stdint.h>

enum work_unit { WORK_BYTES, WORK_THINGS /* keys, objects: whatever the step is about */ };

struct work_watch {
	/* A step begins, in place of the one before. `what` outlives it; `total` 0: it is not
	 * known. Called by one thread at a time. */
	void (*step)(void *ctx, const char *what, enum work_unit unit, uint64_t total);
	/* So many more are done. Any thread. */
	void (*came)(void *ctx, uint64_t more);
	void *ctx;
};

static inline void work_watch_step(const struct work_watch *w, const char *what,
                                   enum work_unit unit, uint64_t total)
{
	if (w)
		w->step(w->ctx, what, unit, total);
}

static inline void work_watch_came(const struct work_watch *w, uint64_t more)
{
	if (w)
		w->came(w->ctx, more);
}

#endif
