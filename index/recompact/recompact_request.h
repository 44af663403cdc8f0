/*
 * What is asked of a recompaction, and what came of it.
 */
#ifndef ZLLM_RECOMPACT_REQUEST_H
#define ZLLM_RECOMPACT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct gc_mark;
struct retiring;
struct transfer;
struct trial_memory;
struct work_watch;

struct recompact_request {
	const struct transfer *transfer; /* to a store that is written to */
	const struct retiring *retiring;
	struct trial_memory *memory; /* or NULL */
	const struct gc_mark *mark;  /* what is needed; NULL: of blobs without a sketch
	                              * nothing is said */

	const struct work_watch *watch; /* who is shown how far it is; or NULL */

	/* Called from several threads, one at a time; each may be NULL. */
	bool (*may_go_on)(void *ctx); /* asked between blobs: false stops cleanly */
	bool (*is_ours)(void *ctx, uint64_t name); /* whether this run has the group */
	void (*told)(void *ctx, uint64_t bytes);   /* a record of so many was made */
	void (*failed)(void *ctx, const struct err *err); /* of one blob; others go on */
	void *ctx;
};

struct recompact_result {
	size_t made, retired; /* records */
	uint64_t made_bytes, retired_bytes;
	uint64_t before, after; /* bytes of all live records of the stock */
	size_t trials;          /* of blobs against bases */
	size_t skipped;         /* groups of which something cannot be read */
	size_t failed;          /* blobs that could not be coded anew */
	size_t left;            /* groups that were not finished, having been stopped */
};

#endif
