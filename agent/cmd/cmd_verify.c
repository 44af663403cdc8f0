/*
 * git zllm verify: what `git lfs prune --verify-remote` only claims to do with a
 * standalone agent. Reading and hashing the bytes themselves is fsck's work.
 */
#include "agent/command.h"

#include <stddef.h>
#include <stdbool.h>
#include <string.h>

#include "agent/cmd/push_check.h"
#include "agent/git/absent_objects.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_config.h"
#include "agent/report/count_text.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"

struct verify_options {
	bool all;
	bool quick;
	const char *remote;
};

static const struct option_spec specs[] = {
	{ "all", OPTION_FLAG, NULL, "everything that any ref reaches",
	  offsetof(struct verify_options, all) },
	{ "quick", OPTION_FLAG, NULL, "of many in a bucket: by their names in a listing",
	  offsetof(struct verify_options, quick) },
	{ "remote", OPTION_VALUE, "NAME", "the store of this remote (default: origin)",
	  offsetof(struct verify_options, remote) },
	{ 0 },
};

/* A repository without a commit needs nothing, and HEAD names nothing in it. */
static int has_head(bool *out, struct err *err)
{
	static const char *const argv[] = { "git",      "rev-parse", "-q",
		                            "--verify", "HEAD",      NULL };
	struct buf ignored = BUF_INIT;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = &ignored, .quiet = true },
	                 &status, err);
	buf_wipe(&ignored);
	*out = !rc && !status;
	return rc;
}

static int add_revisions(const struct verify_options *options, int argc, char **argv,
                         struct buf *out, struct err *err)
{
	bool head = true;

	for (int i = 0; i < argc; i++) {
		if (argv[i][0] == '-' || strchr(argv[i], '\n'))
			return err_set(err, ERR_INPUT, "'%s' is not a revision", argv[i]);
		buf_addf(out, "%s\n", argv[i]);
	}
	if (argc || options->all)
		return 0;
	int rc = has_head(&head, err);
	if (head)
		buf_add_str(out, "HEAD\n");
	return rc;
}

static int open_store(const struct verify_options *options, struct store **out,
                      struct err *err)
{
	struct lfs_config *config = NULL;

	int rc = lfs_config_read(&config, err);
	if (!rc)
		rc = push_check_open(config, ENDPOINT_DOWNLOAD, options->remote, out,
		                     err);
	lfs_config_free(config);
	return rc;
}

static void print_result(const struct store *store, const struct lfs_objects *needed,
                         const struct lfs_objects *missing)
{
	char hex[SHA256_HEX + 1];

	for (size_t i = 0; i < missing->count; i++) {
		oid_format(&missing->list[i].oid, hex);
		report_line("missing %s %s", hex, missing->list[i].path);
	}
	report_line("%s needed, %zu missing in %s",
	            COUNT(needed->count, "LFS object", "LFS objects"), missing->count,
	            store->name);
}

/* Whether history ends here before it begins. */
static int is_shallow(bool *out, struct err *err)
{
	static const char *const argv[] = { "git", "rev-parse", "--is-shallow-repository",
		                            NULL };
	struct buf answer = BUF_INIT;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = &answer }, &status, err);
	*out = !rc && strcmp(buf_text(&answer), "true\n") == 0;
	buf_wipe(&answer);
	return rc;
}

/* What this clone does not have of its history is not looked at, and nobody shall take
 * it for complete. */
static int bring_history(const struct buf *revisions, const char *const *arguments,
                         struct absent_objects *absent, struct err *err)
{
	bool shallow = false;

	int rc = absent_objects_bring(revisions, arguments, absent, err);
	if (!rc)
		rc = is_shallow(&shallow, err);
	if (rc)
		return rc;
	if (absent->brought)
		report_note(
			"%s fetched",
			COUNT(absent->brought,
		              "file or folder of history that this partial clone lacked was",
		              "files and folders of history that this partial clone lacked were"));
	if (absent->left)
		report_note("%s not in this partial "
		            "clone and could not be fetched: what they need was not "
		            "looked at",
		            COUNT(absent->left, "file or folder of history is",
		                  "files and folders of history are"));
	if (shallow)
		report_note("this clone is shallow: what older commits need was not "
		            "looked at ('git fetch --unshallow' brings them)");
	return 0;
}

struct verify_result {
	struct lfs_objects needed, missing;
	struct absent_objects absent;
};

static int verify(const struct verify_options *options, const struct buf *revisions,
                  struct store *store, struct verify_result *r, struct err *err)
{
	static const char *const all[] = { "--all", NULL };
	const char *const *arguments = options->all ? all : NULL;

	int rc = bring_history(revisions, arguments, &r->absent, err);
	if (!rc)
		rc = lfs_objects_add(&r->needed, revisions, arguments, err);
	lfs_objects_unique(&r->needed);
	if (!rc)
		rc = options->quick
		             ? push_check_names(store, &r->needed, &r->missing, err)
		             : push_check_run(store, &r->needed, &r->missing, err);
	if (!rc)
		print_result(store, &r->needed, &r->missing);
	return rc;
}

static int run_verify(int argc, char **argv)
{
	struct verify_result result = { LFS_OBJECTS_INIT, LFS_OBJECTS_INIT, { 0 } };
	struct verify_options options = { 0 };
	struct buf revisions = BUF_INIT;
	struct store *store = NULL;
	struct err err = ERR_INIT;

	int rc = options_parse(&argc, argv, specs, &options, &err);
	if (!rc)
		rc = open_store(&options, &store, &err);
	if (!rc)
		rc = add_revisions(&options, argc, argv, &revisions, &err);
	if (!rc)
		rc = verify(&options, &revisions, store, &result, &err);
	int code = rc ? report_error(&err) : result.missing.count || result.absent.left;
	store_close(store);
	buf_wipe(&revisions);
	lfs_objects_wipe(&result.missing);
	lfs_objects_wipe(&result.needed);
	return code;
}

const struct command cmd_verify = {
	.name = "verify",
	.arguments = "[--all | <revision>...]",
	.summary = "is every LFS object that a revision needs in the store?",
	.details =
		"Asks the store for each LFS object that the revisions reach (HEAD when none\n"
		"is given), prints those it does not have, and exits with 1 if there are any.\n"
		"Run it before 'git lfs prune': git-lfs's own --verify-remote asks nobody when\n"
		"a store like this one is used, and says \"verified\" nonetheless.\n"
		"An object counts as missing too when its manifest is damaged, or when a record\n"
		"that it needs is not there or is cut; what is wrong is said. Whether the bytes\n"
		"are sound as well is what 'git zllm fsck' reads.\n"
		"Of an object in a bucket it reads the manifest, many at once. With --quick a\n"
		"listing tells which objects are there, a thousand in a request; those that it\n"
		"does not name are looked at, and whether the others are whole is not.\n"
		"In a partial clone (--filter=blob:none) it first fetches what git left on the\n"
		"remote, for a file's pointer is in it; where that fails the exit code is 1.\n",
	.options = specs,
	.run = run_verify,
};
