/*
 * What every transfer needs, set up once for a session and then constant: the
 * store, the threads, and how much memory they may fill.
 */
#ifndef ZLLM_TRANSFER_H
#define ZLLM_TRANSFER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct effort;
struct err;
struct oid;
struct pool;
struct record_map;
struct scratch_shelf;
struct store;

enum {
	TRANSFER_MEMORY = 96 * 1024 * 1024,     /* bytes of windows in all lanes */
	TRANSFER_FIRST_READS = 96 * 1024 * 1024 /* fetched at once, likewise */
};

struct transfer {
	struct store *store;         /* not owned */
	struct store *cache;         /* the same behind a cache of bases
	                              * (store_cache.h), or NULL; not owned */
	struct pool *pool;           /* owned */
	struct scratch_shelf *shelf; /* owned */
	unsigned lanes;              /* tasks at once; at least 1 */
	bool in_order;               /* an object's records are put in its order */
	const struct effort *effort; /* of what is stored; NULL: normal (effort.h) */
	bool unchecked; /* what the store lists is relied upon unseen: a bundle
	                              * lists what the reader will have (thin_store.h) */
	struct record_map *records; /* owned; NULL unless the store is remote */
	const atomic_bool *stop;    /* once true, downloads end with ERR_INTERRUPTED
	                              * at their next window; or NULL; not owned */
	const char *repo_id;        /* who pushes; "" when not known; not owned */

	/* Which range of a local file should hold the blob `id`: 0, or 1 when none is
	 * known. Downloads then spare the store; what is read there is checked, and
	 * where it is wrong the store is asked after all. Any thread may call it; the
	 * path stays as long as the transfer. NULL: nothing is at hand. */
	int (*local_blob)(void *ctx, const struct oid *id, const char **path,
	                  uint64_t *offset, uint64_t *size);
	void *local_ctx;
};

/* `threads` for computing, the caller's counted; 0: one for each CPU. The lanes
 * are as many as the store wants, and no fewer than the threads. */
int transfer_init(struct transfer *t, struct store *store, unsigned threads,
                  struct err *err);
void transfer_wipe(struct transfer *t);

/* Forgets what was seen of the store; nothing may be under way. */
void transfer_look_anew(struct transfer *t);

/* The same transfer, seen by a task that has a number of lanes and a flag of its own for
 * stopping (NULL: the transfer's own). It owns nothing, is never wiped, and is valid as
 * long as `t`. */
struct transfer transfer_view(const struct transfer *t, unsigned lanes,
                              const atomic_bool *stop);

/* How many frames of that dtype one lane works on at a time: all lanes together
 * stay within TRANSFER_MEMORY. At least 1. */
unsigned transfer_window(const struct transfer *t, size_t frame_bytes);

/* How many bytes of a base to read at a time for a part of a blob (predictor.h):
 * whole frames, a few at the most. */
size_t transfer_block(const struct transfer *t, size_t frame_bytes);

/* 0, or ERR_INTERRUPTED when the transfer was told to stop. */
int transfer_go_on(const struct transfer *t, struct err *err);

/* How many bytes of a record to ask for when it is opened: what is read later takes
 * another round trip. All lanes together stay within TRANSFER_FIRST_READS, a base for
 * each counted. At least 128 KiB. */
size_t transfer_first_read(const struct transfer *t);

#endif
