/*
 * git zllm prune: the local side of what nobody needs at hand. What `git lfs prune
 * --verify-remote` only claims to ask where an agent serves the transfers is asked here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/prune_local.h"
#include "agent/command.h"
#include "agent/git/checked_out.h"
#include "agent/git/lfs_objects.h"
#include "agent/git/lfs_prunable.h"
#include "agent/report/count_text.h"
#include "agent/report/json.h"
#include "agent/report/options.h"
#include "agent/report/progress.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "agent/report/size_text.h"
#include "agent/where/connection.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"

struct prune_options {
	bool dry_run, deep, checked_out, json;
};

static const struct option_spec specs[] = {
	{ "dry-run", OPTION_FLAG, NULL, "say what would be dropped, and drop nothing",
	  offsetof(struct prune_options, dry_run) },
	{ "deep", OPTION_FLAG, NULL, "read each object from the store, all of it, first",
	  offsetof(struct prune_options, deep) },
	{ "checked-out", OPTION_FLAG, NULL,
	  "also copies of what lies unchanged in the worktree",
	  offsetof(struct prune_options, checked_out) },
	{ "json", OPTION_FLAG, NULL, "print one JSON object",
	  offsetof(struct prune_options, json) },
	{ 0 },
};

/* ---------------------------------------------------------------- what may go */

/* Objects of HEAD of which the worktree has a copy of its own. */
static int add_checked_out(const struct git_paths *paths, struct buf *oids,
                           struct err *err)
{
	static const char *const tree_alone[] = { "--no-walk", NULL };
	struct lfs_objects objects = LFS_OBJECTS_INIT;
	struct buf head = BUF_INIT;

	buf_add_str(&head, "HEAD\n");
	int rc = lfs_objects_add(&objects, &head, tree_alone, err);
	for (size_t i = 0; i < objects.count && !rc; i++)
		if (checked_out_is(paths, &objects.list[i]))
			buf_add(oids, &objects.list[i].oid, sizeof(struct oid));
	if (!rc && oids->failed)
		rc = err_nomem(err, "a list of objects");
	lfs_objects_wipe(&objects);
	buf_wipe(&head);
	return rc;
}

static int by_oid(const void *a, const void *b)
{
	return oid_compare(a, b);
}

/* Each oid once, as a candidate. */
static int make_candidates(struct buf *oids, struct prune_request *out, struct err *err)
{
	size_t count = oids->size / sizeof(struct oid);
	struct oid *list = (struct oid *)(void *)oids->data;

	out->list = calloc(count ? count : 1, sizeof(*out->list));
	if (!out->list)
		return err_nomem(err, "a list of objects");
	if (count)
		qsort(list, count, sizeof(*list), by_oid);
	for (size_t i = 0; i < count; i++)
		if (!i || !oid_equal(&list[i], &list[i - 1]))
			out->list[out->count++].oid = list[i];
	return 0;
}

static int find_candidates(const struct prune_options *options, struct prune_request *out,
                           struct err *err)
{
	struct buf oids = BUF_INIT;
	int rc = lfs_prunable_list(&oids, err);

	if (!rc && options->checked_out)
		rc = add_checked_out(&out->connection->paths, &oids, err);
	if (!rc)
		rc = make_candidates(&oids, out, err);
	buf_wipe(&oids);
	return rc;
}

/* ---------------------------------------------------------------- what is said */

struct sums {
	size_t dropped, kept;
	uint64_t freed; /* bytes */
};

static struct sums add_up(const struct prune_request *request)
{
	struct sums s = { 0 };

	for (size_t i = 0; i < request->count; i++) {
		const struct prune_candidate *c = &request->list[i];
		bool goes = c->state == COPY_DROPPED || c->state == COPY_PROVED;
		s.dropped += goes;
		s.freed += goes ? c->size : 0;
		s.kept += c->state == COPY_KEPT;
	}
	return s;
}

static void tell_text(const struct prune_options *options,
                      const struct prune_request *request)
{
	struct sums s = add_up(request);
	char hex[SHA256_HEX + 1], bytes[SIZE_TEXT];

	for (size_t i = 0; i < request->count; i++) {
		const struct prune_candidate *c = &request->list[i];
		oid_format(&c->oid, hex);
		if (c->state == COPY_KEPT)
			report_line("kept %s: %s", hex, c->why ? c->why : "");
	}
	size_format(s.freed, bytes);
	report_line("%s %s, %s %s", COUNT(s.dropped, "local copy", "local copies"),
	            options->dry_run ? "would go" : "dropped", bytes,
	            options->dry_run ? "would be freed" : "freed");
	if (s.kept)
		report_line("%zu kept, for store %s does not have them whole; push them "
		            "again: git lfs push --object-id <remote> <oid>...",
		            s.kept, request->connection->store->name);
}

static int tell_json(const struct prune_options *options,
                     const struct prune_request *request, struct err *err)
{
	struct sums s = add_up(request);
	struct json *j = json_object(), *kept = json_array();
	char hex[SHA256_HEX + 1];

	json_put_str(j, "store", request->connection->store->name);
	json_put_bool(j, "dry_run", options->dry_run);
	json_put_u64(j, "dropped", s.dropped);
	json_put_u64(j, "freed", s.freed);
	for (size_t i = 0; i < request->count; i++) {
		const struct prune_candidate *c = &request->list[i];
		if (c->state != COPY_KEPT)
			continue;
		struct json *one = json_object();
		oid_format(&c->oid, hex);
		json_put_str(one, "oid", hex);
		json_put_str(one, "why", c->why);
		json_add(kept, one);
	}
	json_put(j, "kept", kept);
	return report_json(j, err);
}

/* ---------------------------------------------------------------- the command */

static int prune(const struct prune_options *options, struct prune_request *request,
                 struct err *err)
{
	struct progress progress;
	const struct work_watch watch = progress_watch(&progress);
	int rc = find_candidates(options, request, err);

	if (rc)
		return rc;
	request->watch = &watch;
	progress_begin(&progress, "asking the store", 0,
	               options->json ? PROGRESS_QUIET : PROGRESS_SHOWN);
	rc = prune_local_prove(request, err);
	progress_end(&progress);
	request->watch = NULL;
	if (rc)
		return rc;
	if (!options->dry_run)
		prune_local_drop(request);
	if (options->json)
		return tell_json(options, request, err);
	tell_text(options, request);
	return 0;
}

static int run(int argc, char **argv)
{
	struct prune_options options = { 0 };
	struct connection connection;
	struct err err = ERR_INIT;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && argc)
		rc = err_set(&err, ERR_INPUT, "prune takes no '%s'", argv[0]);
	if (!rc)
		rc = connection_open(ENDPOINT_DOWNLOAD, NULL, &connection, &err);
	if (rc)
		return report_error(&err);
	struct prune_request request = { .connection = &connection,
		                         .proof = options.deep ? PROOF_READ
		                                               : PROOF_LOOKED };
	rc = prune(&options, &request, &err);
	int code = rc ? report_error(&err) : add_up(&request).kept != 0;
	for (size_t i = 0; i < request.count; i++)
		free(request.list[i].why);
	free(request.list);
	connection_close(&connection);
	return code;
}

const struct command cmd_prune = {
	.name = "prune",
	.arguments = "[--dry-run] [--deep] [--checked-out] [--json]",
	.summary = "drop local copies of objects that the store has",
	.details =
		"Drops the objects in this clone's LFS storage that git-lfs's own settings do not\n"
		"keep (lfs.fetchrecentrefsdays, lfs.fetchrecentcommitsdays, lfs.pruneoffsetdays;\n"
		"what is checked out, stashed or not pushed stays), each only after the store was\n"
		"asked for it: its manifest, and each record by its size and head. With --deep it\n"
		"is decoded and its SHA-256 compared. ('git lfs prune --verify-remote' asks nobody\n"
		"where a store like this one is used, and says \"verified\" nonetheless.)\n\n"
		"With --checked-out also the copies of files that lie in the worktree unchanged, so\n"
		"that a clone holds each model once. A checkout of another version and back\n"
		"fetches them again; 'git lfs fsck' then calls them missing, which is true.\n\n"
		"Exit code 1 when something was kept because the store does not have it whole.\n",
	.options = specs,
	.run = run,
};
