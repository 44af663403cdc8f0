/*
 * Turns: tasks of several lanes (index/work/lanes.h) that do a part of their work in the
 * order of their numbers, while the rest of it runs at once.
 *
 *     task 0  [compute|write]
 *     task 1  [compute ......|write]
 *     task 2       [compute .......|write]
 *
 * Thread rule: any thread, but each number is one task's. Tasks must be begun in their
 * order, and each must end, or those after it wait for ever.
 */
#ifndef ZLLM_TURNS_H
#define ZLLM_TURNS_H

#include <stddef.h>

struct err;
struct turns;

int turns_new(struct turns **out, struct err *err);
void turns_free(struct turns *t);

/* Returns once all tasks before number `i` have ended. */
void turns_wait(struct turns *t, size_t i);

/* Task `i` has ended, whether it waited for its turn or not; waits for those before. */
void turns_end(struct turns *t, size_t i);

#endif
