#include "agent/cmd/gc_world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/git/lfs_config.h"
#include "agent/report/budget_text.h"
#include "agent/report/duration_text.h"
#include "agent/report/json.h"
#include "agent/report/report.h"
#include "agent/where/effort_setting.h"
#include "agent/where/grace.h"
#include "agent/where/part_choice.h"
#include "agent/where/store_open.h"
#include "codec/common/err.h"
#include "index/blob/effort.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"
#include "index/store/store_metered.h"

enum { TOLD_MAX = 20 };

/* How what gc makes in a folder gets its modes where no repository says: as one user's. */
static const struct store_folder_modes own_modes = { 0444, 0755 };

/* ---------------------------------------------------------------- options */

static int read_grace(struct gc_world *w, const char *text, struct err *err)
{
	uint64_t seconds;

	if (!text)
		return grace_read(w->config, &w->grace, err);
	if (!duration_parse(text, &seconds) || seconds < GC_GRACE_MIN)
		return err_set(
			err, ERR_INPUT,
			"--grace is '%s': a time of two seconds or more is wanted, "
			"such as 24h or 10m",
			text);
	w->grace = (int64_t)seconds;
	return 0;
}

/* ---------------------------------------------------------------- listening */

static void tell_step(void *ctx, const char *what)
{
	struct gc_world *w = ctx;

	report_trace("gc: %s", what);
	progress_clear(&w->progress);
}

static void tell_failed(void *ctx, const struct err *err)
{
	struct gc_world *w = ctx;

	progress_clear(&w->progress);
	if (w->told++ < TOLD_MAX) {
		int code = report_error(err);
		w->exit_code = code > w->exit_code ? code : w->exit_code;
	} else if (w->told == TOLD_MAX + 1) {
		report_note("there is more of this kind, which is only counted");
	}
}

static bool may_go_on(void *ctx)
{
	const struct gc_world *w = ctx;

	return !budget_is_over(&w->budget, budget_clock());
}

/* ---------------------------------------------------------------- the store */

static int open_named(struct gc_world *w, const char *name, struct err *err)
{
	struct store_context context = { .modes = &own_modes, .use = STORE_TO_WRITE };
	int rc = lfs_config_read(&w->config, err);

	context.config = w->config;
	if (!rc)
		rc = store_url_parse(name, &w->url, err);
	if (!rc)
		rc = store_open(&w->url, &context, &w->named, err);
	w->store = w->named;
	return rc;
}

static int open_here(struct gc_world *w, struct err *err)
{
	int rc = connection_open(ENDPOINT_UPLOAD, NULL, &w->here, err);

	if (rc)
		return rc;
	w->config = w->here.config;
	w->store = w->here.store;
	return 0;
}

static int begin_run(struct gc_world *w, const struct gc_options *options,
                     struct err *err)
{
	struct budget_limits limits = { 0 };
	int rc = options->budget ? budget_parse(options->budget, &limits, err) : 0;

	budget_begin(&w->budget, &limits, budget_clock());
	w->store->step_limit = (unsigned)gc_step_limit(w->grace);
	if (!rc)
		rc = store_metered_new(w->store, &w->budget, &w->metered, err);
	if (!rc)
		rc = transfer_init(&w->transfer, w->metered, 0, err);
	if (!rc)
		rc = effort_read(w->config, &effort_best, &w->transfer.effort, err);
	if (!rc)
		rc = part_choose(options->part, &w->run.part, err);
	w->run.transfer = &w->transfer;
	w->watch = progress_watch(&w->progress);
	w->run.watch = &w->watch;
	w->run.flags = (options->dry_run ? GC_DRY_RUN : 0u) |
	               (options->unowned ? GC_UNOWNED : 0u);
	w->run.listener = (struct gc_listener){
		.step = tell_step, .failed = tell_failed, .may_go_on = may_go_on, .ctx = w
	};
	return rc;
}

int gc_world_open(struct gc_world *w, const char *name, const struct gc_options *options,
                  struct err *err)
{
	*w = (struct gc_world){ .exit_code = 0 };
	gc_run_begin(&w->run, &w->transfer);
	progress_begin(&w->progress, "looking at the store", 0,
	               options->json ? PROGRESS_QUIET : PROGRESS_SHOWN);
	int rc = name ? open_named(w, name, err) : open_here(w, err);

	if (!rc)
		rc = read_grace(w, options->grace, err);
	return rc ? rc : begin_run(w, options, err);
}

int gc_world_begin(struct gc_world *w, struct err *err)
{
	if (w->run.flags & GC_DRY_RUN) {
		gc_ages_suppose(&w->run.ages, w->grace);
		report_note("nothing is touched: ages are by the clock of this machine");
		return 0;
	}
	int rc = gc_ages_begin(&w->run.ages, w->metered, w->grace, err);
	if (!rc && w->store->keeps_versions)
		report_note(
			"store %s keeps versions of what is removed: no room is freed "
			"before a rule of the bucket expires them "
			"(NoncurrentVersionExpiration)",
			w->store->name);
	return rc ? err_context(err, "the store cannot be collected: trying to put and "
	                             "remove a value")
	          : 0;
}

void gc_world_close(struct gc_world *w)
{
	progress_end(&w->progress);
	json_free(w->pruned);
	if (w->store && !(w->run.flags & GC_DRY_RUN))
		store_keep_room(w->store);
	gc_recompact_end(&w->recompact);
	gc_run_wipe(&w->run);
	transfer_wipe(&w->transfer);
	store_close(w->metered);
	store_close(w->named);
	store_url_wipe(&w->url);
	if (w->config != w->here.config)
		lfs_config_free(w->config);
	connection_close(&w->here);
}
