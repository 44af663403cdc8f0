#include "index/recompact/recompact.h"

#include <pthread.h>

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/recompact/group_costs.h"
#include "index/recompact/group_work.h"
#include "index/recompact/single_work.h"
#include "index/recompact/stock.h"
#include "index/work/lanes.h"
#include "index/work/work_watch.h"

/* Groups at once: each has a table of all its pairs. */
enum { LANES_MAX = 8 };

struct run {
	const struct recompact_request *request; /* the caller's */
	struct recompact_request own; /* the same, whose callbacks wait for one another */
	const struct stock *stock;
	unsigned lanes;
	pthread_mutex_t lock; /* guards the rest, and the caller's callbacks */
	struct recompact_result sum;
	uint64_t saved; /* supposed */
};

/* ---------------------------------------------------------------- one at a time */

static bool may_go_on(void *ctx)
{
	struct run *run = ctx;
	bool may = true;

	pthread_mutex_lock(&run->lock);
	if (run->request->may_go_on)
		may = run->request->may_go_on(run->request->ctx);
	pthread_mutex_unlock(&run->lock);
	return may;
}

static void told(void *ctx, uint64_t bytes)
{
	struct run *run = ctx;

	pthread_mutex_lock(&run->lock);
	if (run->request->told)
		run->request->told(run->request->ctx, bytes);
	pthread_mutex_unlock(&run->lock);
}

static void failed(void *ctx, const struct err *err)
{
	struct run *run = ctx;

	pthread_mutex_lock(&run->lock);
	if (run->request->failed)
		run->request->failed(run->request->ctx, err);
	pthread_mutex_unlock(&run->lock);
}

/* Constant: whether something is this run's is asked without the lock. */
static bool is_ours(void *ctx, uint64_t name)
{
	const struct recompact_request *r = ((const struct run *)ctx)->request;

	return !r->is_ours || r->is_ours(r->ctx, name);
}

static bool has_group(struct run *run, size_t group)
{
	size_t first;

	stock_group(run->stock, group, &first);
	return is_ours(run, stock_blob_at(run->stock, first)->name);
}

static void run_begin(struct run *run, const struct recompact_request *r,
                      const struct stock *s)
{
	*run = (struct run){ .request = r, .own = *r, .stock = s };
	run->lanes = r->transfer->lanes;
	run->own.may_go_on = may_go_on;
	run->own.is_ours = is_ours;
	run->own.told = told;
	run->own.failed = failed;
	run->own.ctx = run;
	pthread_mutex_init(&run->lock, NULL);
}

/* ---------------------------------------------------------------- the groups */

static void add(struct recompact_result *to, const struct recompact_result *one)
{
	to->made += one->made;
	to->made_bytes += one->made_bytes;
	to->retired += one->retired;
	to->retired_bytes += one->retired_bytes;
	to->trials += one->trials;
	to->skipped += one->skipped;
	to->failed += one->failed;
	to->left += one->left;
}

/* Of the tensors of a group. */
static uint64_t bytes_of(const struct stock *s, size_t group)
{
	size_t first, count = stock_group(s, group, &first);
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += stock_blob_at(s, first + i)->size;
	return sum;
}

static void tell_total(struct run *run)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < run->stock->groups; i++)
		sum += has_group(run, i) ? bytes_of(run->stock, i) : 0;
	work_watch_step(run->own.watch, "recompacting", WORK_BYTES, sum);
}

static int work_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct run *run = ctx;
	struct recompact_result sum = { 0 };
	int rc = 0;

	(void)lane;
	if (!has_group(run, i))
		return 0;
	if (may_go_on(run))
		rc = group_work(&run->own, run->stock, i, &sum, err);
	else
		sum.left = 1;
	work_watch_came(run->own.watch, bytes_of(run->stock, i));
	pthread_mutex_lock(&run->lock);
	add(&run->sum, &sum);
	pthread_mutex_unlock(&run->lock);
	return rc;
}

static int suppose_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct run *run = ctx;
	struct group_costs costs;
	uint32_t plan[BASE_PLAN_MAX];
	uint64_t saved = 0;

	(void)lane;
	if (!has_group(run, i))
		return 0;
	int rc = group_costs_make(&costs, run->stock, i, err);
	if (!rc)
		rc = base_plan_make(&costs.plan, costs.now, plan, err);
	if (!rc) {
		uint64_t now = base_plan_cost(&costs.plan, costs.now);
		uint64_t then = base_plan_cost(&costs.plan, plan);
		saved = then < now && now < BASE_PLAN_NEVER ? now - then : 0;
	}
	group_costs_wipe(&costs);
	pthread_mutex_lock(&run->lock);
	run->saved += saved;
	pthread_mutex_unlock(&run->lock);
	return rc;
}

/* What lies in memory at once grows with the lanes. */
static int for_all_groups(struct run *run,
                          int (*task)(void *ctx, unsigned lane, size_t i,
                                      struct err *err),
                          struct err *err)
{
	const struct lanes_work work = { run->stock->groups, task, NULL, run };

	return lanes_run(run->lanes < LANES_MAX ? run->lanes : LANES_MAX, &work, err);
}

/* Two records are read at once where one is coded anew, and a third is written: half of
 * the lanes' memory each. */
int recompact(const struct recompact_request *r, const struct stock *s,
              struct recompact_result *out, struct err *err)
{
	struct transfer wide = transfer_view(r->transfer, 2 * r->transfer->lanes, NULL);
	struct run run;

	run_begin(&run, r, s);
	run.own.transfer = &wide;
	tell_total(&run);
	int rc = for_all_groups(&run, work_one, err);
	if (!rc && r->mark)
		rc = single_work(&run.own, s, &run.sum, err);
	pthread_mutex_destroy(&run.lock);
	if (rc)
		return rc;
	*out = run.sum;
	out->before = stock_bytes(s);
	out->after = out->before + out->made_bytes - out->retired_bytes;
	return 0;
}

int recompact_suppose(const struct recompact_request *r, const struct stock *s,
                      uint64_t *saved, struct err *err)
{
	struct run run;

	run_begin(&run, r, s);
	int rc = for_all_groups(&run, suppose_one, err);
	pthread_mutex_destroy(&run.lock);
	if (!rc)
		*saved = run.saved;
	return rc;
}
