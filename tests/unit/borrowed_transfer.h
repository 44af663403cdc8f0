/*
 * Transfers of a test, all on one pool and its scratch memory: to make these takes longer
 * than a push of a small model, under a sanitizer ten times as long, and some tests fail
 * a push a thousand times. What a transfer remembers of a store is each one's own.
 */
#ifndef ZLLM_TEST_BORROWED_TRANSFER_H
#define ZLLM_TEST_BORROWED_TRANSFER_H

#include <stddef.h>
#include <stdlib.h>

#include "codec/common/pool.h"
#include "index/blob/record_map.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"
#include "index/work/scratch_shelf.h"

enum { BORROWED_THREADS_MAX = 2 };

static struct pool *borrowed_pools[BORROWED_THREADS_MAX + 1];
static struct scratch_shelf *borrowed_shelf;

static inline void end_what_was_borrowed(void)
{
	for (unsigned i = 0; i <= BORROWED_THREADS_MAX; i++)
		pool_free(borrowed_pools[i]);
	scratch_shelf_free(borrowed_shelf);
}

/* Until the program ends. 0 or a negative code. */
static inline int borrow_pool(unsigned threads, struct err *err)
{
	int rc = 0;

	if (!borrowed_shelf) {
		atexit(end_what_was_borrowed);
		rc = scratch_shelf_new(&borrowed_shelf, err);
	}
	if (!rc && !borrowed_pools[threads])
		rc = pool_new(threads, &borrowed_pools[threads], err);
	return rc;
}

/* What transfer_init() does, with 1 or 2 threads. Only one thread of a test may call it. */
static inline int transfer_borrow(struct transfer *t, struct store *s, unsigned threads,
                                  struct err *err)
{
	struct record_map *records = NULL;
	int rc = borrow_pool(threads, err);

	if (!rc && s->remote)
		rc = record_map_new(s, &records, err);
	if (rc)
		return rc;
	*t = (struct transfer){ .store = s,
		                .repo_id = "",
		                .pool = borrowed_pools[threads],
		                .shelf = borrowed_shelf,
		                .records = records,
		                .lanes = s->inflight > threads ? s->inflight : threads };
	return 0;
}

static inline void transfer_return(struct transfer *t)
{
	record_map_free(t->records);
	*t = (struct transfer){ .repo_id = "" };
}

#endif
