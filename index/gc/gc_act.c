#include "index/gc/gc_act.h"

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"
#include "index/work/lanes.h"

/* So many failures without a success between them: it is the store, not one thing in it. */
enum { FAILURES_MAX = 32 };

struct acting {
	struct gc_run *run;
	const struct gc_acts *acts;
	atomic_uint failures;
};

static int do_it(struct store *s, const struct gc_act *act, struct err *err)
{
	char trash[KEY_MAX];

	switch (act->deed) {
	case GC_MOVED:
		return store_set_aside(s, act->key, trash, err);
	case GC_RESTORED:
		return store_restore(s, act->trash, act->key, err);
	default:
		return store_remove(s, act->trash, err);
	}
}

static const char *verb_of(enum gc_deed deed)
{
	return deed == GC_MOVED      ? "moving"
	       : deed == GC_RESTORED ? "restoring"
	                             : "removing";
}

int gc_act_one(struct gc_run *run, const struct gc_act *act, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = 0;

	if (!(run->flags & GC_DRY_RUN))
		rc = do_it(run->transfer->store, act, &why);
	if (rc == 0)
		gc_run_count(run, act->thing, act->deed, act->bytes);
	if (rc < 0) {
		err_context(&why, "%s %s", verb_of(act->deed),
		            act->deed == GC_DESTROYED ? act->trash : act->key);
		gc_run_failed(run, act->thing, &why);
		*err = why;
	}
	return rc;
}

static int make_and_do(struct acting *a, size_t i, struct err *err)
{
	struct gc_act act;
	struct err why = ERR_INIT;
	int rc = a->acts->make(a->acts->ctx, i, &act, &why);

	if (rc == 0 && !gc_run_may_go_on(a->run)) {
		gc_run_count(a->run, act.thing, GC_LEFT, act.bytes);
		return 0;
	}
	if (rc == 0)
		rc = gc_act_one(a->run, &act, &why);
	else if (rc < 0)
		gc_run_failed(a->run, act.thing, &why);
	if (rc < 0)
		*err = why;
	return rc;
}

/* A failure of one thing does not end the others; one of the store does. */
static int do_task(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct acting *a = ctx;
	int rc = make_and_do(a, i, err);

	(void)lane;
	work_watch_came(a->run->watch, 1);
	if (rc >= 0) {
		atomic_store(&a->failures, 0);
		return 0;
	}
	bool hopeless = rc == ERR_CONFIG || rc == ERR_NOMEM ||
	                atomic_fetch_add(&a->failures, 1) + 1 >= FAILURES_MAX;
	return hopeless ? rc : 0;
}

int gc_act_all(struct gc_run *run, const struct gc_acts *acts, struct err *err)
{
	struct acting a = { .run = run, .acts = acts };
	struct lanes_work work = { .count = acts->count, .task = do_task, .ctx = &a };

	atomic_init(&a.failures, 0);
	gc_run_expect(run, WORK_THINGS, acts->count);
	return lanes_run(run->transfer->lanes, &work, err);
}
