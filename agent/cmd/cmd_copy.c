/* git zllm copy: a store mirrored into another. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/command.h"
#include "agent/git/lfs_config.h"
#include "agent/report/count_text.h"
#include "agent/report/json.h"
#include "agent/report/options.h"
#include "agent/report/progress.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "agent/report/shell_word.h"
#include "agent/report/size_text.h"
#include "agent/where/grace.h"
#include "agent/where/part_choice.h"
#include "agent/where/store_open.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/mirror/store_copy.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"

struct copy_options {
	const char *repo, *part;
	bool json;
};

/* The two ends of a copy. */
struct ends {
	struct lfs_config *config;
	struct store_url from_url, to_url;
	struct store *from, *to;
	struct transfer transfer;
};

/* How a store that is made gets its modes: as one user's; `init` is for teams. */
static const struct store_folder_modes own_modes = { 0444, 0755 };

static void ends_close(struct ends *e)
{
	transfer_wipe(&e->transfer);
	store_close(e->from);
	store_close(e->to);
	store_url_wipe(&e->from_url);
	store_url_wipe(&e->to_url);
	lfs_config_free(e->config);
}

static int ends_open(struct ends *e, const char *from, const char *to, struct err *err)
{
	struct store_context context = { .modes = &own_modes };
	int rc = lfs_config_read(&e->config, err);

	context.config = e->config;
	if (!rc)
		rc = store_url_parse(from, &e->from_url, err);
	if (!rc)
		rc = store_url_parse(to, &e->to_url, err);
	if (!rc)
		rc = store_open(&e->from_url, &context, &e->from, err);
	context.use = STORE_TO_WRITE;
	if (!rc)
		rc = store_open_or_make(&e->to_url, &context, &e->to, err);
	return rc ? rc : transfer_init(&e->transfer, e->from, 0, err);
}

/* ---------------------------------------------------------------- what is said */

struct telling {
	struct progress progress;
	bool quiet;
	int exit_code;
};

static void tell_object(void *ctx, const struct oid *oid, uint64_t size,
                        const struct err *failure)
{
	struct telling *told = ctx;
	char text[SHA256_HEX + 1], bytes[SIZE_TEXT];

	oid_format(oid, text);
	progress_clear(&told->progress);
	if (failure) {
		struct err err = *failure;
		err_context(&err, "object %s", text);
		told->exit_code = report_error(&err);
	} else if (!told->quiet) {
		size_format(size, bytes);
		report_line("%s %10s", text, bytes);
	}
}

static int tell_json(const struct store_copy_result *r, struct err *err)
{
	struct json *j = json_object();

	json_put_u64(j, "copied", r->copied);
	json_put_u64(j, "there", r->there);
	json_put_u64(j, "failed", r->failed);
	json_put_u64(j, "mended", r->mended);
	json_put_u64(j, "records", r->records);
	json_put_u64(j, "bytes", r->bytes);
	return report_json(j, err);
}

static void tell_text(const struct store_copy_result *r)
{
	char bytes[SIZE_TEXT];

	size_format(r->bytes, bytes);
	if (r->mended)
		report_line("%s a wrong manifest in the second store, which "
		            "was set aside",
		            COUNT(r->mended, "object had", "objects had"));
	report_line("%s copied (%s, %s), %zu there already, %zu failed",
	            COUNT(r->copied, "object", "objects"),
	            COUNT(r->records, "record", "records"), bytes, r->there, r->failed);
}

/* Whoever changes .lfsconfig and drops the first store finds out at the first old tag. */
static void tell_way(const struct ends *e)
{
	struct buf command = BUF_INIT, key = BUF_INIT, from = BUF_INIT;

	buf_addf(&key, "url.zllm::%s.insteadOf", e->to->name);
	buf_addf(&from, "zllm::%s", e->from->name);
	buf_add_str(&command, "git config --global ");
	shell_word_add(&command, buf_text(&key));
	buf_add_str(&command, " ");
	shell_word_add(&command, buf_text(&from));
	report_note(
		"a changed .lfsconfig names the second store from its commit on: every "
		"earlier commit, tag and branch goes on to name the first. Only this "
		"leads all of them to the second (each user, or --system): %s",
		buf_text(&command));
	buf_wipe(&command);
	buf_wipe(&key);
	buf_wipe(&from);
}

/* ---------------------------------------------------------------- the command */

static int copy(struct ends *e, const struct copy_options *options, int *exit_code,
                struct err *err)
{
	struct telling told = { .quiet = options->json };
	const struct work_watch watch = progress_watch(&told.progress);
	struct store_copy_request request = {
		.from = &e->transfer,
		.to = e->to,
		.repo_id = options->repo ? options->repo : "",
		.told = tell_object,
		.ctx = &told,
		.watch = &watch,
	};
	struct store_copy_result result;
	int rc = part_choose(options->part, &request.part, err);

	progress_begin(&told.progress, "listing both stores", 0,
	               options->json ? PROGRESS_QUIET : PROGRESS_SHOWN);
	if (!rc)
		rc = grace_read(e->config, &request.grace, err);
	if (!rc)
		rc = store_copy(&request, &result, err);
	progress_end(&told.progress);
	*exit_code = told.exit_code;
	if (rc)
		return rc;
	if (options->json)
		return tell_json(&result, err);
	tell_way(e);
	tell_text(&result);
	return 0;
}

static const struct option_spec specs[] = {
	{ "repo", OPTION_VALUE, "ID",
	  "only what this repository pushed (repo= in .lfsconfig)",
	  offsetof(struct copy_options, repo) },
	{ "part", OPTION_VALUE, "K/N",
	  "copy one part of the objects: 3/16, auto, auto/16",
	  offsetof(struct copy_options, part) },
	{ "json", OPTION_FLAG, NULL, "print one JSON object at the end",
	  offsetof(struct copy_options, json) },
	{ 0 },
};

static int run(int argc, char **argv)
{
	struct copy_options options = { 0 };
	struct ends ends = { .from = NULL };
	struct err err = ERR_INIT;
	int exit_code = 0;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && argc != 2)
		rc = err_set(&err, ERR_INPUT,
		             "copy takes two stores: the one to copy and the one to copy "
		             "it into");
	if (!rc && options.repo && !key_repo_id_valid(options.repo))
		rc = err_set(
			&err, ERR_INPUT,
			"'%s' is not the id of a repository (%d hexadecimal digits); "
			"use the one after repo= in .lfsconfig",
			options.repo, REPO_ID_HEX);
	if (!rc)
		rc = ends_open(&ends, argv[0], argv[1], &err);
	if (!rc)
		rc = copy(&ends, &options, &exit_code, &err);
	ends_close(&ends);
	return rc ? report_error(&err) : exit_code;
}

const struct command cmd_copy = {
	.name = "copy",
	.arguments = "[--repo <id>] [--part <k>/<n>] [--json] <store> <store>",
	.summary = "mirror a store into another",
	.details =
		"Copies every object of the first store that the second lacks, with the\n"
		"records it needs; the second is made where there is none. Stores are named as\n"
		"for 'init'. Every record is decoded on the way; its SHA-256 is compared, and\n"
		"that of the whole object. A copy that was cut goes on where it was when it is\n"
		"run again; while it runs, both stores may be pushed to and cloned from. An\n"
		"object that the first store does not have whole is named, and left out; the\n"
		"exit code is then not 0. Where the second store has another manifest of an\n"
		"object, or a record, and that proves wrong, it is set aside and replaced.\n"
		"With --part 3/16 the third of sixteen parts of the objects is copied: so many\n"
		"machines copy one store (docs/scale.md).\n"
		"\n"
		"To use the copy instead of the first store, for good or as a mirror, each user\n"
		"(or --system: each machine) says\n"
		"  git config --global url.\"zllm::<second>\".insteadOf \"zllm::<first>\"\n"
		"A changed .lfsconfig is not enough: commits and tags from before the change name\n"
		"the first store for ever, and cannot be checked out once that is gone.\n",
	.options = specs,
	.run = run,
};
