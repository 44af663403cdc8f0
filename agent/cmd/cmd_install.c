/* git zllm install and uninstall: once per user (or machine, or repository). */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/agent_install.h"
#include "agent/cmd/diff_install.h"
#include "agent/cmd/hook_configured.h"
#include "agent/where/server_install.h"
#include "agent/command.h"
#include "agent/git/git_refusal.h"
#include "agent/git/git_run.h"
#include "agent/git/git_scope.h"
#include "agent/git/lfs_trial.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "agent/report/shell_word.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

/* Remembers that `git lfs install` was our doing, for uninstall. */
#define LFS_WAS_OURS "zllm.installedLfs"

struct install_options {
	bool system;
	bool local;
	const char *file;
};

static const struct option_spec specs[] = {
	{ "system", OPTION_FLAG, NULL, "for all users of this machine",
	  offsetof(struct install_options, system) },
	{ "local", OPTION_FLAG, NULL, "for this repository only",
	  offsetof(struct install_options, local) },
	{ "file", OPTION_VALUE, "FILE", "in this configuration file",
	  offsetof(struct install_options, file) },
	{ 0 },
};

/* What is left in argv are remotes; *argc is their number. */
static int find_scope(int *argc, char **argv, struct git_scope *out, struct err *err)
{
	struct install_options options = { 0 };

	int rc = options_parse(argc, argv, specs, &options, err);
	if (rc)
		return rc;
	if (options.system + options.local + (options.file != NULL) > 1)
		return err_set(err, ERR_INPUT,
		               "only one of --system, --local and --file");
	*out = (struct git_scope){ .option = "--global" };
	if (options.system)
		out->option = "--system";
	if (options.local) {
		rc = git_refusal_find(err);
		if (rc < 0)
			return rc;
		out->option = "--local";
	}
	if (options.file)
		*out = (struct git_scope){ .option = "--file", .file = options.file };
	return 0;
}

/* `git lfs install|uninstall` for one scope. git-lfs 3.3 has no --file: there it
 * is told that the file is the user's configuration. */
static int run_lfs(const struct git_scope *scope, const char *verb, struct err *err)
{
	const char *plain[] = { "git", "lfs", verb, "--skip-repo", NULL, NULL };
	const char *as_user[] = { "env", NULL, "git", "lfs", verb, "--skip-repo", NULL };
	struct buf variable = BUF_INIT, ignored = BUF_INIT;
	bool in_file = scope->file != NULL;
	int status;

	if (in_file) {
		char cwd[4096] = "";
		if (*scope->file != '/' && !getcwd(cwd, sizeof(cwd)))
			return err_errno(err, "cannot find the current directory");
		buf_addf(&variable, "GIT_CONFIG_GLOBAL=%s%s%s", cwd, *cwd ? "/" : "",
		         scope->file);
		as_user[1] = buf_text(&variable);
	} else if (strcmp(scope->option, "--global") != 0) {
		plain[4] = scope->option;
	}
	int rc = git_run(in_file ? as_user : plain,
	                 &(struct git_run_io){ .output = &ignored }, &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_CONFIG,
		             "'git lfs %s' failed; is git-lfs installed?", verb);
	buf_wipe(&variable);
	buf_wipe(&ignored);
	return rc;
}

/* Whether one of the lines "<scope> TAB <value>" counts for `scope`: what is set
 * for the machine holds for its users, and what is set for a user for his
 * repositories. */
static bool reaches(const char *lines, const struct git_scope *scope)
{
	bool for_users = strcmp(scope->option, "--system") != 0;
	bool for_repository = strcmp(scope->option, "--local") == 0;

	while (*lines) {
		if (for_repository || strncmp(lines, "system\t", 7) == 0 ||
		    (for_users && strncmp(lines, "global\t", 7) == 0))
			return true;
		lines += strcspn(lines, "\n");
		lines += *lines == '\n';
	}
	return false;
}

static int lfs_is_set(const struct git_scope *scope, bool *out, struct err *err)
{
	static const char *const argv[] = {
		"git", "config", "--show-scope", "--get-all", "filter.lfs.process", NULL
	};
	struct buf value = BUF_INIT;
	int rc, status;

	if (scope->file) {
		rc = git_scope_get(scope, "filter.lfs.process", &value, err);
		*out = rc == 0;
	} else {
		rc = git_run(argv, &(struct git_run_io){ .output = &value }, &status,
		             err);
		*out = reaches(buf_text(&value), scope);
	}
	buf_wipe(&value);
	return rc < 0 ? rc : 0;
}

static int install_lfs(const struct git_scope *scope, struct err *err)
{
	bool set;

	int rc = lfs_is_set(scope, &set, err);
	if (rc || set)
		return rc;
	rc = run_lfs(scope, "install", err);
	if (!rc)
		rc = git_scope_set(scope, LFS_WAS_OURS, "true", err);
	if (!rc)
		report_line("git-lfs's filters are set up too ('git lfs install').");
	return rc;
}

static void tell_installed(const struct git_scope *scope)
{
	struct buf word = BUF_INIT;

	if (scope->file)
		shell_word_add(&word, scope->file);
	report_line("git-zllm is installed (git config %s%s%s).", scope->option,
	            scope->file ? " " : "", buf_text(&word));
	buf_wipe(&word);
}

static int install_remotes(const struct git_scope *scope, int count, char **remotes,
                           struct err *err)
{
	int rc = 0;

	for (int i = 0; !rc && i < count; i++) {
		rc = server_install_add(scope, remotes[i], err);
		if (rc > 0)
			rc = err_set(err, ERR_INPUT,
			             "'%s' is not the URL of a git server, nor a remote "
			             "here that has one",
			             remotes[i]);
	}
	return rc;
}

static int run_install(int argc, char **argv)
{
	struct git_scope scope;
	struct err err = ERR_INIT;

	int rc = find_scope(&argc, argv, &scope, &err);
	if (!rc)
		rc = install_lfs(&scope, &err);
	if (!rc)
		rc = agent_install_add(&scope, &err);
	if (!rc)
		rc = diff_install_add(&scope, &err);
	if (!rc)
		rc = hook_configured_add(&scope, &err);
	if (!rc)
		rc = install_remotes(&scope, argc, argv, &err);
	if (rc)
		return report_error(&err);
	tell_installed(&scope);
	if (lfs_trial_run() == LFS_TRIAL_OPEN)
		report_note(LFS_TRIAL_WORDS ": " LFS_TRIAL_REMEDY);
	return 0;
}

static int uninstall_lfs(const struct git_scope *scope, struct err *err)
{
	struct buf value = BUF_INIT;

	int rc = git_scope_get(scope, LFS_WAS_OURS, &value, err);
	if (!rc && strcmp(buf_text(&value), "true") == 0)
		rc = run_lfs(scope, "uninstall", err);
	if (!rc)
		rc = git_scope_unset(scope, LFS_WAS_OURS, err);
	buf_wipe(&value);
	return rc < 0 ? rc : 0;
}

static int run_uninstall(int argc, char **argv)
{
	struct git_scope scope;
	struct err err = ERR_INIT;
	int removed;

	int rc = find_scope(&argc, argv, &scope, &err);
	if (!rc && argc)
		rc = err_set(&err, ERR_INPUT, "unexpected argument '%s'", argv[0]);
	if (!rc)
		rc = agent_install_remove(&scope, &removed, &err);
	if (!rc)
		rc = diff_install_remove(&scope, &err);
	if (!rc)
		rc = hook_configured_remove(&scope, &err);
	if (!rc)
		rc = server_install_remove(&scope, &err);
	if (!rc)
		rc = uninstall_lfs(&scope, &err);
	if (rc)
		return report_error(&err);
	report_line(removed ? "git-zllm is uninstalled."
	                    : "git-zllm was not installed here.");
	return 0;
}

const struct command cmd_install = {
	.name = "install",
	.arguments = "[--system | --local | --file <file>] [<remote>...]",
	.summary = "tells git-lfs about this program, once per user",
	.details =
		"Writes to the user's git configuration that stores named zllm::... are reached\n"
		"by this program, that 'git diff' shows models by 'git zllm diff', and runs\n"
		"'git lfs install' where that was not done yet. git 2.54 and later also run our\n"
		"pre-push hook from there (hook.zllm.command), so that a clone needs no init.\n"
		"Afterwards plain 'git push' and 'git clone' are all that is needed. Nothing\n"
		"changes for repositories whose LFS objects lie elsewhere. May be repeated.\n"
		"\n"
		"With the URL of a remote, or its name in this clone: the LFS objects of that git\n"
		"server's repository are in a store also where nothing that is checked out says\n"
		"so: at branches and tags from before 'git zllm init', and before anything is\n"
		"checked out, as in CI. The store is then that of any branch or tag there that\n"
		"has one, or that of the remote's default branch. Pushes do the same by themselves\n"
		"for the server that they go to, unless zllm.remember is false. A clone for which\n"
		"neither names a store is left to git-lfs.\n"
		"\n"
		"Says so where this git-lfs would run a program that a repository names, as\n"
		"those before 3.8.1 do.\n",
	.options = specs,
	.run = run_install,
};

const struct command cmd_uninstall = {
	.name = "uninstall",
	.arguments = "[--system | --local | --file <file>]",
	.summary = "undoes what install did, and no more",
	.details =
		"Removes the keys that 'git zllm install' wrote, where their values are still\n"
		"ours, and undoes 'git lfs install' only if it was install that ran it.\n",
	.options = specs,
	.run = run_uninstall,
};
