#include "index/work/lanes.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "codec/common/err.h"

enum { TICK_NANOSECONDS = 100 * 1000 * 1000 };

struct lanes {
	const struct lanes_work *work;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t ended; /* a lane ended */
	size_t next;
	unsigned open; /* lanes running */
	int rc;
	struct err err;
};

struct lane {
	struct lanes *lanes;
	unsigned number;
	pthread_t thread;
};

/* The next task, or false when there is none or one has failed. */
static bool take_task(struct lanes *l, size_t *i)
{
	pthread_mutex_lock(&l->lock);
	bool more = l->rc == 0 && l->next < l->work->count;
	if (more)
		*i = l->next++;
	pthread_mutex_unlock(&l->lock);
	return more;
}

static void keep_first_error(struct lanes *l, int rc, const struct err *err)
{
	pthread_mutex_lock(&l->lock);
	if (l->rc == 0) {
		l->rc = rc;
		l->err = *err;
	}
	pthread_mutex_unlock(&l->lock);
}

static void run_tasks(struct lanes *l, unsigned number)
{
	size_t i;

	while (take_task(l, &i)) {
		struct err err = ERR_INIT;
		int rc = l->work->task(l->work->ctx, number, i, &err);
		if (rc)
			keep_first_error(l, rc, &err);
	}
}

static void *lane_main(void *arg)
{
	struct lane *lane = arg;
	struct lanes *l = lane->lanes;

	run_tasks(l, lane->number);
	pthread_mutex_lock(&l->lock);
	l->open--;
	pthread_cond_signal(&l->ended);
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static void tick(struct lanes *l)
{
	struct err err = ERR_INIT;
	int rc = l->work->tick ? l->work->tick(l->work->ctx, &err) : 0;

	if (rc)
		keep_first_error(l, rc, &err);
}

static void wait_for_lanes(struct lanes *l)
{
	pthread_mutex_lock(&l->lock);
	while (l->open) {
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += TICK_NANOSECONDS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		pthread_cond_timedwait(&l->ended, &l->lock, &until);
		pthread_mutex_unlock(&l->lock);
		tick(l);
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
}

static unsigned start_lanes(struct lanes *l, struct lane *list, unsigned width)
{
	unsigned started = 0;

	for (; started < width; started++) {
		list[started] = (struct lane){ .lanes = l, .number = started };
		pthread_mutex_lock(&l->lock);
		l->open++;
		pthread_mutex_unlock(&l->lock);
		if (pthread_create(&list[started].thread, NULL, lane_main,
		                   &list[started])) {
			pthread_mutex_lock(&l->lock);
			l->open--;
			pthread_mutex_unlock(&l->lock);
			break;
		}
	}
	return started;
}

int lanes_run(unsigned width, const struct lanes_work *work, struct err *err)
{
	struct lanes l = { .work = work };
	pthread_condattr_t attr;

	if (width > work->count)
		width = (unsigned)work->count;
	if (!width)
		return 0;
	struct lane *list = calloc(width, sizeof(*list));
	if (!list)
		return err_nomem(err, "lanes");
	pthread_mutex_init(&l.lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l.ended, &attr);
	pthread_condattr_destroy(&attr);

	bool alone = width == 1 && !work->tick;
	unsigned started = alone ? 0 : start_lanes(&l, list, width);
	if (!started)
		run_tasks(&l, 0); /* or no thread is to be had: slower, not wrong */
	wait_for_lanes(&l);
	for (unsigned i = 0; i < started; i++)
		pthread_join(list[i].thread, NULL);
	tick(&l);

	pthread_cond_destroy(&l.ended);
	pthread_mutex_destroy(&l.lock);
	free(list);
	if (l.rc && err)
		*err = l.err;
	return l.rc;
}
