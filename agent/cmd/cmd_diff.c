/* git zllm diff: what differs between two models; also as git's diff driver. */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "agent/cmd/diff_report.h"
#include "agent/cmd/diff_side.h"
#include "agent/command.h"
#include "agent/git/git_paths.h"
#include "agent/git/lfs_config.h"
#include "agent/report/count_text.h"
#include "agent/report/json.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "agent/where/connection.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"
#include "index/store/store_memory.h"
#include "index/survey/model_diff.h"
#include "index/survey/model_side.h"

struct diff_options {
	bool json;
	bool all;
	bool driver;
};

/* What a comparison stands on: the repository's store, or, where there is none, an
 * empty one. */
struct ground {
	struct connection connection;
	bool open;
	struct err closed;
	struct lfs_config *config; /* these two where the store is not open */
	struct git_paths paths;
	struct store *empty;
	struct transfer transfer;
	struct diff_places places;
};

static int ground_open(struct ground *g, struct err *err)
{
	*g = (struct ground){ .closed = ERR_INIT };
	g->open = connection_open(ENDPOINT_DOWNLOAD, NULL, &g->connection, &g->closed) ==
	          0;
	g->places = (struct diff_places){ NULL, g->open, &g->closed };
	if (g->open) {
		g->places.paths = &g->connection.paths;
		return 0;
	}
	struct err ignored = ERR_INIT;
	if (lfs_config_read(&g->config, &ignored) == 0 &&
	    git_paths_find(g->config, &g->paths, &ignored) == 0)
		g->places.paths = &g->paths;
	int rc = store_memory_new(&g->empty, err);
	return rc ? rc : transfer_init(&g->transfer, g->empty, 0, err);
}

static void ground_close(struct ground *g)
{
	if (g->open) {
		connection_close(&g->connection);
		return;
	}
	transfer_wipe(&g->transfer);
	store_close(g->empty);
	git_paths_wipe(&g->paths);
	lfs_config_free(g->config);
}

static const struct transfer *ground_transfer(const struct ground *g)
{
	return g->open ? &g->connection.transfer : &g->transfer;
}

/* ---------------------------------------------------------------- git zllm diff */

static int compare(struct ground *g, const char *old, const char *new,
                   const struct diff_options *options, struct err *err)
{
	struct model_side a = MODEL_SIDE_INIT, b = MODEL_SIDE_INIT;
	struct diff_report report = { .all = options->all };
	struct model_diff_request request = {
		&a, &b, options->json ? diff_report_json_line : diff_report_line, &report
	};
	struct model_diff_sum sum = { .new_size = 0 };

	a.transfer = b.transfer = ground_transfer(g);
	int rc = diff_side_add(&g->places, old, &a, err);
	if (!rc)
		rc = diff_side_add(&g->places, new, &b, err);
	report.files = a.count > 1 || b.count > 1;
	if (options->json)
		report.tensors = json_array();
	if (!rc)
		rc = model_diff_run(&request, &sum, err);
	if (!rc && options->json)
		rc = diff_report_json(&report, &sum, old, new, err);
	else if (!rc)
		diff_report_sum(&sum);
	json_free(report.tensors);
	model_side_wipe(&a);
	model_side_wipe(&b);
	return rc;
}

static int diff(const char *old, const char *new, const struct diff_options *options,
                struct err *err)
{
	struct ground g;
	int rc = ground_open(&g, err);

	if (!rc)
		rc = compare(&g, old, new, options, err);
	ground_close(&g);
	return rc;
}

/* ---------------------------------------------------------------- git's driver */

/* git's arguments for an external diff: path old-file old-hex old-mode new-file
 * new-hex new-mode, and for a rename the new path and what git says of it. */
enum {
	ARG_PATH = 0,
	ARG_OLD = 1,
	ARG_OLD_MODE = 3,
	ARG_NEW = 4,
	ARG_NEW_MODE = 6,
	ARGS = 7,
	ARG_NEW_PATH = 7
};

/* As git tells it; "." is the mode of what is not there. */
static void tell_modes(const char *old, const char *new)
{
	bool had = strcmp(old, ".") != 0, has = strcmp(new, ".") != 0;

	if (strcmp(old, new) == 0)
		return;
	if (!had)
		report_line("new file mode %s", new);
	else if (!has)
		report_line("deleted file mode %s", old);
	else {
		report_line("old mode %s", old);
		report_line("new mode %s", new);
	}
}

static int describe_alone(const struct model_side *s, const char *what)
{
	const struct extents *x = s->parts[0]->extents;
	size_t tensors = 0;

	for (size_t i = 0; i < x->count; i++)
		tensors += x->list[i].kind == EXTENT_TENSOR;
	report_line("%s: %s, %s", what, COUNT(tensors, "tensor", "tensors"),
	            COUNT(x->size, "byte", "bytes"));
	return 0;
}

/* A line, while somebody reads. */
static int drive_line(void *ctx, const struct tensor_diff *d)
{
	int rc = diff_report_line(ctx, d);

	return rc ? rc : report_reader_is_gone();
}

static int drive(struct ground *g, const char *path, const char *old, const char *new,
                 struct err *err)
{
	struct model_side a = MODEL_SIDE_INIT, b = MODEL_SIDE_INIT;
	struct diff_report report = { .all = false };
	struct model_diff_request request = { &a, &b, drive_line, &report };
	struct model_diff_sum sum = { .new_size = 0 };
	bool had = strcmp(old, "/dev/null") != 0, has = strcmp(new, "/dev/null") != 0;
	int rc = 0;

	a.transfer = b.transfer = ground_transfer(g);
	if (had)
		rc = diff_side_add_file(&g->places, old, path, &a, err);
	if (!rc && has)
		rc = diff_side_add_file(&g->places, new, path, &b, err);
	if (!rc && had && has) {
		rc = model_diff_run(&request, &sum, err);
		if (!rc)
			diff_report_sum(&sum);
	} else if (!rc && (had || has)) {
		rc = describe_alone(had ? &a : &b, had ? "gone" : "new");
	}
	model_side_wipe(&a);
	model_side_wipe(&b);
	return rc;
}

/* Whatever is wrong is one line of the diff: git would end its own with ours. Nor may we
 * end by SIGPIPE when nobody reads any more: git calls that "external diff died". */
static void run_driver(int argc, char **argv)
{
	struct ground g;
	struct err err = ERR_INIT;
	int rc;

	signal(SIGPIPE, SIG_IGN);
	report_line("diff a/%s b/%s", argv[ARG_PATH],
	            argc > ARG_NEW_PATH ? argv[ARG_NEW_PATH] : argv[ARG_PATH]);
	if (argc < ARGS) {
		report_line("unmerged");
		return;
	}
	tell_modes(argv[ARG_OLD_MODE], argv[ARG_NEW_MODE]);
	rc = ground_open(&g, &err);
	if (!rc)
		rc = drive(&g, argv[ARG_PATH], argv[ARG_OLD], argv[ARG_NEW], &err);
	ground_close(&g);
	if (rc < 0)
		report_line("git-zllm cannot compare them: %s", err.text);
}

/* ---------------------------------------------------------------- the command */

static const struct option_spec specs[] = {
	{ "json", OPTION_FLAG, NULL, "print one JSON object",
	  offsetof(struct diff_options, json) },
	{ "all", OPTION_FLAG, NULL, "a line for equal tensors, too",
	  offsetof(struct diff_options, all) },
	{ "driver", OPTION_FLAG, NULL, "as git runs it: see gitattributes(5)",
	  offsetof(struct diff_options, driver) },
	{ 0 },
};

static int run_diff(int argc, char **argv)
{
	struct diff_options options = { 0 };
	struct err err = ERR_INIT;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && options.driver && argc) {
		run_driver(argc, argv);
		return 0;
	}
	if (!rc && argc != 2)
		rc = err_set(&err, ERR_INPUT,
		             "diff takes two of: a file, a folder, a revision, "
		             "<rev>:<path>, an oid");
	if (!rc)
		rc = diff(argv[0], argv[1], &options, &err);
	return rc ? report_error(&err) : 0;
}

const struct command cmd_diff = {
	.name = "diff",
	.arguments = "[--all] [--json] <old> <new>",
	.summary = "what differs between two models, tensor by tensor",
	.details =
		"<old> and <new> are files, folders of shards, <rev>:<path>, oids, or revisions\n"
		"with all their models. Tensors are matched by name, else as a push\n"
		"matches them, under another prefix ('lm_head.weight>model.lm_head.weight'). For\n"
		"each that changed:\n"
		"\n"
		"  BITS    bits of a word that differ, of all that its dtype has, on average\n"
		"          (the bit distance, as in 'show' and 'family')\n"
		"  WORDS   the share of words that differ\n"
		"  DELTA   bytes of the new tensor as a delta against the old, coded in full; with\n"
		"          a low-rank product where that pays, and the new one is at hand here\n"
		"\n"
		"Another dtype is compared by the cast of the old values; with more or fewer rows,\n"
		"the rows that both have are compared. Objects are read from git-lfs's storage, else from the\n"
		"store. 'git diff' shows the same for models, where 'git zllm install' and\n"
		"'git zllm init' set it up.\n",
	.options = specs,
	.run = run_diff,
};
