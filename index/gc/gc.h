/*
 * git zllm gc: one run over a store, in the order of docs/store.md, "gc":
 *
 *     look      at owners, manifests, records, trash
 *     restore   what is needed and not live
 *     move      manifests that were given up, records that nothing needs
 *     destroy   what has been out of sight for the grace period, and is not needed
 *     recompact where all that is needed is live (a function of the caller's)
 *     sweep     what killed writers left, markers that lead nowhere; markers are made anew
 *
 * No lock is taken: pushes, readers, other gcs may run beside it. It may be killed anywhere.
 */
#ifndef ZLLM_GC_H
#define ZLLM_GC_H

#include "codec/common/err.h"
#include "index/gc/gc_run.h"

struct gc_mark;

struct gc_request {
	/* Re-encodes by a view in which nothing is missed, and retires what it replaced by
	 * gc_act (GC_RECORDS). NULL: nothing is. 0 or negative. */
	int (*recompact)(struct gc_run *run, const struct gc_mark *mark, void *ctx,
	                 struct err *err);
	void *ctx;
};

struct gc_summary {
	size_t missed;    /* blobs that no live record decoded when the run began */
	size_t lost;      /* of them, those that trash/ does not have either */
	size_t unowned;   /* objects that nobody owns, which are kept */
	size_t strange;   /* things in trash/ that are left alone */
	struct err blind; /* why not all manifests could be read: then nothing was done to
	                     * records; code 0: they could */
	size_t blind_count; /* of these manifests */
	bool late;          /* the looks took too long: nothing was destroyed */
};

/* `run` was begun: its ages too. 0, or negative where the store cannot be listed or
 * refuses, and ERR_DAMAGED, and nothing was done, where most owners' objects are gone; what failed for one thing was told, and is counted as GC_FAILED. */
int gc(struct gc_run *run, const struct gc_request *request, struct gc_summary *out,
       struct err *err);

#endif
