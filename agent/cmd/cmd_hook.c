/*
 * git zllm hook: what git's hooks run (hooks/README.md). git-lfs pushes refs even
 * when an agent died over the last object, and a push with --no-verify uploads
 * nothing at all; these checks see it before, or at least after.
 */
#include <stdbool.h>
#include <string.h>

#include "agent/cmd/hook_chain.h"
#include "agent/cmd/hook_configured.h"
#include "agent/cmd/hook_told.h"
#include "agent/cmd/large_file_warning.h"
#include "agent/cmd/push_check.h"
#include "agent/cmd/push_gaps.h"
#include "agent/cmd/push_others.h"
#include "agent/command.h"
#include "agent/git/absent_objects.h"
#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_config.h"
#include "agent/git/lfs_objects.h"
#include "agent/git/push_refs.h"
#include "agent/report/count_text.h"
#include "agent/report/report.h"
#include "agent/where/connection.h"
#include "agent/where/remote_tell.h"
#include "agent/where/server_remember.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"

static bool is_pushed(const struct push_refs *refs, const char *name, size_t n)
{
	for (size_t i = 0; i < refs->count; i++)
		if (strlen(refs->list[i].name) == n &&
		    memcmp(refs->list[i].name, name, n) == 0)
			return true;
	return false;
}

/* "^<id>" for every ref below `prefix` that this push does not touch: what they
 * reach is old. */
static int find_old(const struct push_refs *refs, const char *prefix, struct buf *out,
                    struct err *err)
{
	const char *const argv[] = { "git", "for-each-ref",
		                     "--format=%(objectname) %(refname)", prefix, NULL };
	struct buf list = BUF_INIT;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = &list }, &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_IO, "git for-each-ref failed");
	const char *line = rc ? "" : buf_text(&list);
	while (*line) {
		size_t n = strcspn(line, "\n"), id = strcspn(line, " \n");
		if (id < n && !is_pushed(refs, line + id + 1, n - id - 1))
			buf_addf(out, "^%.*s\n", (int)id, line);
		line += n + (line[n] == '\n');
	}
	buf_wipe(&list);
	return rc;
}

/* What this push adds to what the remote is known to have, as git rev-list takes it. */
static int list_new(const struct push_refs *refs, const char *remote, struct buf *out,
                    struct err *err)
{
	struct buf prefix = BUF_INIT;

	for (size_t i = 0; i < refs->count; i++) {
		buf_addf(out, "%s\n", refs->list[i].new_id);
		if (*refs->list[i].old_id)
			buf_addf(out, "^%s\n", refs->list[i].old_id);
	}
	buf_addf(&prefix, "refs/remotes/%s/", remote);
	int rc = find_old(refs, buf_text(&prefix), out, err);
	buf_wipe(&prefix);
	return rc;
}

/* The objects that a push needs: of the commits that it brings, and those that its trees
 * have from commits which the remote has. */
struct needs {
	struct lfs_objects brought, carried;
};

static void needs_wipe(struct needs *n)
{
	lfs_objects_wipe(&n->brought);
	lfs_objects_wipe(&n->carried);
}

static int find_pushed(const struct push_refs *refs, const struct buf *new_ones,
                       struct needs *needs, struct err *err)
{
	static const char *const trees_only[] = { "--no-walk", NULL };
	static const char *const not_all_known[] = { "--ignore-missing", NULL };
	struct buf tips = BUF_INIT;

	for (size_t i = 0; i < refs->count; i++)
		buf_addf(&tips, "%s\n", refs->list[i].new_id);
	int rc = lfs_objects_add(&needs->carried, &tips, trees_only, err);
	if (!rc)
		rc = lfs_objects_add(&needs->brought, new_ones, not_all_known, err);
	lfs_objects_unique(&needs->carried);
	lfs_objects_unique(&needs->brought);
	if (!rc)
		rc = lfs_objects_remove(&needs->carried, &needs->brought, err);
	buf_wipe(&tips);
	return rc;
}

/* What is in the way of a warning is in nobody else's way. */
static void warn_of_large_files(const struct lfs_config *config,
                                const struct buf *new_ones)
{
	struct err err = ERR_INIT;

	if (large_file_warning_give(config, new_ones, &err))
		report_note("not looked for large files that git-lfs does not keep: %s",
		            err.text);
}

/* 0, 1 when objects are missing (and that is said), or negative. */
static int check_objects(struct store *store, const struct lfs_objects *needed,
                         struct err *err)
{
	struct lfs_objects missing = LFS_OBJECTS_INIT;

	int rc = push_check_run(store, needed, &missing, err);
	if (!rc && missing.count) {
		push_check_report(store, &missing);
		rc = 1;
	}
	lfs_objects_wipe(&missing);
	return rc;
}

/* A push as the hook sees it. */
struct push {
	const char *remote;
	const struct buf *input;
	const struct lfs_config *config;
	bool one_ref; /* of maybe several */
};

/* What git-lfs has just called missing, and what it is not. */
static void tell_elsewhere(const struct git_paths *paths,
                           const struct lfs_objects *needed, const struct store *store)
{
	size_t count = push_gaps_elsewhere(paths, needed);

	if (count)
		report_note("%s not in this clone, and %s in the "
		            "store already, at %s: nothing is missing",
		            COUNT(count, "LFS object of this push is",
		                  "LFS objects of this push are"),
		            count == 1 ? "is" : "are", store->name);
}

static int judge_objects(const struct push *push, struct store *store,
                         const struct needs *needs, struct err *err)
{
	struct lfs_objects missing = LFS_OBJECTS_INIT;
	struct git_paths paths = { 0 };
	struct push_gaps gaps = { push->config, &paths, store, push->remote };

	int rc = push_check_run(store, &needs->brought, &missing, err);
	if (!rc)
		rc = push_check_names(store, &needs->carried, &missing, err);
	if (!rc)
		rc = git_paths_find(push->config, &paths, err);
	if (!rc && missing.count)
		rc = push_gaps_judge(&gaps, &missing, err);
	else if (!rc)
		tell_elsewhere(&paths, &needs->brought, store);
	git_paths_wipe(&paths);
	lfs_objects_wipe(&missing);
	return rc;
}

/* The store learns of a remote also where git-lfs had nothing to send to it: a fork that
 * gets what the store has already. Who may not write to the store is not kept from pushing
 * for that. */
static void tell_remote(const struct push *push, struct err *err)
{
	struct connection c;
	int rc = connection_open(ENDPOINT_UPLOAD, push->remote, &c, err);

	if (!rc) {
		const struct git_paths *paths = &c.paths;
		struct remote_tell tell = { c.config,
			                    paths->worktree ? paths->worktree
			                                    : paths->git_dir,
			                    c.store, c.url.repo_id };
		bool told;
		rc = remote_is_told(&tell, push->remote, &told, err);
		if (!rc && !told)
			rc = remote_tell(&tell, push->remote, err);
		connection_close(&c);
	}
	if (rc)
		report_note("the store does not know of this remote, so 'git zllm gc "
		            "--prune' by another one may drop what it needs: %s",
		            err->text);
}

static int check_push(const struct push *push, struct err *err)
{
	struct needs needs = { LFS_OBJECTS_INIT, LFS_OBJECTS_INIT };
	struct push_refs refs = PUSH_REFS_INIT;
	struct store *store = NULL;
	struct buf text = BUF_INIT, new_ones = BUF_INIT;

	buf_add(&text, push->input->data, push->input->size);
	int rc = push_refs_parse(buf_text(&text), PUSH_REFS_CLIENT, &refs, err);
	if (rc || !refs.count)
		goto out;
	rc = list_new(&refs, push->remote, &new_ones, err);
	if (rc)
		goto out;
	warn_of_large_files(push->config, &new_ones);
	rc = find_pushed(&refs, &new_ones, &needs, err);
	if (rc || !(needs.brought.count + needs.carried.count || push->one_ref))
		goto out;
	rc = push_check_open(push->config, ENDPOINT_UPLOAD, push->remote, &store, err);
	if (!rc && push->one_ref)
		rc = push_others_tell(&refs, push->remote, store, err);
	if (!rc)
		rc = judge_objects(push, store, &needs, err);
	if (!rc)
		tell_remote(push, &(struct err)ERR_INIT);
out:
	store_close(store);
	push_refs_wipe(&refs);
	needs_wipe(&needs);
	buf_wipe(&text);
	buf_wipe(&new_ones);
	return rc;
}

/* A line that we do not understand is an error later, when the push is checked. */
static void tell_refs(const struct buf *input)
{
	struct push_refs refs = PUSH_REFS_INIT;
	struct err ignored = ERR_INIT;
	struct buf text = BUF_INIT;

	buf_add(&text, input->data, input->size);
	(void)push_refs_parse(buf_text(&text), PUSH_REFS_CLIENT, &refs, &ignored);
	push_refs_tell(&refs);
	push_refs_wipe(&refs);
	buf_wipe(&text);
}

/* In a partial clone git-lfs, and all who look at what is pushed, would have git fetch the
 * files that are absent one by one. What is not understood here is an error later. */
static void bring_absent(const struct buf *input, const char *remote)
{
	static const char *const not_all_known[] = { "--ignore-missing", NULL };
	struct absent_objects absent = { 0 };
	struct push_refs refs = PUSH_REFS_INIT;
	struct buf text = BUF_INIT, new_ones = BUF_INIT;
	struct err ignored = ERR_INIT;

	buf_add(&text, input->data, input->size);
	if (!push_refs_parse(buf_text(&text), PUSH_REFS_CLIENT, &refs, &ignored) &&
	    refs.count && !list_new(&refs, remote, &new_ones, &ignored))
		(void)absent_objects_bring(&new_ones, not_all_known, &absent, &ignored);
	if (absent.left)
		report_note("%s not in this "
		            "partial clone and could not be fetched",
		            COUNT(absent.left, "file or folder of what is pushed is",
		                  "files and folders of what is pushed are"));
	push_refs_wipe(&refs);
	buf_wipe(&new_ones);
	buf_wipe(&text);
}

/* Says it the first time. What is in the way of it is in nobody's way. */
static void remember_server(const struct lfs_config *config, const char *remote)
{
	struct buf server = BUF_INIT;
	struct err err = ERR_INIT;

	int rc = server_remember(config, remote, &server, &err);
	if (!rc)
		report_note(
			"%s is remembered for you as a server whose LFS objects are in "
			"a store of git-zllm ('git config --global zllm.remember "
			"false' leaves that out, 'git zllm uninstall' forgets it)",
			buf_text(&server));
	else if (rc < 0)
		report_trace("the server of '%s' is not remembered: %s", remote,
		             err.text);
	buf_wipe(&server);
}

/* The configuration that leads to the store where this push goes. That of a branch from before
 * `init` may lead nowhere, and git-lfs starts us for the server all the same. */
static int read_config(const char *remote, struct lfs_config **out, bool *ours,
                       struct err *err)
{
	struct connection_config found;
	int rc = lfs_config_read(out, err);

	*ours = !rc && endpoint_is_ours(*out, ENDPOINT_UPLOAD, remote);
	if (rc || *ours || !server_is_ours(*out, remote))
		return rc;
	lfs_config_free(*out);
	rc = connection_config_find(ENDPOINT_UPLOAD, remote, &found, err);
	if (!rc) {
		*out = found.config;
		*ours = found.named != CONNECTION_NAMED_NOWHERE;
	}
	return rc;
}

/* The hooks before ours, then what the store says. 0, 1 when the push is refused (and
 * that is said), or negative; *status is that of the hooks. */
static int serve_push(struct hook_push *given, int *status, struct err *err)
{
	struct lfs_config *config = NULL;
	const char *remote = given->argv[0];
	bool ours;

	int rc = read_config(remote, &config, &ours, err);
	if (rc)
		return rc;
	bool nothing = !ours && given->by == HOOK_RUN_BY_CONFIGURATION;
	given->gaps = ours ? HOOK_GAPS_FOR_US : HOOK_GAPS_REFUSED_BY_LFS;
	if (ours)
		bring_absent(given->input, remote);
	rc = nothing ? 1 : hook_chain_run(given, status, err);
	if (rc > 0) {
		rc = 0;
	} else if (!rc && !*status && ours) {
		rc = check_push(
			&(struct push){ remote, given->input, config, given->one_ref },
			err);
		if (!rc)
			remember_server(config, remote);
	}
	lfs_config_free(config);
	return rc;
}

static int run_pre_push(int argc, char **argv, const char *name)
{
	struct hook_told told = HOOK_TOLD_INIT;
	struct hook_push push = { .by = HOOK_RUN_BY_FILE };
	struct err err = ERR_INIT;
	int status = 0;

	if (strcmp(name, HOOK_CONFIGURED_VERB) == 0)
		push.by = HOOK_RUN_BY_CONFIGURATION;
	int rc = hook_told_read(argc, argv, &told, &err);
	if (!rc) {
		push.argc = told.argc;
		push.argv = told.argv;
		push.input = &told.input;
		push.one_ref = told.one_ref;
		tell_refs(&told.input);
		rc = serve_push(&push, &status, &err);
	}
	hook_told_wipe(&told);
	if (rc < 0)
		return report_error(&err);
	return rc ? 1 : status;
}

/* One ref as received; the store is that of its own .lfsconfig, which the
 * server's git configuration may override. */
static int check_received(const struct push_ref *ref, const struct buf *old,
                          struct err *err)
{
	static const char *const arguments[] = { "--ignore-missing", NULL };
	struct lfs_objects needed = LFS_OBJECTS_INIT;
	struct lfs_config *config = NULL;
	struct buf revisions = BUF_INIT;
	struct store *store = NULL;

	int rc = lfs_config_read_at(ref->new_id, &config, err);
	if (rc || !endpoint_is_ours(config, ENDPOINT_DOWNLOAD, NULL))
		goto out;
	buf_addf(&revisions, "%s\n", ref->new_id);
	if (*ref->old_id)
		buf_addf(&revisions, "^%s\n", ref->old_id);
	buf_add(&revisions, old->data, old->size);
	rc = lfs_objects_add(&needed, &revisions, arguments, err);
	lfs_objects_unique(&needed);
	if (rc || !needed.count)
		goto out;
	rc = push_check_open(config, ENDPOINT_DOWNLOAD, NULL, &store, err);
	if (!rc)
		rc = check_objects(store, &needed, err);
	if (rc > 0)
		report_note("%s needs them; in a clone that has them run: git lfs push "
		            "--object-id <remote> <oid>...",
		            ref->name);
out:
	store_close(store);
	buf_wipe(&revisions);
	lfs_config_free(config);
	lfs_objects_wipe(&needed);
	return rc;
}

/* The number of refs that lack objects, or that could not be checked. */
static int check_all_received(void)
{
	struct push_refs refs = PUSH_REFS_INIT;
	struct buf input = BUF_INIT, old = BUF_INIT;
	struct err err = ERR_INIT;
	int bad = 0;

	int rc = hook_told_read_input(&input, &err);
	if (!rc)
		rc = push_refs_parse(buf_text(&input), PUSH_REFS_SERVER, &refs, &err);
	if (!rc)
		rc = find_old(&refs, "refs/", &old, &err);
	for (size_t i = 0; i < refs.count && !rc; i++) {
		int found = check_received(&refs.list[i], &old, &err);
		if (found < 0)
			report_error(&err);
		bad += found != 0;
	}
	if (rc)
		report_error(&err);
	push_refs_wipe(&refs);
	buf_wipe(&input);
	buf_wipe(&old);
	return rc ? 1 : bad;
}

static int run_hook(int argc, char **argv)
{
	struct err err = ERR_INIT;
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "pre-push") == 0 || strcmp(name, HOOK_CONFIGURED_VERB) == 0)
		return run_pre_push(argc - 2, argv + 2, name);
	if (strcmp(name, "pre-receive") == 0)
		return check_all_received() != 0;
	if (strcmp(name, "post-receive") == 0) {
		check_all_received();
		return 0; /* git has taken the push: this hook only tells */
	}
	err_set(&err, ERR_INPUT,
	        "unknown hook '%s'; use pre-push, pre-receive or post-receive", name);
	return report_error(&err);
}

const struct command cmd_hook = {
	.name = "hook",
	.arguments = "pre-push <remote> <url> | pre-receive | post-receive",
	.summary = "what git's hooks run",
	.details =
		"pre-push      runs the hook that was there before 'git zllm init', or git-lfs's,\n"
		"              and then refuses the push if an LFS object that it needs is not\n"
		"              in the store (unless it is not here either, and you have set\n"
		"              lfs.allowincompletepush); warns of files of more than zllm.largeFile (10m)\n"
		"              that git-lfs does not keep\n"
		"pre-receive   on a server: refuses such a push there\n"
		"post-receive  on a server: only says so to the one who pushed\n",
	.run = run_hook,
};
