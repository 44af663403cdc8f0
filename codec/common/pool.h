/*
 * A pool of threads for work that is only computing (no I/O, no waiting).
 *
 * pool_run() is a parallel loop: job(ctx, i) for every i in [0, n), in any
 * order, on the pool's threads and on the caller's. It returns when all are
 * done. Jobs write their results by index, so the outcome never depends on the
 * number of threads. A pool of one thread is the serial twin: it starts no
 * thread and runs the jobs in order.
 *
 * pool_try() is the same of jobs that can fail.
 *
 * Thread rule: any number of threads may call pool_run() and pool_try() on one pool at
 * once. A job must call neither on its own pool.
 */
#ifndef ZLLM_POOL_H
#define ZLLM_POOL_H

#include <stddef.h>

struct err;
struct pool;

/* `threads` counts the caller: 1 is serial; 0 means one for each CPU.
 * 0 or a negative code. */
int pool_new(unsigned threads, struct pool **out, struct err *err);
void pool_free(struct pool *p);

/* How many jobs can run at once, the caller's thread counted. */
unsigned pool_width(const struct pool *p);

void pool_run(struct pool *p, size_t n, void (*job)(void *ctx, size_t i), void *ctx);

/*
 * Jobs that return 0, or a code and the words in `err`, which is theirs alone. The
 * answer is that of the lowest index that failed, whatever the number of threads; 0
 * where none did. Indices above one that failed are perhaps not begun, those below are.
 */
int pool_try(struct pool *p, size_t n, int (*job)(void *ctx, size_t i, struct err *err),
             void *ctx, struct err *err);

#endif
