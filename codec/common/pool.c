/*
 * Callers of pool_run() put a `loop` on their own stack into a list; idle
 * threads take the next index of the first loop that still has one. The
 * caller works on its own loop, then waits for those still running.
 *
 *     loops -> [loop A: next 7 of 9, 2 running] -> [loop B: next 0 of 4]
 */
#include "codec/common/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/common/err.h"

struct loop {
	void (*job)(void *ctx, size_t i);
	void *ctx;
	size_t next, n; /* indices not yet taken are [next, n) */
	size_t running; /* taken and not yet done */
	struct loop *later;
};

struct pool {
	pthread_mutex_t lock; /* guards all below, and every loop in the list */
	pthread_cond_t work;  /* a loop came, or the pool is closing */
	pthread_cond_t done;  /* some loop has nothing running any more */
	struct loop *loops;   /* those with indices not yet taken */
	bool closing;
	unsigned started;
	unsigned width;
	pthread_t threads[];
};

/* Takes the next index of `loop`, and the loop out of the list with its last. */
static size_t take_index(struct pool *p, struct loop *loop)
{
	size_t i = loop->next++;

	loop->running++;
	if (loop->next == loop->n) {
		struct loop **at = &p->loops;
		while (*at != loop)
			at = &(*at)->later;
		*at = loop->later;
	}
	return i;
}

/* Runs one index with the lock released; the lock is held before and after. */
static void run_index(struct pool *p, struct loop *loop)
{
	size_t i = take_index(p, loop);

	pthread_mutex_unlock(&p->lock);
	loop->job(loop->ctx, i);
	pthread_mutex_lock(&p->lock);
	if (--loop->running == 0 && loop->next == loop->n)
		pthread_cond_broadcast(&p->done);
}

static void *thread_main(void *arg)
{
	struct pool *p = arg;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->loops && !p->closing)
			pthread_cond_wait(&p->work, &p->lock);
		if (p->closing)
			break;
		run_index(p, p->loops);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static unsigned cpu_count(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 256 ? 256 : (unsigned)n;
}

int pool_new(unsigned threads, struct pool **out, struct err *err)
{
	unsigned width = threads ? threads : cpu_count();
	struct pool *p = calloc(1, sizeof(*p) + (width - 1) * sizeof(p->threads[0]));

	if (!p)
		return err_nomem(err, "a pool of threads");
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->done, NULL);
	/* Fewer threads than wished for is slower, not wrong. */
	while (p->started < width - 1 &&
	       pthread_create(&p->threads[p->started], NULL, thread_main, p) == 0)
		p->started++;
	p->width = p->started + 1;
	*out = p;
	return 0;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->started; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->done);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

unsigned pool_width(const struct pool *p)
{
	return p->width;
}

void pool_run(struct pool *p, size_t n, void (*job)(void *ctx, size_t i), void *ctx)
{
	if (p->width == 1 || n < 2) {
		for (size_t i = 0; i < n; i++)
			job(ctx, i);
		return;
	}
	struct loop loop = { .job = job, .ctx = ctx, .n = n };

	pthread_mutex_lock(&p->lock);
	struct loop **end = &p->loops;
	while (*end)
		end = &(*end)->later;
	*end = &loop;
	pthread_cond_broadcast(&p->work);
	while (loop.next < loop.n)
		run_index(p, &loop);
	while (loop.running)
		pthread_cond_wait(&p->done, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

/* ---------------------------------------------------------------- jobs that can fail */

/* A call of pool_try(). */
struct attempt {
	int (*job)(void *ctx, size_t i, struct err *err);
	void *ctx;
	pthread_mutex_t lock; /* guards all below */
	size_t failed;        /* the lowest index that did, or SIZE_MAX */
	int rc;               /* its answer */
	struct err err;
};

static bool is_in_vain(struct attempt *a, size_t i)
{
	pthread_mutex_lock(&a->lock);
	bool vain = i > a->failed;
	pthread_mutex_unlock(&a->lock);
	return vain;
}

static void attempt_job(void *ctx, size_t i)
{
	struct attempt *a = ctx;
	struct err err = ERR_INIT;

	if (is_in_vain(a, i))
		return;
	int rc = a->job(a->ctx, i, &err);
	if (!rc)
		return;
	pthread_mutex_lock(&a->lock);
	if (i < a->failed) {
		a->failed = i;
		a->rc = rc;
		a->err = err;
	}
	pthread_mutex_unlock(&a->lock);
}

int pool_try(struct pool *p, size_t n, int (*job)(void *ctx, size_t i, struct err *err),
             void *ctx, struct err *err)
{
	struct attempt a = { .job = job, .ctx = ctx, .failed = SIZE_MAX };

	pthread_mutex_init(&a.lock, NULL);
	pool_run(p, n, attempt_job, &a);
	pthread_mutex_destroy(&a.lock);
	if (a.rc && err)
		*err = a.err;
	return a.rc;
}
