/* git zllm base: which models ours derive from, said by the user. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "agent/cmd/base_value.h"
#include "agent/command.h"
#include "agent/git/git_paths.h"
#include "agent/git/git_scope.h"
#include "agent/git/lfs_config.h"
#include "agent/git/worktree_file.h"
#include "agent/hints/base_setting.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "agent/where/connection.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

struct base_options {
	const char *path;
	bool unset;
};

/* Where it is written. */
struct place {
	struct lfs_config *config;
	struct git_paths paths;
	struct buf file, key;
};

static int find_place(const char *pattern, struct place *p, struct err *err)
{
	int rc = lfs_config_read(&p->config, err);

	if (!rc)
		rc = git_paths_find(p->config, &p->paths, err);
	if (rc > 0)
		return err_set(err, ERR_CONFIG,
		               "this is not a git repository; run it inside one");
	if (rc)
		return rc;
	size_t n = pattern ? strlen(pattern) : 0;
	while (n > 1 && pattern[n - 1] == '/')
		n--;
	if (pattern && (!n || strchr(pattern, '\n')))
		return err_set(err, ERR_INPUT, "--path is a pattern of paths, one line");
	buf_addf(&p->file, "%s/" BASE_SETTING_FILE,
	         p->paths.worktree ? p->paths.worktree : "");
	buf_addf(&p->key, "zllm.%.*s%sbase", (int)n, pattern ? pattern : "",
	         pattern ? "." : "");
	return p->file.failed || p->key.failed ? err_nomem(err, "a path") : 0;
}

static void place_wipe(struct place *p)
{
	lfs_config_free(p->config);
	git_paths_wipe(&p->paths);
	buf_wipe(&p->file);
	buf_wipe(&p->key);
}

static int find_writable_place(const char *pattern, struct place *p, struct err *err)
{
	int rc = find_place(pattern, p, err);

	if (!rc && !p->paths.worktree)
		rc = err_set(err, ERR_INPUT,
		             "this repository has no worktree, and " BASE_SETTING_FILE
		             " is committed: run it in a clone");
	if (!rc)
		rc = worktree_file_check_write(p->paths.worktree, BASE_SETTING_FILE, err);
	return rc;
}

/* ---------------------------------------------------------------- show, set, unset */

static void print_base(void *ctx, const char *pattern, const char *value)
{
	bool *any = ctx;

	*any = true;
	report_line("%s%s%s", pattern ? pattern : "", pattern ? ": " : "", value);
}

static int show(struct place *p, struct err *err)
{
	struct base_setting *setting = NULL;
	bool any = false;
	int rc = base_setting_read(p->paths.worktree, &setting, err);

	if (rc)
		return rc;
	base_setting_each(setting, print_base, &any);
	if (!any)
		report_note("no base is set: each tensor finds its own, by git's "
		            "history, the model's card and the store");
	base_setting_free(setting);
	return 0;
}

/* All are resolved before the first is written. */
static int resolve_all(struct place *p, int count, char **typed,
                       struct base_value *values, struct err *err)
{
	struct connection c;
	struct err closed = ERR_INIT;
	bool open = connection_open(ENDPOINT_UPLOAD, NULL, &c, &closed) == 0;
	struct base_value_in in = { &p->paths, open ? c.store : NULL, &closed };
	int rc = 0;

	for (int i = 0; !rc && i < count; i++) {
		rc = base_value_resolve(typed[i], &in, &values[i], err);
		if (!rc)
			report_line("base:     %s (%s)", buf_text(&values[i].text),
			            buf_text(&values[i].words));
		if (!rc && count > 1 &&
		    strcmp(buf_text(&values[i].text), BASE_SETTING_NONE) == 0)
			rc = err_set(
				err, ERR_INPUT,
				"'none' cannot be given with others: it says that nothing is a base");
	}
	if (open)
		connection_close(&c);
	return rc;
}

static int set(struct place *p, int count, char **typed, struct err *err)
{
	struct git_scope scope = { .option = "--file", .file = buf_text(&p->file) };
	struct base_value values[BASE_VALUES_MAX] = { 0 };
	int rc = 0;

	if (count > BASE_VALUES_MAX)
		return err_set(err, ERR_INPUT, "at most %d bases", BASE_VALUES_MAX);
	rc = resolve_all(p, count, typed, values, err);
	if (!rc)
		rc = git_scope_set(&scope, buf_text(&p->key), buf_text(&values[0].text),
		                   err);
	for (int i = 1; !rc && i < count; i++)
		rc = git_scope_add(&scope, buf_text(&p->key), buf_text(&values[i].text),
		                   err);
	for (int i = 0; i < count; i++)
		base_value_wipe(&values[i]);
	if (!rc)
		report_line("next:     git add " BASE_SETTING_FILE " && git commit");
	return rc;
}

static int unset(struct place *p, struct err *err)
{
	struct git_scope scope = { .option = "--file", .file = buf_text(&p->file) };
	struct buf old = BUF_INIT;
	int rc = git_scope_get(&scope, buf_text(&p->key), &old, err);

	if (!rc)
		rc = git_scope_unset(&scope, buf_text(&p->key), err);
	else if (rc > 0)
		rc = err_set(err, ERR_INPUT, "no such base is set in " BASE_SETTING_FILE);
	buf_wipe(&old);
	return rc;
}

/* ---------------------------------------------------------------- the command */

static const struct option_spec specs[] = {
	{ "path", OPTION_VALUE, "PATTERN", "for these paths only",
	  offsetof(struct base_options, path) },
	{ "unset", OPTION_FLAG, NULL, "find bases as if none had been set",
	  offsetof(struct base_options, unset) },
	{ 0 },
};

static int run_base(int argc, char **argv)
{
	struct base_options options = { 0 };
	struct place p = { .file = BUF_INIT, .key = BUF_INIT };
	struct err err = ERR_INIT;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && options.unset && argc)
		rc = err_set(&err, ERR_INPUT, "--unset takes no base");
	if (!rc && !options.unset && !argc && options.path)
		rc = err_set(&err, ERR_INPUT, "--path needs a base, or --unset");
	if (!rc && !options.unset && !argc)
		rc = find_place(NULL, &p, &err);
	else if (!rc)
		rc = find_writable_place(options.path, &p, &err);
	if (!rc && options.unset)
		rc = unset(&p, &err);
	else if (!rc && argc)
		rc = set(&p, argc, argv, &err);
	else if (!rc)
		rc = show(&p, &err);
	place_wipe(&p);
	return rc ? report_error(&err) : 0;
}

const struct command cmd_base = {
	.name = "base",
	.arguments = "[--path <pattern>] [none | <path> | <rev> | <rev>:<path> | <oid> | "
		     "<name>... | --unset]",
	.summary = "which model this repository's models derive from",
	.details =
		"Bases are found without being told; this is for those who know better. What is\n"
		"set is tried first, in the order given, and each tensor takes it where it pays.\n"
		"\n"
		"  <path>          a model of this repository, or a folder of its shards\n"
		"  <rev>           the models of that commit\n"
		"  <rev>:<path>    that version of a model\n"
		"  <oid>           an object of the store\n"
		"  <name>          what another repository of the store is called: org/model\n"
		"  none            every tensor is stored by itself\n"
		"\n"
		"Without arguments it prints what is set. With --path it is set for a file, or a\n"
		"folder and all below it; of several that fit the last one counts. It is kept in\n"
		"the file .zllm, which is to be committed: all who push share it.\n",
	.options = specs,
	.run = run_base,
};
