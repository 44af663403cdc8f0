/* git zllm fsck: what is wrong with the store, whom it touches, and mending it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/clone_copies.h"
#include "agent/cmd/fsck_place.h"
#include "agent/cmd/fsck_report.h"
#include "agent/command.h"
#include "agent/report/budget_text.h"
#include "agent/report/count_text.h"
#include "agent/report/options.h"
#include "agent/report/progress.h"
#include "agent/report/report.h"
#include "agent/where/base_cache.h"
#include "agent/where/connection.h"
#include "agent/where/part_choice.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/base/base_marker_rebuild.h"
#include "index/fsck/fsck_mend.h"
#include "index/fsck/fsck_repair.h"
#include "index/fsck/fsck_run.h"
#include "index/fsck/fsck_touch.h"
#include "index/store/store.h"
#include "index/store/store_format.h"
#include "index/store/store_metered.h"
#include "index/work/budget.h"

enum { EXIT_DAMAGED = 3, EXIT_BUDGET = 4 };
enum { SAVE_MS = 5000 }; /* between two notes of how far it came */

struct fsck_options {
	bool quick, deep, repair, markers, json;
	const char *from, *budget, *part;
};

struct fsck {
	struct fsck_options options;
	struct work_part part;
	struct budget budget;
	struct connection connection;
	struct store *metered; /* before the connection's */
	struct transfer transfer;

	struct connection writing; /* opened when something is to be moved */
	struct store *metered_writing;
	bool tried; /* whether it was; then, if it could not be: */
	struct err no_writing;

	struct fsck_place place;
	char from[KEY_MAX]; /* where a budget ended the last one */
	uint64_t saved;     /* milliseconds: when it was noted how far it came */
	struct progress progress;
	struct work_watch watch; /* shows what a check tells by that */

	struct buf named; /* of struct oid */
	struct fsck_result result;
	struct fsck_touch touch;
	struct clone_copies copies;
	bool has_copies;
	bool touched;        /* whether that is known of what was found */
	size_t mended, left; /* findings; objects that are not whole at the end */
	int worst;           /* the exit code of what was found by now */
};

static const char *mode_of(const struct fsck *f)
{
	return f->options.quick ? "quick" : "deep";
}

/* ---------------------------------------------------------------- the two ends */

/* Everything that the store is asked for is paid from the budget. */
static int meter(struct fsck *f, struct connection *c, struct store **metered,
                 struct err *err)
{
	return store_metered_new(c->store, &f->budget, metered, err);
}

/* The store that is being checked, opened as a push would: with its trust and keys. */
static int open_for_writing(struct fsck *f, struct err *err)
{
	if (!f->tried) {
		f->tried = true;
		if (!connection_open(ENDPOINT_UPLOAD, NULL, &f->writing,
		                     &f->no_writing) &&
		    strcmp(f->writing.store->name, f->connection.store->name) != 0)
			err_set(&f->no_writing, ERR_CONFIG,
			        "pushes go to another store, %s", f->writing.store->name);
		if (!f->no_writing.code)
			meter(f, &f->writing, &f->metered_writing, &f->no_writing);
	}
	if (f->no_writing.code)
		*err = f->no_writing;
	return f->no_writing.code;
}

static int give_writing(void *ctx, struct store **out, struct err *err)
{
	struct fsck *f = ctx;
	int rc = open_for_writing(f, err);

	*out = f->metered_writing;
	return rc;
}

/* What a cache has of a base proves nothing of the store's, and neither does a map. */
static struct transfer bare(const struct connection *c, struct store *metered)
{
	struct transfer t = c->transfer;

	t.store = metered;
	t.cache = NULL;
	t.records = NULL;
	return t;
}

/* ---------------------------------------------------------------- as it goes */

static void tell(void *ctx, const struct oid *oid, const struct err *fault)
{
	struct fsck *f = ctx;
	char text[SHA256_HEX + 1];
	struct err err = *fault;

	if (f->options.json)
		return;
	if (oid) {
		oid_format(oid, text);
		err_context(&err, "object %s", text);
	}
	progress_clear(&f->progress);
	report_note("%s", err.text);
}

static void came(void *ctx, const char *key)
{
	struct fsck *f = ctx;
	uint64_t now = budget_clock();

	if (f->options.budget && now - f->saved >= SAVE_MS) {
		fsck_place_write(&f->place, key);
		f->saved = now;
	}
}

/* ---------------------------------------------------------------- checking */

static int open_place(struct fsck *f, struct err *err)
{
	char id[STORE_ID_HEX + 1];
	int rc = store_format_check(f->connection.store, id, err);

	if (rc)
		return rc;
	char *folder = base_cache_folder(f->connection.config);
	fsck_place_open(&f->place, folder, id, mode_of(f), &f->part);
	free(folder);
	if (f->options.budget && !f->named.size)
		fsck_place_read(&f->place, f->from);
	return 0;
}

/* Where the round ended the next one begins at the beginning. */
static void keep_place(const struct fsck *f)
{
	if (f->named.size)
		return;
	if (f->result.complete)
		fsck_place_forget(&f->place);
	else if (f->options.budget)
		fsck_place_write(&f->place, *f->result.place ? f->result.place : f->from);
}

static struct fsck_request request_of(struct fsck *f)
{
	return (struct fsck_request){
		.transfer = &f->transfer,
		.mode = f->options.quick ? FSCK_QUICK : FSCK_DEEP,
		.named = (const struct oid *)(const void *)f->named.data,
		.named_count = f->named.size / sizeof(struct oid),
		.part = f->part,
		.from = f->from,
		.budget = &f->budget,
		.writing = give_writing,
		.told = tell,
		.came = came,
		.ctx = f,
		.watch = &f->watch,
	};
}

static int check(struct fsck *f, const struct fsck_request *request, struct err *err)
{
	int rc = fsck_run(request, &f->result, err);

	if (!rc)
		keep_place(f);
	return rc;
}

/* ---------------------------------------------------------------- whom it touches */

static int find_copies(struct fsck *f, struct err *err)
{
	if (f->has_copies)
		return 0;
	f->has_copies = true;
	return clone_copies_open(&f->copies, &f->connection, f->options.from, err);
}

/* An object that a remote's branch needs was pushed, so its manifest is lost. */
static void judge_missing(struct fsck *f)
{
	for (size_t i = 0; i < f->result.findings.count; i++) {
		struct fsck_finding *one = &f->result.findings.list[i];
		struct err lost = ERR_INIT;
		if (one->kind != FSCK_MANIFEST_MISSING || one->hurts ||
		    !clone_copies_is_pushed(&f->copies, &one->id))
			continue;
		one->hurts = true;
		one->code = ERR_DAMAGED;
		f->result.not_whole++;
		err_set(&lost, ERR_DAMAGED,
		        "the store does not have it, though a branch of a remote needs it");
		tell(f, &one->id, &lost);
	}
}

static int find_touched(struct fsck *f, const struct fsck_request *request,
                        struct err *err)
{
	const struct fsck_scope scope = { &f->transfer, &f->result.listing,
		                          request->named, request->named_count };
	int rc = find_copies(f, err);

	f->touched = true;
	if (!rc)
		judge_missing(f);
	return rc ? rc : fsck_touch_find(&f->touch, &scope, &f->result.findings, err);
}

/* ---------------------------------------------------------------- mending */

static int mend(struct fsck *f, const struct fsck_request *request, struct err *err)
{
	struct transfer to = { 0 };
	const struct fsck_repair repair = { request, &to, &f->copies.copies };
	struct fsck_repaired done;
	int rc = open_for_writing(f, err);

	if (rc)
		return rc;
	to = bare(&f->writing, f->metered_writing);
	rc = fsck_repair(&repair, &f->result, &f->touch, &done, err);
	f->mended = done.mended;
	f->left = done.left;
	return rc;
}

/* Without a repair it is said where a copy is. */
static void look_for_copies(struct fsck *f)
{
	const struct fsck_mend m = { .to = &f->transfer,
		                     .copies = &f->copies.copies,
		                     .touch = &f->touch,
		                     .listing = &f->result.listing };

	fsck_mend_look(&m, &f->result.findings);
}

/* ---------------------------------------------------------------- the result */

/* Of what is wrong, and was not mended. Damage weighs most. */
static int code_of(const struct fsck_finding *one)
{
	if (one->repaired || !(one->hurts || one->kind == FSCK_RECORD_WRONG))
		return 0;
	if (one->kind == FSCK_UNREADABLE ||
	    (one->kind == FSCK_MANIFEST_MISSING && one->code == ERR_MISSING))
		return one->code == ERR_CONFIG || one->code == ERR_INPUT ? 2 : 1;
	return EXIT_DAMAGED;
}

static int exit_code(const struct fsck *f)
{
	const struct fsck_findings *list = &f->result.findings;
	int worst = list->left_out ? EXIT_DAMAGED : 0;

	for (size_t i = 0; i < list->count; i++) {
		int code = code_of(&list->list[i]);
		worst = code > worst ? code : worst;
	}
	if (!worst && f->left)
		worst = EXIT_DAMAGED;
	if (!worst && !f->result.complete)
		worst = EXIT_BUDGET;
	return worst;
}

static int report(struct fsck *f, struct err *err)
{
	if (!f->options.repair || !f->result.findings.count)
		f->left = f->result.not_whole;
	f->worst = exit_code(f);
	const struct fsck_report r = {
		.result = &f->result,
		.touch = &f->touch,
		.copies = f->touched ? &f->copies : NULL,
		.store = f->connection.store->name,
		.mode = mode_of(f),
		.repair = f->options.repair,
		.mended = f->mended,
		.left = f->left,
		.whole = f->result.whole + f->result.not_whole - f->left,
		.spent = budget_spent(&f->budget),
		.exit_code = f->worst,
	};

	return f->options.json ? fsck_report_json(&r, err) : fsck_report_text(&r, err);
}

/* Whom it touches, and what can be or is done. */
static int attend(struct fsck *f, const struct fsck_request *request, struct err *err)
{
	int rc = find_touched(f, request, err);

	if (!rc && f->options.repair)
		rc = mend(f, request, err);
	else if (!rc)
		look_for_copies(f);
	return rc;
}

static int fsck_all(struct fsck *f, struct err *err)
{
	int rc = meter(f, &f->connection, &f->metered, err);

	if (rc)
		return rc;
	f->transfer = bare(&f->connection, f->metered);
	rc = open_place(f, err);
	/* What is asked for wrongly is said before a check of hours. */
	if (!rc && f->options.repair)
		rc = open_for_writing(f, err);
	if (!rc && f->options.repair)
		rc = find_copies(f, err);
	f->watch = progress_watch(&f->progress);
	const struct fsck_request request = request_of(f);
	progress_begin(&f->progress, "listing the store", 0,
	               f->options.json ? PROGRESS_QUIET : PROGRESS_SHOWN);
	if (!rc)
		rc = check(f, &request, err);
	if (!rc && f->result.findings.count)
		rc = attend(f, &request, err);
	progress_end(&f->progress);
	return rc ? rc : report(f, err);
}

static void fsck_wipe(struct fsck *f)
{
	fsck_touch_wipe(&f->touch);
	fsck_result_wipe(&f->result);
	if (f->has_copies)
		clone_copies_close(&f->copies);
	fsck_place_close(&f->place);
	buf_wipe(&f->named);
	store_close(f->metered);
	store_close(f->metered_writing);
	connection_close(&f->writing);
	connection_close(&f->connection);
}

/* ---------------------------------------------------------------- the command */

static int make_markers(struct fsck *f, struct err *err)
{
	struct marker_rebuild done;
	int rc = base_markers_rebuild(&f->connection.transfer, NULL, &done, err);

	if (!rc)
		report_line("%s looked at, %s made, %s there",
		            COUNT(done.objects, "object", "objects"),
		            COUNT(done.made, "marker", "markers"),
		            COUNT(done.known, "was", "were"));
	return rc;
}

static const struct option_spec specs[] = {
	{ "quick", OPTION_FLAG, NULL,
	  "decode nothing: manifests, edges, sizes, heads, keys",
	  offsetof(struct fsck_options, quick) },
	{ "deep", OPTION_FLAG, NULL, "decode everything and compare (the default)",
	  offsetof(struct fsck_options, deep) },
	{ "repair", OPTION_FLAG, NULL, "mend what is wrong from any copy at hand",
	  offsetof(struct fsck_options, repair) },
	{ "from", OPTION_VALUE, "STORE|FOLDER", "with --repair: a place of copies",
	  offsetof(struct fsck_options, from) },
	{ "budget", OPTION_VALUE, "10m|5GB|1000requests",
	  "stop in time, and go on there the next time",
	  offsetof(struct fsck_options, budget) },
	{ "part", OPTION_VALUE, "K/N", "check one part of the store: 3/16, auto, auto/16",
	  offsetof(struct fsck_options, part) },
	{ "json", OPTION_FLAG, NULL, "print one JSON object at the end",
	  offsetof(struct fsck_options, json) },
	{ "markers", OPTION_FLAG, NULL, "make the base markers that the store lacks",
	  offsetof(struct fsck_options, markers) },
	{ 0 },
};

static int add_names(struct fsck *f, int count, char **names, struct err *err)
{
	for (int i = 0; i < count; i++) {
		struct oid oid;
		if (!oid_parse(names[i], &oid))
			return err_set(err, ERR_INPUT,
			               "'%s' is not an oid (64 hex digits)", names[i]);
		buf_add(&f->named, &oid, sizeof(oid));
	}
	return f->named.failed ? err_nomem(err, "a list of objects") : 0;
}

static int read_options(struct fsck *f, int argc, char **argv, struct err *err)
{
	const struct fsck_options *o = &f->options;
	struct budget_limits limits = { 0 };
	int rc = options_parse(&argc, argv, specs, &f->options, err);

	if (!rc && o->markers &&
	    (argc || o->quick || o->deep || o->repair || o->from || o->budget ||
	     o->part || o->json))
		rc = err_set(err, ERR_INPUT,
		             "fsck --markers takes no oid and no other option");
	if (!rc && o->quick && o->deep)
		rc = err_set(err, ERR_INPUT, "--quick and --deep exclude each other");
	if (!rc && o->from && !o->repair)
		rc = err_set(err, ERR_INPUT, "--from is for --repair; add that");
	if (!rc && !o->markers && (o->part || !argc)) /* no part is of named objects */
		rc = part_choose(argc ? "of oids" : o->part, &f->part, err);
	if (!rc && o->budget)
		rc = budget_parse(o->budget, &limits, err);
	budget_begin(&f->budget, &limits, budget_clock());
	return rc ? rc : add_names(f, argc, argv, err);
}

static int run(int argc, char **argv)
{
	struct fsck *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;

	if (!f)
		return report_error(&(struct err){ ERR_NOMEM, "out of memory" });
	f->result.listing = (struct fsck_listing)FSCK_LISTING_INIT;
	int rc = read_options(f, argc, argv, &err);
	if (!rc)
		rc = connection_open(f->options.markers ? ENDPOINT_UPLOAD
		                                        : ENDPOINT_DOWNLOAD,
		                     NULL, &f->connection, &err);
	if (!rc)
		rc = f->options.markers ? make_markers(f, &err) : fsck_all(f, &err);
	int code = rc ? report_error(&err) : f->worst;
	fsck_wipe(f);
	free(f);
	return code;
}

const struct command cmd_fsck = {
	.name = "fsck",
	.arguments =
		"[--quick | --deep] [--repair [--from <store | folder>]] "
		"[--budget <budget>] [--part <k>/<n>] [--json] [<oid>...] | --markers",
	.summary = "check the store, say whom damage touches, and mend it",
	.details =
		"Deep, the default, restores each object (or those named) without writing it\n"
		"anywhere, compares the SHA-256 of its bytes with its name, and proves the\n"
		"records that no object needs. What is proved wrong is set aside (into trash/\n"
		"of the store, where you may write there); nothing else is changed. What\n"
		"cannot be read, or is from a newer version, stays. --quick decodes nothing:\n"
		"it reads manifests and the heads of records, and looks at sizes, edges and\n"
		"keys; it moves nothing.\n\n"
		"Each finding names the record or manifest, the paths of this clone's history,\n"
		"the objects, tensors and repositories that need it, and where a copy is.\n\n"
		"--repair mends what was found: from trash/, another record, the cache of\n"
		"bases, git-lfs's storage and the worktree of this clone, and from --from,\n"
		"another store or a folder with model files. Everything is proved by SHA-256;\n"
		"nothing is overwritten or deleted. What cannot be mended is listed with the\n"
		"paths and commits that need it. Or, in a clone that has an object:\n"
		"git lfs push --object-id <remote> <oid>\n\n"
		"--budget stops once so much time, bytes or requests are spent (several with\n"
		"commas); the same command goes on there. --part 3/16 checks one of 16 parts.\n\n"
		"Exit code: 0 all is whole, or mended; 1 it could not be checked, or some of\n"
		"it could not be read; 2 wrong use; 3 something is damaged or missing; 4 the\n"
		"budget ended it, and nothing was wrong so far.\n\n"
		"With --markers it checks nothing, and makes the base markers that the store\n"
		"lacks. By them a base is found where git names none.\n",
	.options = specs,
	.run = run,
};
