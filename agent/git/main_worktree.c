#include "agent/git/main_worktree.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/git/git_run.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

static bool has_file(const char *folder, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	return n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0;
}

/* A linked worktree's is one too. */
static bool is_git_dir(const char *folder)
{
	return has_file(folder, "HEAD") &&
	       (has_file(folder, "objects") || has_file(folder, "commondir"));
}

/* Cuts `dir` to the git directory of the outermost superproject, which keeps those of its
 * submodules below its own: SUPER/modules/NAME. False where there is none. */
static bool cut_to_superproject(char *dir)
{
	static const char below[] = "/modules/";

	for (char *at = strstr(dir, below); at; at = strstr(at + 1, below)) {
		*at = 0;
		if (is_git_dir(dir))
			return true;
		*at = '/';
	}
	return false;
}

/* What git says in the git directory `dir`, one line. 1 when it says nothing. */
static int ask(const char *dir, const char *const *words, struct buf *out,
               struct err *err)
{
	struct buf option = BUF_INIT;
	const char *argv[8] = { "git" };
	int status;

	buf_addf(&option, "--git-dir=%s", dir);
	argv[1] = buf_text(&option);
	for (int i = 0; words[i]; i++)
		argv[2 + i] = words[i];
	int rc = option.failed
	                 ? err_nomem(err, "a command")
	                 : git_run(argv,
	                           &(struct git_run_io){ .output = out, .quiet = true },
	                           &status, err);
	if (!rc && (status || !out->size || out->data[out->size - 1] != '\n'))
		rc = 1;
	if (!rc)
		out->data[--out->size] = 0;
	buf_wipe(&option);
	return rc;
}

/* The main repository of a linked worktree, whose git directory is `dir`. */
static int find_common(const char *dir, char **out, struct err *err)
{
	static const char *const words[] = { "rev-parse", "--path-format=absolute",
		                             "--git-common-dir", NULL };
	struct buf line = BUF_INIT;
	int rc = ask(dir, words, &line, err);

	if (rc >= 0)
		*out = strdup(rc ? dir : buf_text(&line));
	if (rc >= 0 && !*out)
		rc = err_nomem(err, "the repository's paths");
	buf_wipe(&line);
	return rc < 0 ? rc : 0;
}

/* The worktree that the repository `dir` is said to have. 1 when nothing says. */
static int find_configured(const char *dir, char **out, struct err *err)
{
	static const char *const words[] = { "config", "core.worktree", NULL };
	struct buf line = BUF_INIT, path = BUF_INIT;
	int rc = ask(dir, words, &line, err);

	if (!rc && *buf_text(&line) != '/')
		buf_addf(&path, "%s/", dir);
	if (!rc) {
		buf_add_str(&path, buf_text(&line));
		*out = realpath(buf_text(&path), NULL);
		rc = !*out;
	}
	buf_wipe(&path);
	buf_wipe(&line);
	return rc;
}

static bool is_bare(const char *dir)
{
	static const char *const words[] = { "config", "--type=bool", "core.bare", NULL };
	struct buf line = BUF_INIT;
	struct err ignored = ERR_INIT;
	bool bare = ask(dir, words, &line, &ignored) == 0 &&
	            strcmp(buf_text(&line), "true") == 0;

	buf_wipe(&line);
	return bare;
}

/* Of the repository `dir`; 1 when nothing says where its worktree is. */
static int find_of(const char *dir, char **out, struct err *err)
{
	static const char usual[] = "/.git";
	size_t n = strlen(dir), end = sizeof(usual) - 1;

	int rc = find_configured(dir, out, err);
	if (rc <= 0)
		return rc;
	if (n > end && strcmp(dir + n - end, usual) == 0)
		*out = strndup(dir, n - end);
	else if (is_bare(dir))
		*out = strdup(dir);
	else
		return 1;
	return *out ? 0 : err_nomem(err, "the repository's paths");
}

int main_worktree_find(const struct worktree_place *here, char **out, struct err *err)
{
	char *dir = strdup(here->common_dir), *common = NULL;
	bool linked = strcmp(here->git_dir, here->common_dir) != 0;
	int rc = dir ? 0 : err_nomem(err, "the repository's paths");

	if (rc)
		return rc;
	if (cut_to_superproject(dir)) {
		rc = find_common(dir, &common, err);
		if (!rc)
			rc = find_of(common, out, err);
	} else if (linked || !here->worktree) {
		rc = find_of(dir, out, err);
	} else {
		rc = 1;
	}
	if (rc > 0) {
		*out = strdup(here->worktree ? here->worktree : here->git_dir);
		rc = *out ? 0 : err_nomem(err, "the repository's paths");
	}
	free(common);
	free(dir);
	return rc;
}
