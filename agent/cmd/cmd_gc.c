/* git zllm gc: what a store does not need goes out of sight, ages, and is removed. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/gc_report.h"
#include "agent/cmd/gc_world.h"
#include "agent/command.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "codec/common/err.h"
#include "index/gc/gc.h"

enum { EXIT_DAMAGED = 3 };

static int collect(struct gc_world *w, const struct gc_options *options, struct err *err)
{
	struct gc_request request = { .recompact = NULL };
	struct gc_summary summary;
	int rc = gc_world_begin(w, err);

	if (!rc && !options->no_recompact)
		rc = gc_recompact_begin(&w->recompact, w->config, w->transfer.effort,
		                        &request, err);
	if (!rc)
		rc = gc(&w->run, &request, &summary, err);
	progress_clear(&w->progress);
	if (rc)
		return rc;
	gc_report_remarks(w, &summary);
	if (options->json)
		rc = gc_report_json(w, &summary, err);
	else
		gc_report_text(w, &summary);
	if (summary.blind.code || summary.lost)
		w->exit_code = EXIT_DAMAGED;
	return rc;
}

/* ---------------------------------------------------------------- asking */

/* Manifests that nobody owns may be a mirror's, or somebody's who pushed without an id. */
static int ask(const struct gc_options *options, struct err *err)
{
	char answer[16] = "";

	if (!options->unowned || options->yes || options->dry_run)
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_INPUT,
		               "--unowned gives up every object that no repository owns, "
		               "for all; say --yes too, or look first with --dry-run");
	report_note("objects that no repository owns will be given up, for all. Type "
	            "'yes' to go on:");
	if (!fgets(answer, sizeof(answer), stdin) || strcmp(answer, "yes\n") != 0)
		return err_set(err, ERR_INTERRUPTED, "nothing was done");
	return 0;
}

static const struct option_spec specs[] = {
	{ "dry-run", OPTION_FLAG, NULL, "print what would be done; touch nothing",
	  offsetof(struct gc_options, dry_run) },
	{ "grace", OPTION_VALUE, "TIME",
	  "how long things stay in trash: 2s, 10m, 24h, 30d (zllm.gc.grace)",
	  offsetof(struct gc_options, grace) },
	{ "no-recompact", OPTION_FLAG, NULL, "store no tensor anew",
	  offsetof(struct gc_options, no_recompact) },
	{ "budget", OPTION_VALUE, "LIMIT",
	  "stop cleanly after a time, bytes or requests: 10m, 5GB, 1000requests",
	  offsetof(struct gc_options, budget) },
	{ "part", OPTION_VALUE, "K/N", "act on one part of the store only: 3/16",
	  offsetof(struct gc_options, part) },
	{ "unowned", OPTION_FLAG, NULL, "give up objects that no repository owns",
	  offsetof(struct gc_options, unowned) },
	{ "yes", OPTION_FLAG, NULL, "do not ask", offsetof(struct gc_options, yes) },
	{ "json", OPTION_FLAG, NULL, "print one JSON object",
	  offsetof(struct gc_options, json) },
	{ 0 },
};

static int run(int argc, char **argv)
{
	struct gc_options options = { 0 };
	struct gc_world w = { .exit_code = 0 };
	struct err err = ERR_INIT;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && argc > 1)
		rc = err_set(&err, ERR_INPUT, "gc takes one store, or none");
	if (!rc)
		rc = ask(&options, &err);
	if (rc)
		return report_error(&err);
	rc = gc_world_open(&w, argc ? argv[0] : NULL, &options, &err);
	if (!rc)
		rc = collect(&w, &options, &err);
	gc_world_close(&w);
	return rc ? report_error(&err) : w.exit_code;
}

const struct command cmd_gc = {
	.name = "gc",
	.arguments = "[--dry-run] [--grace <time>] [--no-recompact] [--budget <limit>] "
		     "[--part <k>/<n>] [--unowned [--yes]] [--json] [<store>]",
	.summary = "free what no object of the store needs any more",
	.details =
		"Looks at the whole store (that of this repository, or the one that is named)\n"
		"and does, in this order: gives back what is needed and lies in trash; moves\n"
		"what nothing needs to trash; removes what has been there for the grace period\n"
		"(24h; --grace, or zllm.gc.grace) and still is not needed; stores tensors anew\n"
		"where the whole store has a better base for them, or a better codec, and that\n"
		"pays (--no-recompact: it does not); sweeps what killed processes left. Pushes,\n"
		"clones and other gcs may run beside it, and it may be killed at any point. The\n"
		"grace period must be longer than any push takes: a push that took longer looks\n"
		"again. Whoever pushes and whoever collects should\n"
		"have the same zllm.gc.grace.\n\n"
		"Objects are given up by 'git zllm gc --prune' alone. One that no repository\n"
		"owns is kept; --unowned gives those up, and asks first (--yes: it does not).\n"
		"With --part 3/16 only the third of sixteen parts is acted upon: so several\n"
		"machines share the work. A --budget that is spent ends it cleanly; run again,\n"
		"it goes on. Exit code 3 when something that is needed is damaged or missing.\n",
	.options = specs,
	.run = run,
};
