/*
 * Acting by a mark: moving, restoring, destroying, many at once. What fails is told and
 * counted, and the others go on; a store that refuses (ERR_CONFIG) ends the step, for it
 * would refuse all. Killed anywhere, another run goes on.
 */
#ifndef ZLLM_GC_ACT_H
#define ZLLM_GC_ACT_H

#include <stddef.h>
#include <stdint.h>

#include "index/gc/gc_run.h"
#include "index/store/store_keys.h"

/* One thing to be done: the keys are made when its turn comes. */
struct gc_act {
	enum gc_thing thing;
	enum gc_deed deed;   /* GC_MOVED, GC_RESTORED or GC_DESTROYED */
	char key[KEY_MAX];   /* live; not of what is destroyed */
	char trash[KEY_MAX]; /* the entry; not of what is moved */
	uint64_t bytes;
};

struct gc_acts {
	size_t count;
	/* Makes number `i`; and looks whether it may still be done, which may ask the store.
	 * 0; 1: it is left, which was counted; or negative: it failed, out->thing
	 * says what. Any thread. */
	int (*make)(void *ctx, size_t i, struct gc_act *out, struct err *err);
	void *ctx;
};

/* Does them. 0, or negative where the store refuses. */
int gc_act_all(struct gc_run *run, const struct gc_acts *acts, struct err *err);

/* One of them, and it is counted. 0, 1 when there was nothing left to do, or negative,
 * which was told. */
int gc_act_one(struct gc_run *run, const struct gc_act *act, struct err *err);

#endif
