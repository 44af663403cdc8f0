/* git zllm import: existing models in bulk, with a repository or without. */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/import_report.h"
#include "agent/cmd/store_place.h"
#include "agent/command.h"
#include "agent/git/lfs_config.h"
#include "agent/moving/import_cards.h"
#include "agent/moving/import_memory.h"
#include "agent/moving/source.h"
#include "agent/report/options.h"
#include "agent/report/progress.h"
#include "agent/report/report.h"
#include "agent/where/part_choice.h"
#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/batch/batch_list.h"
#include "index/batch/batch_part.h"
#include "index/batch/batch_plan.h"
#include "index/batch/batch_scan.h"
#include "index/batch/batch_store.h"
#include "index/manifest/name_claim.h"
#include "index/store/store.h"
#include "index/store/store_memory.h"

/* Tensors of a unit that are sketched: to plan, and to estimate, which is more exact. */
enum { TENSORS_TO_PLAN = 8, TENSORS_TO_ESTIMATE = 32 };

struct import_options {
	const char *store, *name, *part;
	bool dry_run, json;
};

struct import {
	struct import_options options;
	struct work_part part;
	struct batch batch;
	struct source source;
	struct batch_scan scan;
	struct batch_plan plan;
	uint8_t *shares; /* of units */
	struct connection connection;
	struct batch_lists lists;
	struct import_memory memory;
	struct import_cards cards;
	struct progress progress;
	int exit_code;
};

/* ---------------------------------------------------------------- finding, planning */

static int find_files(struct import *in, int count, char **paths, struct err *err)
{
	int rc = 0;

	in->source = (struct source){ .batch = &in->batch, .name = in->options.name };
	for (int i = 0; i < count && !rc; i++)
		rc = source_add(&in->source, paths[i], err);
	if (!rc && !batch_file_count(&in->batch))
		rc = err_set(err, ERR_INPUT, "no files are there to import");
	if (!rc && in->source.absent)
		report_note(
			"%zu LFS objects of the history are not in this clone and are "
			"left out: 'git lfs fetch --all' brings them, or 'git zllm "
			"init --from-lfs <store>' moves the repository",
			in->source.absent);
	if (in->source.passed_by || in->source.absent)
		in->exit_code = 1;
	return rc;
}

static int plan(struct import *in, struct err *err)
{
	unsigned tensors = in->options.dry_run ? TENSORS_TO_ESTIMATE : TENSORS_TO_PLAN;
	int rc = batch_scan_run(&in->batch, tensors, &in->scan, err);

	if (!rc)
		rc = batch_plan_make(&in->scan, &in->plan, err);
	if (rc)
		return rc;
	in->shares = calloc(in->plan.count + 1, 1);
	return in->shares ? batch_part_choose(&in->scan, &in->plan, &in->part, in->shares,
	                                      err)
	                  : err_nomem(err, "a share of the work");
}

static uint64_t bytes_of_share(const struct import *in)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < in->plan.count; i++)
		if (in->shares[i] != BATCH_OTHERS)
			sum += batch_unit(&in->scan, i)->bytes;
	return sum;
}

/* ---------------------------------------------------------------- as it goes */

static void find_hints(void *ctx, uint32_t model, uint64_t size, struct base_hints *out)
{
	struct import *in = ctx;

	import_cards_hint(&in->cards, batch_model(&in->batch, model), size, out);
}

static void tell_file(void *ctx, uint32_t file, const struct err *failure)
{
	struct import *in = ctx;
	const struct batch_file *f = batch_file(&in->batch, file);

	if (!failure) {
		import_memory_add(&in->memory, f);
		return;
	}
	struct err err = *failure;
	err_context(&err, "%s", f->path);
	progress_clear(&in->progress);
	in->exit_code = report_error(&err);
}

/* Its list, then its name: who follows a card to it finds it all. A name is a hint. */
static int end_model(void *ctx, uint32_t model, struct err *err)
{
	struct import *in = ctx;
	const struct batch_model *m = batch_model(&in->batch, model);
	struct err ignored = ERR_INIT;
	int rc = batch_lists_put(&in->lists, &in->connection.transfer, model, err);

	if (!rc && name_claim_put(in->connection.store, m->name, m->repo_id, &ignored))
		report_trace("the name %s: %s", m->name, ignored.text);
	return rc;
}

static void step(void *ctx, uint64_t bytes)
{
	progress_step(&((struct import *)ctx)->progress, bytes);
}

/* ---------------------------------------------------------------- storing */

static int store_all(struct import *in, struct batch_store_result *result,
                     struct err *err)
{
	const struct batch_store_request request = {
		.batch = &in->batch,
		.scan = &in->scan,
		.plan = &in->plan,
		.shares = in->shares,
		.transfer = &in->connection.transfer,
		.grace = in->connection.grace,
		.find_hints = find_hints,
		.told = tell_file,
		.model_done = end_model,
		.progress = step,
		.ctx = in,
	};

	import_memory_open(&in->memory, in->connection.config, &in->batch);
	in->cards.transfer = &in->connection.transfer;
	progress_begin(&in->progress, "importing", bytes_of_share(in),
	               in->options.json ? PROGRESS_QUIET : PROGRESS_SHOWN);
	int rc = batch_store(&request, result, err);
	progress_end(&in->progress);
	import_memory_close(&in->memory);
	return rc;
}

static int import(struct import *in, struct err *err)
{
	struct batch_store_result result;
	int rc = store_place_open(in->options.store, STORE_PLACE_WRITE, &in->connection,
	                          err);

	if (!rc)
		rc = batch_lists_make(&in->lists, &in->batch, &in->scan, in->shares, err);
	if (!rc)
		rc = store_all(in, &result, err);
	if (rc)
		return rc;
	const struct import_report report = { &in->batch, in->connection.store->name,
		                              in->part, in->exit_code };
	return in->options.json ? import_report_json(&report, &result, err)
	                        : import_report_text(&report, &result);
}

/* No store is needed to say what one would save. */
static int estimate(struct import *in, struct err *err)
{
	const struct batch_look look = { &in->batch, &in->scan, &in->plan };
	struct batch_estimate result = { .units = NULL };
	struct transfer transfer = { 0 };
	struct store *none = NULL;
	int rc = store_memory_new(&none, err);

	if (!rc)
		rc = transfer_init(&transfer, none, 0, err);
	if (!rc)
		rc = batch_estimate_make(&look, &transfer, &result, err);
	if (!rc)
		rc = in->options.json ? estimate_report_json(&look, &result, err)
		                      : estimate_report_text(&look, &result);
	batch_estimate_wipe(&result);
	transfer_wipe(&transfer);
	store_close(none);
	return rc;
}

/* ---------------------------------------------------------------- the command */

static const struct option_spec specs[] = {
	{ "store", OPTION_VALUE, "STORE",
	  "the store (default: that of this repository); made where there is none",
	  offsetof(struct import_options, store) },
	{ "name", OPTION_VALUE, "ORG/MODEL", "what all of it is called",
	  offsetof(struct import_options, name) },
	{ "part", OPTION_VALUE, "K/N", "do one part of the work: 3/16, auto, auto/16",
	  offsetof(struct import_options, part) },
	{ "dry-run", OPTION_FLAG, NULL, "store nothing: estimate what it would save",
	  offsetof(struct import_options, dry_run) },
	{ "json", OPTION_FLAG, NULL, "print one JSON object at the end",
	  offsetof(struct import_options, json) },
	{ 0 },
};

static int read_options(struct import *in, int *argc, char **argv, struct err *err)
{
	struct model_name ignored;
	int rc = options_parse(argc, argv, specs, &in->options, err);
	const char *name = in->options.name;

	if (!rc && !*argc)
		rc = err_set(
			err, ERR_INPUT,
			"what is to be imported? 'git zllm import <folder>'; see 'git "
			"zllm help import'");
	if (!rc && name && !model_name_parse(name, strlen(name), &ignored))
		rc = err_set(
			err, ERR_INPUT,
			"'%s' is not a name of a model: one to four words of letters, "
			"digits and ._-+, with '/' between them",
			name);
	return rc ? rc : part_choose(in->options.part, &in->part, err);
}

static void import_wipe(struct import *in)
{
	import_cards_wipe(&in->cards);
	batch_lists_wipe(&in->lists);
	connection_close(&in->connection);
	batch_plan_wipe(&in->plan);
	batch_scan_wipe(&in->scan);
	batch_wipe(&in->batch);
	free(in->shares);
}

static int run(int argc, char **argv)
{
	struct import *in = calloc(1, sizeof(*in));
	struct err err = ERR_INIT;

	if (!in)
		return report_error(&(struct err){ ERR_NOMEM, "out of memory" });
	int rc = read_options(in, &argc, argv, &err);
	if (!rc)
		rc = find_files(in, argc, argv, &err);
	if (!rc)
		rc = plan(in, &err);
	if (!rc)
		rc = in->options.dry_run ? estimate(in, &err) : import(in, &err);
	int code = rc ? report_error(&err) : in->exit_code;
	import_wipe(in);
	free(in);
	return code;
}

const struct command cmd_import = {
	.name = "import",
	.arguments = "[--store <store>] [--name <name>] [--part <k>/<n>] [--dry-run] "
		     "[--json] <path>...",
	.summary = "bring existing models into a store, in bulk",
	.details =
		"A path is a folder, a file, a cache of Hugging Face's libraries (each file once,\n"
		"each snapshot under its model's name), a git-lfs repository (the objects of its\n"
		"whole history that this clone has, oldest first), or an annex. No repository is\n"
		"needed: --store names the store, as for 'init'; in a repository it is its own.\n"
		"\n"
		"All files are looked at first, so bases are found whatever the names and the\n"
		"order; then family by family is stored, bases first. Cut, the same command goes\n"
		"on: what the store has is not stored again, and what was hashed is not hashed\n"
		"again as long as nobody touches it.\n"
		"\n"
		"What is imported has an owner of its own, made of the model's name: no prune of\n"
		"a repository drops it. The name is that of the hub's cache, or the last two\n"
		"folders, or --name; cards of other models find it by that, and 'git zllm\n"
		"export --name' gives the files back.\n"
		"\n"
		"--dry-run stores nothing, needs no store, and estimates from samples what it\n"
		"would take: seconds, however large it is. What a store has already, and what\n"
		"low-rank products save, is not counted in.\n"
		"\n"
		"--part 3/16 does the third of sixteen parts; a family stays together. In an\n"
		"array of Slurm or an indexed Job of Kubernetes the part is the scheduler's\n"
		"(--part auto/16; docs/scale.md). A part that died is run again.\n"
		"\n"
		"Exit code: 0 all of it is there; else some of it is not, and was named.\n",
	.options = specs,
	.run = run,
};
