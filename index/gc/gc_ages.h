/*
 * When something that was moved out of sight is old enough to be destroyed, and when a mark
 * is too old to destroy by it (docs/store.md, "gc": the two clocks).
 *
 *     grace G   a push, a mark and a copy-delete step each take less, or are given up
 *     step  S   within it of the copy the DELETE of a copy-delete step has been done, or
 *               never is: max(2 s, G/24)
 *     now       the store's own clock, read before the mark's first look
 *
 * An entry is aged when it, every other entry of its key, and the live value of that key
 * have `since` < now - G - S. The machine's clock only measures how long the mark takes.
 */
#ifndef ZLLM_GC_AGES_H
#define ZLLM_GC_AGES_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct store;

enum {
	GC_GRACE_MIN = 2 /* seconds */
};

struct gc_ages {
	int64_t grace, step; /* seconds */
	int64_t now;         /* seconds since 1970, by the store's clock */
	int64_t begun;       /* milliseconds of the machine's clock for durations, read
	                      * before the store's */
};

/* S for that G. */
int64_t gc_step_limit(int64_t grace);

/* Reads both clocks: a mark begins. Puts a probe into the store and removes it. */
int gc_ages_begin(struct gc_ages *a, struct store *s, int64_t grace, struct err *err);

/* The same without touching the store, for who only tells what would be done: `now` is
 * this machine's time of day. */
void gc_ages_suppose(struct gc_ages *a, int64_t grace);

/* Whether what has been as it is since `since` is aged. */
bool gc_is_aged(const struct gc_ages *a, int64_t since);

/* Whether a record came so lately (within G/24) that the push which put it is probably still
 * at work: it is not moved yet, though it might be. Nothing rests on this; it spares
 * readers a look into trash. */
bool gc_is_fresh(const struct gc_ages *a, int64_t since);

/* Whether the mark has taken longer than the grace period by now: nothing may be destroyed
 * by one whose looks end then. */
bool gc_is_late(const struct gc_ages *a);

#endif
