/*
 * Checking a store: the whole of it, or named objects.
 *
 *     one listing  ->  objects, in order of their oids  ->  records that no object was
 *                                                           read by, in order of keys
 *
 * quick   decodes nothing: manifests are read and checked, every record's head is held
 *         against its key, its length and what manifests say of it; edges, owners, keys.
 *         Moves nothing.
 * deep    restores every object and compares it with its oid; then proves the records that
 *         were not read by that, each by its SHA-256. What is proved wrong is set aside,
 *         where that is allowed (docs/store.md, "Mending").
 *
 * A step is an object or a record. Between two the budget is asked; `place` then says how
 * far it came, and another run goes on behind it.
 */
#ifndef ZLLM_FSCK_RUN_H
#define ZLLM_FSCK_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index/fsck/fsck_finding.h"
#include "index/fsck/fsck_listing.h"
#include "index/work/work_part.h"

struct budget;
struct err;
struct transfer;
struct work_watch;

enum fsck_mode { FSCK_QUICK, FSCK_DEEP };

struct fsck_request {
	const struct transfer *transfer; /* without a cache: that proves nothing */
	enum fsck_mode mode;
	const struct oid *named; /* these objects alone; NULL: all */
	size_t named_count;
	struct work_part part;       /* of objects, and of records, by their ids */
	const char *from;            /* the last key that was done before; "" : none */
	const struct budget *budget; /* or NULL */

	/* The store as one who may move things in it has it; asked for when something was
	 * proved wrong. NULL: nothing is moved. ERR_CONFIG: nor ever will be. */
	int (*writing)(void *ctx, struct store **out, struct err *err);
	/* An object is not whole, or (oid NULL) something else is wrong: as it is found, so
	 * that the same record may be told of by several objects. May be NULL. */
	void (*told)(void *ctx, const struct oid *oid, const struct err *fault);
	/* All up to `key` is done. May be NULL. */
	void (*came)(void *ctx, const char *key);
	void *ctx; /* for all of these */
	const struct work_watch *watch; /* who is shown how far it is; or NULL */
};

struct fsck_result {
	struct fsck_listing listing;
	struct fsck_findings findings;
	size_t whole, not_whole; /* objects, of this run */
	size_t records;          /* that were looked at by themselves */
	bool complete;           /* the round ended: the budget was not over before */
	char place[KEY_MAX];     /* how far it came; "" where it did not begin */
};

/* 0, also when much is wrong; negative when the check itself could not go on: the store
 * cannot be listed, memory. The caller wipes *out in any case. */
int fsck_run(const struct fsck_request *request, struct fsck_result *out,
             struct err *err);
void fsck_result_wipe(struct fsck_result *r);

#endif
