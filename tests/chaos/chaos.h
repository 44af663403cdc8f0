/* What the processes of chaos.c work with, and what each of them may do. */
#ifndef ZLLM_CHAOS_H
#define ZLLM_CHAOS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/where/store_url.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/gc/gc.h"
#include "tests/unit/model_file.h"

enum {
	FAMILIES = 5,
	KIN = 4, /* models of a family */
	OBJECTS = FAMILIES * KIN,
	AT_ONCE = 6,      /* processes */
	PER_ROUND = 18,   /* processes in all */
	SLOW_MAX_MS = 15, /* a call may take */
	KILL_MAX_MS = 120 /* at which one is killed at the latest */
};

/* What a process found out. */
enum { FINE = 0, FAILED = 1, LOST = 7 };

/* What all processes see. An epoch is odd while a ref reaches the object. */
struct shared {
	atomic_uint epoch[OBJECTS];
	atomic_uint pushes, clones, gcs, prunes, copies, undos, fscks, killed, faults;
	atomic_uint moved, destroyed, restored, expired, recoded;
};

struct chaos {
	const char *url;
	int rounds;
	int64_t grace;
	uint64_t random;
	struct model_file files[OBJECTS];
	struct shared *shared;
};

/* What one process works with. */
struct actor {
	struct chaos *chaos;
	uint64_t random;
	struct lfs_config *config;
	struct store_url url;
	struct store *store;
	struct transfer transfer;
};

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die(const char *what, const struct err *err);

/* A number below `n`. */
unsigned below(uint64_t *random, unsigned n);

/* Makes the store, if `make`, and opens it. */
void open_store(struct actor *a, bool make);

/* A process of its own: opens the store; where `faulty`, one of its calls fails. */
void actor_begin(struct actor *a, struct chaos *c, uint64_t seed, bool faulty);
void actor_end(struct actor *a);

/* Does one thing: FINE, FAILED, or LOST. */
int act(struct actor *a, bool faulty);

/* A gc of all layers. */
int collect(struct actor *a, struct gc_summary *summary, struct err *err);

/* Every object that a ref reaches comes back. */
int check_all(struct actor *a, bool faulty);

#endif
