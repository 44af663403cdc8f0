/*
 * What the steps of one run of gc share: what was asked, who is told, and what was done.
 */
#ifndef ZLLM_GC_RUN_H
#define ZLLM_GC_RUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "index/gc/gc_ages.h"
#include "index/work/work_part.h"
#include "index/work/work_watch.h"

struct err;
struct oid;
struct transfer;

enum gc_flag {
	GC_DRY_RUN =
		1, /* nothing is touched; what would be done is counted all the same */
	GC_UNOWNED = 2, /* manifests that nobody owns are given up */
};

/* What is counted, by layer and by what was done. */
enum gc_thing {
	GC_OWNERS, /* owners' markers */
	GC_TRACES, /* of expired owners */
	GC_MANIFESTS,
	GC_RECORDS,
	GC_BASES,     /* base markers */
	GC_NAMES,     /* names' markers */
	GC_ANNEX,     /* which objects are the contents of git-annex's keys */
	GC_TEMPORARY, /* files of killed writers, and probes */
	GC_UPLOADS,   /* unfinished multipart uploads */
	GC_THINGS
};

enum gc_deed {
	GC_KEPT,    /* live, and stays */
	GC_WAITING, /* in trash, and stays there */
	GC_MOVED,   /* out of sight */
	GC_RESTORED,
	GC_DESTROYED, /* entries, and what never was a value */
	GC_MADE,      /* markers that were missing, records in a better encoding */
	GC_FAILED,    /* what should have been done, and could not */
	GC_LEFT, /* the same, left for another run: too young, or the budget is spent */
	GC_DEEDS
};

struct gc_count {
	uint64_t count, bytes;
};

struct gc_counts {
	struct gc_count of[GC_THINGS][GC_DEEDS];
};

/* Who is told. Called from any thread, one at a time. Any may be NULL. */
struct gc_listener {
	/* A step begins: "looking at manifests". */
	void (*step)(void *ctx, const char *what);
	/* Something was done, or could not be. */
	void (*done)(void *ctx, enum gc_thing thing, enum gc_deed deed,
	             const struct gc_count *count);
	/* One thing failed; the run goes on. */
	void (*failed)(void *ctx, const struct err *err);
	/* Whether another step may begin: false ends the run cleanly (a budget). */
	bool (*may_go_on)(void *ctx);
	void *ctx;
};

struct gc_run {
	const struct transfer *transfer; /* to a store that is written to */
	const struct work_watch *watch;  /* who is shown how far it is; or NULL */
	const char *what;                /* the step that it is in, or NULL */
	struct gc_ages ages;
	unsigned flags; /* of enum gc_flag */
	struct work_part part;
	struct gc_listener listener;

	pthread_mutex_t lock; /* guards the rest */
	struct gc_counts counts;
	atomic_bool over; /* the budget is spent */
};

void gc_run_begin(struct gc_run *run, const struct transfer *t);
void gc_run_wipe(struct gc_run *run);

/* A step begins: the listener is told, and the watch. */
void gc_run_step(struct gc_run *run, const char *what);

/* A part of it begins, by a name of its own; `total` 0: it is not known how much is to
 * come. Only the watch is told. */
void gc_run_part(struct gc_run *run, const char *what, enum work_unit unit,
                 uint64_t total);

/* The same by the step's name. */
void gc_run_expect(struct gc_run *run, enum work_unit unit, uint64_t total);

/* Any thread. */
void gc_run_count(struct gc_run *run, enum gc_thing thing, enum gc_deed deed,
                  uint64_t bytes);
void gc_run_failed(struct gc_run *run, enum gc_thing thing, const struct err *err);

/* Whether something further may be begun. Once false, always. */
bool gc_run_may_go_on(struct gc_run *run);

/* Whether what has this id is in the part of the store that this run acts on. */
bool gc_run_has(const struct gc_run *run, const struct oid *id);

#endif
