/*
 * How much a long run may take, and how much it took: time, bytes, requests. Many threads
 * spend; whoever is between two steps asks whether it is over, and stops there.
 *
 *     budget_begin(&b, limits, budget_clock())
 *     budget_spend(&b, spent)                  any thread, any number of times
 *     budget_is_over(&b, budget_clock())       between steps
 *
 * Nothing here stops anything by itself: a step that has begun ends. The time is the
 * caller's, in milliseconds of a clock that counts durations, so that tests have their own.
 */
#ifndef ZLLM_BUDGET_H
#define ZLLM_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Each 0: there is no such limit. */
struct budget_limits {
	uint64_t milliseconds;
	uint64_t bytes; /* read and written together */
	uint64_t requests;
};

struct budget_spent {
	uint64_t requests, read, written; /* the last two in bytes */
};

struct budget {
	struct budget_limits limits;
	uint64_t begun; /* milliseconds, as the caller's clock has them */
	_Atomic uint64_t requests, read, written;
};

/* A clock for durations: it goes on while the machine sleeps, and nobody sets it. */
uint64_t budget_clock(void);

void budget_begin(struct budget *b, const struct budget_limits *limits, uint64_t now);

/* Counts; what goes beyond 2^64 - 1 stays there. Any thread. */
void budget_spend(struct budget *b, const struct budget_spent *more);

/* What was spent so far. Any thread. */
struct budget_spent budget_spent(const struct budget *b);

/* Whether one of the limits is reached. NULL is a budget without limits. Any thread. */
bool budget_is_over(const struct budget *b, uint64_t now);

#endif
