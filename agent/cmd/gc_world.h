/*
 * What every way of running `git zllm gc` works with: the store, opened for writing, behind
 * a meter and a budget; the grace period; and a run (index/gc/gc_run.h) whose failures are
 * told on standard error.
 */
#ifndef ZLLM_GC_WORLD_H
#define ZLLM_GC_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/cmd/gc_recompact.h"
#include "agent/report/progress.h"
#include "agent/where/connection.h"
#include "agent/where/store_url.h"
#include "index/blob/transfer.h"
#include "index/gc/gc_run.h"
#include "index/work/budget.h"

struct err;
struct json;
struct lfs_config;
struct store;

/* What the options say that all ways share. */
struct gc_options {
	const char *grace, *budget, *part; /* as they were written; NULL: not given */
	bool dry_run, json, no_recompact, unowned, yes;

	/* Of the owners' layer: gc_prune.h, gc_trash.h. */
	bool prune, remotes_are, undelete, trash;
	const char *expire, *forget;
	char **words; /* what is no option: URLs, oids */
	int word_count;
};

struct gc_world {
	struct connection here;    /* of the repository, where no store was named */
	struct lfs_config *config; /* not owned where it is here.config */
	struct store_url url;      /* of a store that was named */
	struct store *named;       /* the same, opened */
	struct store *store;       /* the one that is collected, not owned */
	struct store *metered;     /* in front of it */
	struct transfer transfer;  /* to the metered one */
	struct budget budget;
	struct progress progress;
	struct work_watch watch; /* of the run; shows it by that */
	struct gc_recompact recompact; /* begun by who runs gc() */
	struct gc_run run;             /* its ages begin with gc_world_begin() */
	int64_t grace;                 /* seconds */
	uint64_t told;                 /* failures that were printed */
	int exit_code;                 /* of the worst of what failed */
	struct json *pruned;           /* what a prune did, for --json; or NULL */
};

/* Opens the store that `name` says, or that of the repository here where it is NULL. The
 * caller closes, also after an error. */
int gc_world_open(struct gc_world *w, const char *name, const struct gc_options *options,
                  struct err *err);

/* Reads the clocks: the run's mark begins. With --dry-run nothing is touched, and it is this
 * machine's clock, which is said. A store that lets nothing be removed is refused here, in
 * a sentence. */
int gc_world_begin(struct gc_world *w, struct err *err);
void gc_world_close(struct gc_world *w);

#endif
