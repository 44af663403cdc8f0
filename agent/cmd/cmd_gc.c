/* git zllm gc: what a store does not need goes out of sight, ages, and is removed. */
#include <stddef.h>

#include "agent/cmd/gc_prune.h"
#include "agent/cmd/gc_report.h"
#include "agent/cmd/gc_trash.h"
#include "agent/cmd/gc_world.h"
#include "agent/command.h"
#include "agent/report/confirm.h"
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
	if (!options->unowned || options->yes || options->dry_run)
		return 0;
	return confirm(
		"objects that no repository owns will be given up, for all.",
		"--unowned gives up every object that no repository owns, for all; "
		"say --yes too, or look first with --dry-run",
		err);
}

/* ---------------------------------------------------------------- the ways */

/* What goes together. Where refs count, the repository here says which store it is. */
static int check(const struct gc_options *o, struct err *err)
{
	int ways = o->prune + o->undelete + o->trash;
	int most = o->undelete || o->remotes_are ? o->word_count : !ways;

	if (ways > 1)
		return err_set(
			err, ERR_INPUT,
			"--prune, --undelete and --trash are three ways to run gc; "
			"choose one");
	if (!o->prune && (o->remotes_are || o->forget))
		return err_set(err, ERR_INPUT,
		               "--remotes-are and --forget go with --prune");
	if (!ways && o->expire)
		return err_set(err, ERR_INPUT, "--expire goes with --prune or --trash");
	if (o->word_count > most)
		return err_set(err, ERR_INPUT,
		               ways ? "'%s': this way gc works by the refs of the "
		                      "repository here, and takes no store"
		                    : "gc takes one store, or none; '%s' is another word",
		               o->words[most]);
	return 0;
}

static int work(struct gc_world *w, const struct gc_options *options, struct err *err)
{
	if (options->trash)
		return gc_trash_list(w, options, err);
	if (options->undelete)
		return gc_trash_undelete(w, options, err);
	int rc = options->prune ? gc_prune(w, options, err) : 0;
	return rc ? rc : collect(w, options, err);
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
	{ "part", OPTION_VALUE, "K/N",
	  "act on one part of the store only: 3/16, auto, auto/16",
	  offsetof(struct gc_options, part) },
	{ "unowned", OPTION_FLAG, NULL, "give up objects that no repository owns",
	  offsetof(struct gc_options, unowned) },
	{ "yes", OPTION_FLAG, NULL, "do not ask", offsetof(struct gc_options, yes) },
	{ "prune", OPTION_FLAG, NULL,
	  "first drop what no ref of any remote of this repository reaches",
	  offsetof(struct gc_options, prune) },
	{ "expire", OPTION_VALUE, "TIME",
	  "with --prune: how long that can be brought back: 30d (zllm.gc.expire)",
	  offsetof(struct gc_options, expire) },
	{ "remotes-are", OPTION_FLAG, NULL,
	  "with --prune: the URLs that follow are all remotes, with those known",
	  offsetof(struct gc_options, remotes_are) },
	{ "forget", OPTION_VALUE, "REMOTE", "with --prune: that remote is gone for good",
	  offsetof(struct gc_options, forget) },
	{ "undelete", OPTION_FLAG, NULL,
	  "bring back what a prune dropped: the objects named, or all",
	  offsetof(struct gc_options, undelete) },
	{ "trash", OPTION_FLAG, NULL,
	  "list what a prune dropped, and how long it can be brought back",
	  offsetof(struct gc_options, trash) },
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

	options.words = argv;
	options.word_count = argc;
	if (!rc)
		rc = check(&options, &err);
	if (!rc)
		rc = ask(&options, &err);
	if (rc)
		return report_error(&err);
	bool here = options.prune || options.undelete || options.trash;
	rc = gc_world_open(&w, argc && !here ? argv[0] : NULL, &options, &err);
	if (!rc)
		rc = work(&w, &options, &err);
	gc_world_close(&w);
	return rc ? report_error(&err) : w.exit_code;
}

const struct command cmd_gc = {
	.name = "gc",
	.arguments = "[--dry-run] [--grace <time>] [--no-recompact] [--budget <limit>] "
		     "[--part <k>/<n>] [--unowned] [--yes] [--json] [--prune "
		     "[--expire <time>] [--forget <remote>] [--remotes-are <url>...] | "
		     "--undelete [<oid>...] | --trash | <store>]",
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
		"--prune first drops the objects of this repository that no ref of any of its\n"
		"remotes reaches, and that this clone's reflogs, stash, index and worktrees do\n"
		"not name. It lists them and asks (--yes: it does not). They can be brought back\n"
		"for 30 days (--expire, or zllm.gc.expire) by --undelete; a later --prune, which\n"
		"has read all refs again, gives up those that are not reached then. The store\n"
		"knows the remotes that were pushed to; each must be a remote of this clone, too\n"
		"(git remote add), or nothing is done. --forget takes away one that is gone for\n"
		"good, by its name or digits; a store from before it knew them wants\n"
		"--remotes-are <url>..., once.\n\n"
		"An object that no repository owns is kept; --unowned gives those up, and asks.\n"
		"With --part 3/16 only the third of sixteen parts is acted upon: so several\n"
		"machines share the work. A --budget that is spent ends it cleanly; run again,\n"
		"it goes on. Exit code 3 when something that is needed is damaged or missing.\n",
	.options = specs,
	.run = run,
};
