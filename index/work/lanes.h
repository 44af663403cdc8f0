/*
 * Lanes: a number of tasks that mostly wait (for a disk, for a bucket), a few of
 * them under way at once. Computing inside a task goes to the thread pool
 * (codec/common/pool.h).
 *
 *     tasks 0 1 2 3 4 5 ...          lane 0: task 0, task 3, ...
 *                                    lane 1: task 1, task 2, ...
 *
 * The caller's thread does no task; it calls `tick` about ten times a second,
 * so that progress is told from one thread only. (One lane without a tick is the caller's
 * own thread.)
 */
#ifndef ZLLM_LANES_H
#define ZLLM_LANES_H

#include <stddef.h>

struct err;

struct lanes_work {
	size_t count; /* tasks */
	/* Does task `i` on lane `lane` (0 .. width - 1). After the first task
	 * that does not return 0, no further one is begun. */
	int (*task)(void *ctx, unsigned lane, size_t i, struct err *err);
	/* Non-zero ends the work as a failed task would. May be NULL. */
	int (*tick)(void *ctx, struct err *err);
	void *ctx;
};

/* Runs the work on up to `width` lanes. 0, or what the first failed task
 * returned, with its error. */
int lanes_run(unsigned width, const struct lanes_work *work, struct err *err);

#endif
