#include "agent/cmd/init_links.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "agent/git/worktree_file.h"
#include "agent/hints/base_setting.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

/* What core.hooksPath says, "~" expanded: git rev-parse would resolve its links.
 * Empty where it is not set. */
static int hooks_path(struct buf *out, struct err *err)
{
	static const char *const argv[] = { "git",   "config",         "--type=path",
		                            "--get", "core.hooksPath", NULL };
	int status;
	int rc = git_run(argv, &(struct git_run_io){ .output = out }, &status, err);

	if (!rc && status)
		out->size = 0;
	else if (!rc && out->size && out->data[out->size - 1] == '\n')
		out->size--;
	return rc;
}

static bool same_folder(const char *path, const struct stat *folder)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == folder->st_dev &&
	       st.st_ino == folder->st_ino;
}

/* The part of `path` below the worktree; NULL where it is elsewhere. A relative one is
 * taken from the worktree's root, as git does. */
static const char *below_worktree(char *path, const char *worktree)
{
	struct stat root;

	if (*path != '/')
		return path;
	if (stat(worktree, &root))
		return NULL;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		bool is = same_folder(path, &root);
		*slash = '/';
		if (is)
			return slash + 1;
	}
	return NULL;
}

/* git-lfs, which writes hooks too ('git lfs track'), takes a link to nothing, or to an
 * empty file, for a name that is free, and writes where it leads. */
static int check_hook(const char *worktree, const char *folder, const char *hook,
                      struct err *err)
{
	struct buf path = BUF_INIT;
	struct stat link, st;
	int rc = 0;

	buf_addf(&path, "%s/%s/%s", worktree, folder, hook);
	if (lstat(buf_text(&path), &link) == 0 && S_ISLNK(link.st_mode) &&
	    (stat(buf_text(&path), &st) || !S_ISREG(st.st_mode) || !st.st_size))
		rc = err_set(err, ERR_CONFIG,
		             "the hook %s/%s is a symbolic link that leads to no hook; "
		             "remove it",
		             folder, hook);
	buf_wipe(&path);
	return rc;
}

static int check_hooks(const struct git_paths *paths, struct err *err)
{
	static const char *const hooks[] = { "pre-push", "post-checkout", "post-commit",
		                             "post-merge" };
	struct buf text = BUF_INIT;
	int rc = hooks_path(&text, err);
	const char *folder = NULL;

	if (!rc && text.size && *buf_text(&text))
		folder = below_worktree((char *)text.data, paths->worktree);
	if (folder && strcmp(folder, ".git") != 0 && strncmp(folder, ".git/", 5) != 0) {
		rc = worktree_file_check_folder(paths->worktree, folder, err);
		for (size_t i = 0; !rc && i < sizeof(hooks) / sizeof(hooks[0]); i++)
			rc = check_hook(paths->worktree, folder, hooks[i], err);
		if (rc)
			err_context(err, "core.hooksPath");
	}
	buf_wipe(&text);
	return rc;
}

int init_links_check(const struct git_paths *paths, struct err *err)
{
	static const char *const files[] = { ".lfsconfig", ".gitattributes",
		                             BASE_SETTING_FILE };
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(files) / sizeof(files[0]); i++)
		rc = worktree_file_check_write(paths->worktree, files[i], err);
	return rc ? rc : check_hooks(paths, err);
}
