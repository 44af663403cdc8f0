/*
 * A term: how long what was seen in a store may be relied upon. A gc destroys what has been
 * out of sight for the grace period (docs/store.md, "gc"), so who puts something that leans
 * on what he saw, a push, a mirror, ends within the term or looks again.
 *
 *     began            half                    over
 *     |  a new object   |  looks anew first     |  what was finished is looked at once more
 *
 * Measured by a clock that goes on while the machine sleeps. No thread but one at a time.
 */
#ifndef ZLLM_TERM_H
#define ZLLM_TERM_H

#include <stdbool.h>
#include <stdint.h>

struct term {
	int64_t began;   /* milliseconds of CLOCK_BOOTTIME; 0: not yet */
	int64_t seconds; /* how long it lasts; 0: for ever */
};

void term_begin(struct term *t);
bool term_half(const struct term *t); /* half of it has passed; false before it began */
bool term_over(const struct term *t);

/* Milliseconds of that clock. */
int64_t term_now(void);

#endif
