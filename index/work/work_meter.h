/*
 * How far a transfer has come, counted by many threads and told by one.
 */
#ifndef ZLLM_WORK_METER_H
#define ZLLM_WORK_METER_H

#include <stdatomic.h>
#include <stdint.h>

struct err;

/* Called by the caller's own thread with the bytes of the object that count as
 * transferred: never less than before, never more than its size. Non-zero (with
 * err) ends the transfer. */
typedef int work_progress_fn(void *ctx, uint64_t bytes, struct err *err);

struct work_meter {
	_Atomic uint64_t done;      /* units of work; any thread adds */
	uint64_t per_byte;          /* units that make one byte of the object */
	uint64_t size;              /* of the object, bytes */
	work_progress_fn *progress; /* may be NULL */
	void *ctx;
};

static inline void work_meter_add(struct work_meter *m, uint64_t units)
{
	atomic_fetch_add_explicit(&m->done, units, memory_order_relaxed);
}

/* Tells how far it is; for the caller's own thread only. */
static inline int work_meter_tell(struct work_meter *m, struct err *err)
{
	uint64_t bytes = atomic_load_explicit(&m->done, memory_order_relaxed) /
	                 m->per_byte;

	if (!m->progress)
		return 0;
	return m->progress(m->ctx, bytes < m->size ? bytes : m->size, err);
}

#endif
