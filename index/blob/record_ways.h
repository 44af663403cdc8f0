/*
 * The records by which a blob may be read, in the order in which to try them while a gc, a
 * mender and pushers move things (docs/store.md, "gc", readers):
 *
 *     a blob    where its record is thought to be, live ones (solo first), those in trash/
 *     a base    its solo record, live or in trash/, before any delta of it: a delta of a
 *               base may stand on what is only kept for the base's own sake
 *
 * and all of that three times, for a record that is moved between two listings is in
 * neither.
 */
#ifndef ZLLM_RECORD_WAYS_H
#define ZLLM_RECORD_WAYS_H

#include <stdbool.h>

#include "index/blob/record_check.h"

struct err;
struct store;

struct record_ways {
	struct store *store;
	const struct blob_claim *claim;
	const char *key; /* where its record is thought to be, or NULL */
	unsigned depth;  /* deltas above it; 0: it is not a base */

	/* Reads by the record at `key`. 0; 1 when there is none, or a base of it has none;
	 * or negative, which ends the search. */
	int (*attempt)(void *ctx, const char *key, struct err *err);

	/* Whether the record at `key`, which is in trash/, is the blob's by all of its
	 * bytes: asked where several lie there, for one that was proved wrong may. */
	bool (*is_proved)(void *ctx, const char *key);
	void *ctx;
};

/* 0 once an attempt gave 0; 1 when none did; or negative. */
int record_ways_try(const struct record_ways *w, struct err *err);

#endif
