/* git zllm init: a repository's store, in files that are committed with it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/agent_install.h"
#include "agent/cmd/base_value.h"
#include "agent/cmd/diff_install.h"
#include "agent/cmd/init_hook.h"
#include "agent/cmd/init_links.h"
#include "agent/cmd/init_place.h"
#include "agent/cmd/init_shared.h"
#include "agent/cmd/lfs_move.h"
#include "agent/cmd/model_patterns.h"
#include "agent/cmd/old_commits.h"
#include "agent/cmd/typed_store.h"
#include "agent/command.h"
#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "agent/git/git_scope.h"
#include "agent/git/lfs_config.h"
#include "agent/hints/base_setting.h"
#include "agent/hints/model_name.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "agent/where/remote_tell.h"
#include "agent/where/repo_id.h"
#include "agent/where/store_open.h"
#include "agent/where/store_trust.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/manifest/name_claim.h"
#include "index/store/store.h"

struct init_options {
	const char *name;
	const char *base;
	const char *lfs_url;
	bool from_lfs;
	bool shared;
};

struct init {
	struct lfs_config *config;
	struct git_paths paths;
	struct buf lfsconfig; /* path of .lfsconfig */
	struct buf url;       /* what is written there */
	struct store_url store_url;
	struct store *store;
	struct buf setting;     /* path of .zllm */
	struct base_value base; /* what is written there, or empty */
	struct model_name name;
	struct init_options options;
	char **patterns;
	int pattern_count;
};

static void init_wipe(struct init *in)
{
	lfs_config_free(in->config);
	git_paths_wipe(&in->paths);
	buf_wipe(&in->lfsconfig);
	buf_wipe(&in->url);
	buf_wipe(&in->setting);
	base_value_wipe(&in->base);
	store_close(in->store);
	store_url_wipe(&in->store_url);
}

static struct git_scope lfsconfig_scope(struct init *in)
{
	return (struct git_scope){ .option = "--file", .file = buf_text(&in->lfsconfig) };
}

static int find_repository(struct init *in, struct err *err)
{
	int rc = lfs_config_read(&in->config, err);
	if (!rc)
		rc = git_paths_find(in->config, &in->paths, err);
	if (rc > 0)
		return err_set(
			err, ERR_INPUT,
			"this is not inside a git repository; run 'git init' first");
	if (!rc && !in->paths.worktree)
		return err_set(
			err, ERR_INPUT,
			"this repository has no worktree, and init writes files that are "
			"committed: run it in a clone");
	if (!rc)
		buf_addf(&in->lfsconfig, "%s/.lfsconfig", in->paths.worktree);
	if (!rc)
		buf_addf(&in->setting, "%s/" BASE_SETTING_FILE, in->paths.worktree);
	return rc;
}

/* The id that .lfsconfig has already; 1 when it has none. */
static int read_repo_id(struct init *in, char id[REPO_ID_HEX + 1], struct err *err)
{
	struct git_scope scope = lfsconfig_scope(in);
	struct store_url old = { 0 };
	struct buf text = BUF_INIT;

	int rc = 1;
	if (access(scope.file, F_OK) == 0)
		rc = git_scope_get(&scope, "lfs.url", &text, err);
	*id = 0;
	if (!rc && !store_url_is_ours(buf_text(&text)))
		report_note("lfs.url in .lfsconfig was '%s'", buf_text(&text));
	else if (!rc && store_url_parse(buf_text(&text), &old, NULL) == 0)
		memcpy(id, old.repo_id, REPO_ID_HEX + 1);
	store_url_wipe(&old);
	buf_wipe(&text);
	return rc < 0 ? rc : !*id;
}

/* An id that nobody else can find makes the .lfsconfig of the next one who runs init
 * conflict with ours. */
static int find_repo_id(struct init *in, char id[REPO_ID_HEX + 1], struct err *err)
{
	struct repo_id found;

	int rc = read_repo_id(in, id, err);
	if (rc <= 0)
		return rc;
	rc = repo_id_find(in->config, &found, err);
	if (rc)
		return rc;
	memcpy(id, found.hex, sizeof(found.hex));
	if (found.shallow)
		report_note("this shallow clone lacks the first commit, of which "
		            "repo= is made: an init in another clone writes another "
		            "one. To get the same: 'git config -f .lfsconfig --unset "
		            "lfs.url', 'git fetch --unshallow', and init again");
	return 0;
}

static int make_url(struct init *in, const char *typed, struct err *err)
{
	char id[REPO_ID_HEX + 1];

	int rc = typed_store_add(typed, &in->url, err);
	if (!rc)
		rc = store_url_parse(buf_text(&in->url), &in->store_url, err);
	if (rc || in->store_url.repo_id[0])
		return rc;
	rc = find_repo_id(in, id, err);
	if (rc)
		return rc;
	buf_addf(&in->url, "%srepo=%s", strchr(buf_text(&in->url), '?') ? "&" : "?", id);
	memcpy(in->store_url.repo_id, id, sizeof(id));
	return 0;
}

static int make_store(struct init *in, struct err *err)
{
	const struct store_kind *kind = in->store_url.kind;
	struct store_context context = store_context_of(&in->paths, in->config);

	context.use = STORE_TO_WRITE;
	if (in->options.shared)
		init_shared_ask(&in->paths.modes);
	const struct git_scope scope = lfsconfig_scope(in);
	int rc = init_place_open(&scope, &in->store_url, &context, &in->store, err);
	if (!rc && in->options.shared)
		rc = init_shared_open_up(kind, in->store, err);
	if (!rc) {
		report_line("store:    %s", in->store->name);
		if (kind->tell)
			kind->tell(in->store);
		if (kind->is_path)
			rc = init_place_ignore(&in->paths, in->store->name, err);
		if (!rc && !kind->guard)
			rc = store_trust_give(in->config, &in->store_url, err);
	}
	return rc;
}

/* The remote that pushes will go to, if there is one already. Each push tells it again, so
 * who may only read the store can set up a clone. */
static void tell_remote(const struct init *in)
{
	struct remote_tell tell = { in->config, in->paths.worktree, in->store,
		                    in->store_url.repo_id };
	struct err failure = ERR_INIT;

	if (remote_tell(&tell, NULL, &failure))
		report_note("%s", failure.text);
}

/* Before a file of the repository names the store. */
static int move_in(struct init *in, struct err *err)
{
	const struct lfs_move move = {
		.config = in->config,
		.paths = &in->paths,
		.store = in->store,
		.url = buf_text(&in->url),
		.old_url = in->options.lfs_url,
		.why = in->options.from_lfs || in->options.lfs_url ? LFS_MOVE_ASKED
		                                                   : LFS_MOVE_BY_ITSELF,
	};

	return lfs_move_run(&move, err);
}

/* The store that was typed, or, for a move that is to go on, the one that is set. */
static int choose_store(const struct init *in, const char **typed, struct err *err)
{
	const char *set = lfs_config_get(in->config, "lfs.url");

	if (!*typed && in->options.from_lfs && set && store_url_is_ours(set))
		*typed = set;
	return *typed ? 0
	              : err_set(err, ERR_INPUT,
	                        "which store? 'git zllm init <folder>'; see 'git zllm "
	                        "help init'");
}

static int check_name(struct init *in, struct err *err)
{
	const char *name = in->options.name;

	if (name && !model_name_parse(name, strlen(name), &in->name))
		return err_set(err, ERR_INPUT,
		               "'%s' is not a name of a model: one to four words of "
		               "letters, digits and ._-+, with '/' between them",
		               name);
	return 0;
}

static int resolve_base(struct init *in, struct err *err)
{
	struct base_value_in place = { &in->paths, in->store, NULL };
	struct base_value *base = &in->base;
	int rc = 0;

	if (in->options.base)
		rc = base_value_resolve(in->options.base, &place, base, err);
	if (!rc && base->text.size)
		report_line("base:     %s (%s)", buf_text(&base->text),
		            buf_text(&base->words));
	return rc;
}

/* What others call our models, and what ours derive from. The name is told to the
 * store at once; a push tells it again, to a store that does not know it yet. */
static int write_setting(struct init *in, struct err *err)
{
	struct git_scope scope = { .option = "--file", .file = buf_text(&in->setting) };
	int rc = 0;

	if (*in->name.text)
		rc = git_scope_set(&scope, "zllm.name", in->name.text, err);
	if (!rc && *in->name.text)
		rc = name_claim_put(in->store, in->name.text, in->store_url.repo_id, err);
	if (!rc && *in->name.text)
		report_line("name:     %s", in->name.text);
	if (!rc && in->base.text.size)
		rc = git_scope_set(&scope, "zllm.base", buf_text(&in->base.text), err);
	return rc;
}

/* One at a time: given several, git-lfs writes them in any order. */
static int track_one(const struct init *in, const char *pattern, struct err *err)
{
	const char *argv[] = { "git",   "-C", in->paths.worktree, "lfs", "track", "--",
		               pattern, NULL };
	struct buf ignored = BUF_INIT;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = &ignored }, &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_CONFIG,
		             "the pattern '%s' could not be written by 'git lfs track'; "
		             "is git-lfs installed?",
		             pattern);
	buf_wipe(&ignored);
	return rc;
}

static int track(const struct init *in, struct err *err)
{
	int rc = 0;

	if (!in->pattern_count)
		return model_patterns_track(in->paths.worktree, err);
	for (int i = 0; !rc && i < in->pattern_count; i++)
		rc = track_one(in, in->patterns[i], err);
	return rc;
}

static int write_files(struct init *in, struct err *err)
{
	struct git_scope scope = lfsconfig_scope(in);

	int rc = git_scope_set(&scope, "lfs.url", buf_text(&in->url), err);
	if (!rc)
		rc = track(in, err);
	if (!rc)
		rc = diff_install_attribute(in->paths.worktree, err);
	if (!rc)
		report_line("written:  .lfsconfig (lfs.url = %s), .gitattributes",
		            buf_text(&in->url));
	return rc;
}

static void say_what_is_next(const struct init *in)
{
	const char *set = lfs_config_get(in->config, "lfs.url");

	if (set && !lfs_config_from_lfsconfig(in->config, "lfs.url"))
		report_note(
			"your git configuration sets lfs.url to '%s', which goes before "
			".lfsconfig",
			set);
	if (!agent_install_present(in->config))
		report_note("git-lfs does not know this program yet: run 'git zllm "
		            "install' (once "
		            "per user)");
	report_line("next:     git add .lfsconfig .gitattributes%s && git commit",
	            *in->name.text || in->base.text.size ? " " BASE_SETTING_FILE : "");
}

static const struct option_spec specs[] = {
	{ "name", OPTION_VALUE, "NAME", "what other repositories call our models",
	  offsetof(struct init_options, name) },
	{ "base", OPTION_VALUE, "BASE", "what our models derive from, as 'git zllm base'",
	  offsetof(struct init_options, base) },
	{ "from-lfs", OPTION_FLAG, NULL,
	  "move the LFS objects of all branches and tags to the store first",
	  offsetof(struct init_options, from_lfs) },
	{ "lfs-url", OPTION_VALUE, "URL", "where they are now, if git-lfs does not know",
	  offsetof(struct init_options, lfs_url) },
	{ "shared", OPTION_FLAG, NULL, "the group of the store's folder may push to it",
	  offsetof(struct init_options, shared) },
	{ 0 },
};

static int init_all(struct init *in, const char *typed, struct err *err)
{
	int rc = check_name(in, err);

	if (!rc)
		rc = find_repository(in, err);
	if (!rc)
		rc = init_links_check(&in->paths, err);
	if (!rc)
		rc = choose_store(in, &typed, err);
	if (!rc)
		rc = make_url(in, typed, err);
	if (!rc)
		rc = make_store(in, err);
	if (!rc)
		rc = move_in(in, err);
	if (!rc)
		rc = resolve_base(in, err);
	if (!rc)
		rc = write_files(in, err);
	if (!rc)
		rc = write_setting(in, err);
	if (!rc)
		tell_remote(in);
	if (!rc)
		rc = old_commits_lead(in->config, buf_text(&in->url), err);
	if (!rc)
		rc = init_hook(err);
	if (!rc)
		say_what_is_next(in);
	return rc;
}

static int run_init(int argc, char **argv)
{
	struct init in = { .lfsconfig = BUF_INIT,
		           .url = BUF_INIT,
		           .setting = BUF_INIT,
		           .base = { BUF_INIT, BUF_INIT } };
	struct err err = ERR_INIT;

	int rc = options_parse(&argc, argv, specs, &in.options, &err);
	in.patterns = argv + 1;
	in.pattern_count = argc < 1 ? 0 : argc - 1;
	if (!rc)
		rc = init_all(&in, argc < 1 ? NULL : argv[0], &err);
	init_wipe(&in);
	return rc ? report_error(&err) : 0;
}

const struct command cmd_init = {
	.name = "init",
	.arguments =
		"[--from-lfs] [--shared] [--name <name>] [--base <base>] <store> [<pattern>...]",
	.summary = "gives this repository a store",
	.details =
		"Makes the store where it is missing, writes its URL to .lfsconfig and the\n"
		"patterns to .gitattributes (both to be committed), and installs a pre-push\n"
		"hook that refuses commits whose LFS objects are not in the store. A hook that\n"
		"was there is kept as pre-push.before-zllm and runs first; one that belongs to\n"
		"husky, lefthook, pre-commit or the like, or asks what it is called, stays as it\n"
		"is, and init prints the line by which it runs ours. May be repeated, and\n"
		"by others on their branches: everybody's init writes the same. A store that\n"
		".lfsconfig names already is never made anew: its disk may not be mounted.\n"
		"\n"
		"<store> is a folder, on this machine or on a network file system:\n"
		"  /mnt/models, models     the same folder for everybody, written as absolute\n"
		"  ./models, ../models     relative to the top of each clone: its main worktree,\n"
		"                          in a submodule that of the outermost superproject\n"
		"  ~/models                relative to each user's home (quote it)\n"
		"or a bucket of S3, which must exist; credentials are those of the AWS tools:\n"
		"  s3://bucket/team/a      add ?endpoint=https://host (and &region=x) for one\n"
		"                          that is not AWS; or set AWS_ENDPOINT_URL_S3\n"
		"  zllm::<any of these>    with %XX escapes, as in .lfsconfig\n"
		"\n"
		"Who may push to a folder is said by the folder: what is made in it gets its\n"
		"group, its mode or its default ACL, whatever the umask, and a folder that is\n"
		"made gets those of the one above. --shared lets its group push (2775).\n"
		"\n"
		"<pattern>s are those of 'git lfs track'. Without any: what model hubs hand to\n"
		"git-lfs (*.safetensors *.bin *.pt *.onnx *.h5 *.npz *.model *.parquet, archives\n"
		"and so on), *.gguf, *.onnx_data, *.data, *.distcp, *.nemo, *.keras and others.\n"
		"init again adds those that are missing, also ones that you removed: to keep one\n"
		"out of git-lfs put a line like '*.gz -filter' into .gitattributes instead.\n"
		"\n"
		"A repository whose LFS objects are on another server moves in: before .lfsconfig\n"
		"is written, all branches and tags and all their objects are fetched, pushed to\n"
		"the store, and looked for there. What neither the server nor this clone has is\n"
		"named with a path and a commit; then nothing is changed and the exit code is not\n"
		"0, unless lfs.allowincompletepush is set. Run again, it goes on where it was.\n"
		"init does this by itself the first time; --from-lfs does it again, later, also\n"
		"without <store>, and --lfs-url says where the objects are.\n"
		"\n"
		"A model whose card names its base (base_model: org/model) finds it in any\n"
		"repository of the same store that is called so: by --name, else by the end of\n"
		"its remote's URL. Name and base are kept in the file .zllm, to be committed.\n",
	.options = specs,
	.run = run_init,
};
