/*
 * A store for tests that misbehaves on a plan, in front of any other.
 */
#ifndef ZLLM_STORE_FAULTY_H
#define ZLLM_STORE_FAULTY_H

#include <stdint.h>

struct err;
struct store;

/* What goes wrong at the nth call (from 1) counted over all verbs, readers and
 * writers included. */
enum store_fault {
	FAULT_NONE = 0,
	FAULT_FAIL = 1,       /* ERR_IO, and nothing happened */
	FAULT_LOSE_REPLY = 2, /* it happened, and then ERR_IO (commit, remove) */
	FAULT_SHORT = 3,      /* a read gives ERR_DAMAGED; others as FAIL */
	FAULT_FLIP = 4,       /* one bit of what is read is turned */
	FAULT_CRASH = 5,      /* this and every later call fails: the process died */
	FAULT_KILL = 6,       /* the process is killed (SIGKILL) before it happened */
	FAULT_KILL_AFTER = 7  /* and after it happened */
};

struct store_fault_plan {
	enum store_fault fault;
	uint64_t nth;
};

/* Takes over `inner` (closed with this one, unless FAULT_KEEP_INNER). */
enum { FAULT_KEEP_INNER = 1 };
int store_faulty_new(struct store *inner, struct store_fault_plan plan, unsigned flags,
                     struct store **out, struct err *err);

/* Calls counted so far, so that a test knows when the plan can no more hit. */
uint64_t store_faulty_calls(const struct store *s);

/* The largest number of calls that were inside at the same time. */
unsigned store_faulty_peak(const struct store *s);

/* Each call takes this long, as a bucket's would; 0 is the default. */
void store_faulty_delay(struct store *s, unsigned milliseconds);

#endif
