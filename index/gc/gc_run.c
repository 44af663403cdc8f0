#include "index/gc/gc_run.h"

#include "codec/common/err.h"
#include "codec/common/sha256.h"

void gc_run_begin(struct gc_run *run, const struct transfer *t)
{
	*run = (struct gc_run){ .transfer = t, .part = { 0, 1 } };
	pthread_mutex_init(&run->lock, NULL);
	atomic_init(&run->over, false);
}

void gc_run_wipe(struct gc_run *run)
{
	pthread_mutex_destroy(&run->lock);
}

void gc_run_step(struct gc_run *run, const char *what)
{
	const struct gc_listener *l = &run->listener;

	pthread_mutex_lock(&run->lock);
	if (l->step)
		l->step(l->ctx, what);
	work_watch_step(run->watch, what, WORK_THINGS, 0);
	run->what = what;
	pthread_mutex_unlock(&run->lock);
}

void gc_run_part(struct gc_run *run, const char *what, enum work_unit unit,
                 uint64_t total)
{
	pthread_mutex_lock(&run->lock);
	work_watch_step(run->watch, what, unit, total);
	pthread_mutex_unlock(&run->lock);
}

void gc_run_expect(struct gc_run *run, enum work_unit unit, uint64_t total)
{
	gc_run_part(run, run->what ? run->what : "collecting", unit, total);
}

void gc_run_count(struct gc_run *run, enum gc_thing thing, enum gc_deed deed,
                  uint64_t bytes)
{
	const struct gc_listener *l = &run->listener;
	const struct gc_count one = { 1, bytes };

	pthread_mutex_lock(&run->lock);
	run->counts.of[thing][deed].count++;
	run->counts.of[thing][deed].bytes += bytes;
	if (l->done)
		l->done(l->ctx, thing, deed, &one);
	pthread_mutex_unlock(&run->lock);
}

void gc_run_failed(struct gc_run *run, enum gc_thing thing, const struct err *err)
{
	const struct gc_listener *l = &run->listener;

	gc_run_count(run, thing, GC_FAILED, 0);
	pthread_mutex_lock(&run->lock);
	if (l->failed)
		l->failed(l->ctx, err);
	pthread_mutex_unlock(&run->lock);
}

bool gc_run_may_go_on(struct gc_run *run)
{
	const struct gc_listener *l = &run->listener;

	if (l->may_go_on && !atomic_load(&run->over)) {
		pthread_mutex_lock(&run->lock);
		if (!l->may_go_on(l->ctx))
			atomic_store(&run->over, true);
		pthread_mutex_unlock(&run->lock);
	}
	return !atomic_load(&run->over);
}

bool gc_run_has(const struct gc_run *run, const struct oid *id)
{
	return work_part_has(&run->part, id->bytes);
}
