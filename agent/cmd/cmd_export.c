/* git zllm export: plain LFS objects again, or the files of an imported model. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/store_place.h"
#include "agent/command.h"
#include "agent/git/lfs_objects.h"
#include "agent/moving/export_names.h"
#include "agent/report/count_text.h"
#include "agent/report/json.h"
#include "agent/report/options.h"
#include "agent/report/progress.h"
#include "agent/report/report.h"
#include "agent/report/report_json.h"
#include "agent/report/shell_word.h"
#include "agent/report/size_text.h"
#include "agent/where/part_choice.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/batch/import_list.h"
#include "index/batch/object_export.h"
#include "index/blob/transfer.h"
#include "index/mirror/objects_wanted.h"
#include "index/store/store.h"

struct export_options {
	const char *store, *repo, *name, *revision, *part, *lfs_url;
	bool json;
};

/* What is to be written. */
struct wanted {
	struct oid oid;
	uint64_t size; /* UINT64_MAX: not known */
	char *path;    /* owned; NULL: as git-lfs has it */
};

struct export
{
	struct export_options options;
	struct work_part part;
	const char *folder;
	struct connection connection;
	struct buf wanted; /* of struct wanted */
	struct progress progress;
	size_t written, there, failed;
	uint64_t bytes;
	int exit_code;
};

/* ---------------------------------------------------------------- which objects */

static int want(struct export *e, const struct wanted *one, struct err *err)
{
	if (!work_part_has(&e->part, one->oid.bytes)) {
		free(one->path);
		return 0;
	}
	buf_add(&e->wanted, one, sizeof(*one));
	return e->wanted.failed ? err_nomem(err, "a list of objects") : 0;
}

/* What any ref of this repository needs. */
static int want_history(struct export *e, struct err *err)
{
	static const char *const everything[] = { "--all", NULL };
	static const struct buf no_revisions = BUF_INIT;
	struct lfs_objects all = LFS_OBJECTS_INIT;
	int rc = lfs_objects_add(&all, &no_revisions, everything, err);

	/* By oid, each once: several paths may lead to one. */
	lfs_objects_unique(&all);
	for (size_t i = 0; i < all.count && !rc; i++)
		rc = want(e, &(struct wanted){ all.list[i].oid, all.list[i].size, NULL },
		          err);
	lfs_objects_wipe(&all);
	return rc;
}

static int want_store(struct export *e, struct err *err)
{
	const struct objects_wanted asked = { e->connection.store,
		                              e->options.repo ? e->options.repo : "",
		                              &e->part };
	struct buf oids = BUF_INIT;
	int rc = objects_wanted_list(&asked, &oids, err);

	for (size_t i = 0; i < oids.size && !rc; i += sizeof(struct oid)) {
		struct wanted one = { .size = UINT64_MAX };
		memcpy(&one.oid, oids.data + i, sizeof(one.oid));
		rc = want(e, &one, err);
	}
	buf_wipe(&oids);
	return rc;
}

static int want_names(struct export *e, struct err *err)
{
	const struct export_names asked = { &e->connection.transfer, e->options.name,
		                            e->options.revision };
	struct import_list list;
	int rc = export_names_find(&asked, &list, err);

	for (size_t i = 0; i < import_list_count(&list) && !rc; i++) {
		const struct import_entry *entry = import_list_at(&list, i);
		struct wanted one = { entry->oid, entry->size, strdup(entry->path) };
		rc = one.path ? want(e, &one, err) : err_nomem(err, "a path");
	}
	if (!rc && !e->options.json)
		report_line("model:    %s%s%s", list.model,
		            *list.revision ? ", revision " : "", list.revision);
	import_list_wipe(&list);
	return rc;
}

/* ---------------------------------------------------------------- writing */

/* How far one file is. */
struct writing {
	struct export *export;
	uint64_t told; /* bytes */
};

static int step(void *ctx, uint64_t bytes, struct err *err)
{
	struct writing *w = ctx;

	(void)err;
	if (bytes > w->told)
		progress_step(&w->export->progress, bytes - w->told);
	w->told = bytes > w->told ? bytes : w->told;
	return 0;
}

static void tell_failure(struct export *e, const struct wanted *one, struct err *failure)
{
	char hex[SHA256_HEX + 1];

	oid_format(&one->oid, hex);
	err_context(failure, "object %s", hex);
	progress_clear(&e->progress);
	e->exit_code = report_error(failure);
	e->failed++;
}

static void write_one(struct export *e, const struct wanted *one)
{
	char hex[SHA256_HEX + 1], layout[SHA256_HEX + 32];
	struct writing writing = { e, 0 };
	uint64_t size = 0;
	struct err failure = ERR_INIT;
	struct object_export what = { .oid = one->oid,
		                      .size = one->size,
		                      .folder = e->folder,
		                      .path = one->path,
		                      .called = EXPORT_BY_NAME,
		                      .progress = step,
		                      .ctx = &writing };

	oid_format(&one->oid, hex);
	snprintf(layout, sizeof(layout), "objects/%.2s/%.2s/%s", hex, hex + 2, hex);
	if (!one->path) {
		what.path = layout;
		what.called = EXPORT_BY_OID;
	}
	int rc = object_export(&e->connection.transfer, &what, &size, &failure);
	if (rc < 0) {
		tell_failure(e, one, &failure);
		return;
	}
	*(rc ? &e->there : &e->written) += 1;
	e->bytes += rc ? 0 : size;
}

static uint64_t bytes_wanted(const struct wanted *list, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += list[i].size == UINT64_MAX ? 0 : list[i].size;
	return sum;
}

static int write_all(struct export *e)
{
	const struct wanted *list = (const struct wanted *)(void *)e->wanted.data;
	size_t count = e->wanted.size / sizeof(*list);

	progress_begin(&e->progress, "exporting", bytes_wanted(list, count),
	               e->options.json ? PROGRESS_QUIET : PROGRESS_SHOWN);
	for (size_t i = 0; i < count; i++)
		write_one(e, &list[i]);
	progress_end(&e->progress);
	object_export_end(e->folder);
	return 0;
}

/* ---------------------------------------------------------------- what is said */

/* The one command that brings all of it to a plain server. */
static int tell_way(const struct export *e, struct err *err)
{
	static const char *const keys[] = { "lfs.url", "lfs.pushurl",
		                            "remote.origin.lfsurl" };
	char *folder = realpath(e->folder, NULL);
	struct buf command = BUF_INIT, word = BUF_INIT;

	if (!folder)
		return err_errno(err, "%s", e->folder);
	buf_add_str(&command, "git -c ");
	buf_addf(&word, "lfs.storage=%s", folder);
	shell_word_add(&command, buf_text(&word));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		word.size = 0;
		buf_addf(&word, "%s=%s", keys[i], e->options.lfs_url);
		buf_add_str(&command, " -c ");
		shell_word_add(&command, buf_text(&word));
	}
	buf_add_str(&command, " lfs push --all origin");
	report_line("back to a plain LFS server, in the repository's clone:");
	report_line("%s", buf_text(&command));
	buf_wipe(&word);
	buf_wipe(&command);
	free(folder);
	return 0;
}

static int tell(const struct export *e, struct err *err)
{
	char bytes[SIZE_TEXT];

	if (e->options.json) {
		struct json *j = json_object();
		json_put_u64(j, "written", e->written);
		json_put_u64(j, "there", e->there);
		json_put_u64(j, "failed", e->failed);
		json_put_u64(j, "bytes", e->bytes);
		return report_json(j, err);
	}
	size_format(e->bytes, bytes);
	report_line("exported: %s into %s, %s; %zu there already, %zu failed",
	            COUNT(e->written, "file", "files"), e->folder, bytes, e->there,
	            e->failed);
	return e->options.lfs_url && !e->failed ? tell_way(e, err) : 0;
}

/* ---------------------------------------------------------------- the command */

static const struct option_spec specs[] = {
	{ "store", OPTION_VALUE, "STORE", "the store (default: that of this repository)",
	  offsetof(struct export_options, store) },
	{ "repo", OPTION_VALUE, "ID",
	  "all that this repository pushed (repo= in .lfsconfig)",
	  offsetof(struct export_options, repo) },
	{ "name", OPTION_VALUE, "ORG/MODEL",
	  "the files of an imported model, by their names",
	  offsetof(struct export_options, name) },
	{ "revision", OPTION_VALUE, "REVISION", "of that model: another than its newest",
	  offsetof(struct export_options, revision) },
	{ "part", OPTION_VALUE, "K/N", "write one part of the files: 3/16, auto, auto/16",
	  offsetof(struct export_options, part) },
	{ "lfs-url", OPTION_VALUE, "URL",
	  "say the command that brings them to that LFS server",
	  offsetof(struct export_options, lfs_url) },
	{ "json", OPTION_FLAG, NULL, "print one JSON object at the end",
	  offsetof(struct export_options, json) },
	{ 0 },
};

static int read_options(struct export *e, int *argc, char **argv, struct err *err)
{
	const struct export_options *o = &e->options;
	int rc = options_parse(argc, argv, specs, &e->options, err);

	if (!rc && *argc != 1)
		rc = err_set(err, ERR_INPUT,
		             "export takes one folder; see 'git zllm help export'");
	if (!rc && o->name && (o->repo || o->lfs_url))
		rc = err_set(err, ERR_INPUT,
		             "--name gives files back, --repo and --lfs-url LFS objects; "
		             "choose one");
	if (!rc && o->revision && !o->name)
		rc = err_set(err, ERR_INPUT, "--revision goes with --name");
	if (!rc && o->repo && !key_repo_id_valid(o->repo))
		rc = err_set(
			err, ERR_INPUT,
			"'%s' is not the id of a repository (%d hexadecimal digits); "
			"use the one after repo= in .lfsconfig",
			o->repo, REPO_ID_HEX);
	e->folder = *argc ? argv[0] : NULL;
	return rc ? rc : part_choose(o->part, &e->part, err);
}

static int export(struct export *e, struct err *err)
{
	const struct export_options *o = &e->options;
	int rc = store_place_open(o->store, STORE_PLACE_READ, &e->connection, err);

	if (rc)
		return rc;
	if (o->name)
		rc = want_names(e, err);
	else if (o->store || o->repo)
		rc = want_store(e, err);
	else
		rc = want_history(e, err);
	if (!rc)
		rc = write_all(e);
	return rc ? rc : tell(e, err);
}

static int run(int argc, char **argv)
{
	struct export e = { .exit_code = 0 };
	struct err err = ERR_INIT;
	int rc = read_options(&e, &argc, argv, &err);

	if (!rc)
		rc = export(&e, &err);
	struct wanted *list = (struct wanted *)(void *)e.wanted.data;
	for (size_t i = 0; i < e.wanted.size / sizeof(*list); i++)
		free(list[i].path);
	buf_wipe(&e.wanted);
	connection_close(&e.connection);
	return rc ? report_error(&err) : e.exit_code;
}

const struct command cmd_export = {
	.name = "export",
	.arguments =
		"[--store <store>] [--repo <id> | --name <name> [--revision <revision>]] "
		"[--part <k>/<n>] [--lfs-url <url>] [--json] <folder>",
	.summary = "plain files again, out of a store",
	.details =
		"Writes what any branch or tag of this repository needs, as git-lfs itself keeps\n"
		"it: <folder>/objects/aa/bb/<oid>. With --store, or --repo, all that the store\n"
		"has, or that one repository pushed. Every file is proved by its SHA-256 before\n"
		"it gets its name; an export that was cut goes on when it is run again.\n"
		"\n"
		"--lfs-url says the one command that brings all of it to a plain LFS server. The\n"
		"README has the whole way out (\"Moving out\").\n"
		"\n"
		"--name writes the files of a model that 'git zllm import' brought, under their\n"
		"own names: those of the newest revision, or of --revision.\n"
		"\n"
		"--part 3/16 writes the third of sixteen parts (docs/scale.md).\n"
		"\n"
		"Exit code: 0 all of it is there; else some of it is not, and was named.\n",
	.options = specs,
	.run = run,
};
