/*
 * What every transfer needs, set up once for a session and then constant: the
 * store, the threads, and how much memory they may fill.
 */
#ifndef ZLLM_TRANSFER_H
#define ZLLM_TRANSFER_H

#include <stddef.h>

struct err;
struct pool;
struct scratch_shelf;
struct store;

enum { TRANSFER_MEMORY = 96 * 1024 * 1024 }; /* bytes of windows in all lanes */

struct transfer {
	struct store *store;         /* not owned */
	struct pool *pool;           /* owned */
	struct scratch_shelf *shelf; /* owned */
	unsigned lanes;              /* tasks at once; at least 1 */
	const char *repo_id;         /* who pushes; "" when not known; not owned */
};

/* `threads` for computing, the caller's counted; 0: one for each CPU. The lanes
 * are as many as the store wants, and no fewer than the threads. */
int transfer_init(struct transfer *t, struct store *store, unsigned threads,
                  struct err *err);
void transfer_wipe(struct transfer *t);

/* How many frames of that dtype one lane works on at a time: all lanes together
 * stay within TRANSFER_MEMORY. At least 1. */
unsigned transfer_window(const struct transfer *t, size_t frame_bytes);

#endif
