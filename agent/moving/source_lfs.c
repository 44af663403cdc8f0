/*
 * An LFS repository: the objects that any of its refs needs and this clone has, those of
 * older commits first. Where they come from is `git zllm init --from-lfs`'s business, which
 * moves a repository (agent/cmd/lfs_move.h); this only takes what is here. Their paths are
 * git's, so no list of names is made.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/git/git_paths.h"
#include "agent/git/lfs_config.h"
#include "agent/git/lfs_local.h"
#include "agent/git/lfs_objects.h"
#include "agent/hints/repo_name.h"
#include "agent/moving/source.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

static bool looks_like_git(const char *path)
{
	struct buf git = BUF_INIT;
	struct stat st;

	buf_addf(&git, "%s/.git", path);
	bool is = !git.failed && lstat(buf_text(&git), &st) == 0;
	buf_wipe(&git);
	return is ||
	       (source_is_folder(path, "refs") && source_is_folder(path, "objects"));
}

/* In the order of history: a model comes before what was made of it. */
static int list_objects(const struct git_paths *paths, struct lfs_objects *here,
                        struct lfs_objects *gone, struct err *err)
{
	static const char *const everything[] = { "--all", "--in-commit-order",
		                                  "--reverse", NULL };
	static const struct buf no_revisions = BUF_INIT;
	struct lfs_objects needed = LFS_OBJECTS_INIT;
	int rc = lfs_objects_add(&needed, &no_revisions, everything, err);

	if (!rc)
		rc = lfs_local_sort(paths, &needed, here, gone, err);
	lfs_objects_wipe(&needed);
	return rc;
}

static int add_object(struct source *s, const struct git_paths *paths, uint32_t model,
                      const struct lfs_object *object, struct err *err)
{
	char *path = git_paths_lfs_object(paths, &object->oid);
	struct stat st;
	int rc = 0;

	if (!path)
		return err_nomem(err, "a path");
	if (stat(path, &st))
		rc = err_errno(err, "%s", path);
	else
		rc = batch_add_file(s->batch,
		                    &(struct batch_found){ path, &st, &object->oid, model,
		                                           object->path },
		                    err);
	free(path);
	return rc;
}

static int64_t add_model(struct source *s, const char *path,
                         const struct lfs_config *config, struct err *err)
{
	struct model_name name;
	bool named = repo_name_find(NULL, config, "origin", &name);

	return source_model_add(
		s, &(struct source_model){ named ? name.text : path, NULL, NULL, true },
		err);
}

/* In the repository's folder. */
static int add_repository(struct source *s, const char *path, struct err *err)
{
	struct lfs_objects here = LFS_OBJECTS_INIT, gone = LFS_OBJECTS_INIT;
	struct lfs_config *config = NULL;
	struct git_paths paths = { 0 };
	int64_t model = 0;
	int rc = lfs_config_read(&config, err);

	if (!rc)
		rc = git_paths_find(config, &paths, err);
	if (!rc && !source_is_folder(paths.lfs_dir, "objects"))
		rc = 1;
	if (!rc)
		rc = list_objects(&paths, &here, &gone, err);
	if (!rc)
		model = add_model(s, path, config, err);
	if (!rc && model < 0)
		rc = (int)model;
	for (size_t i = 0; i < here.count && !rc; i++)
		rc = add_object(s, &paths, (uint32_t)model, &here.list[i], err);
	s->absent += rc ? 0 : gone.count;
	lfs_objects_wipe(&here);
	lfs_objects_wipe(&gone);
	git_paths_wipe(&paths);
	lfs_config_free(config);
	return rc;
}

/* git is asked where the repository is. */
int source_lfs_add(struct source *s, const char *path, struct err *err)
{
	int back, rc;

	if (!looks_like_git(path))
		return 1;
	back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (back < 0)
		return err_errno(err, "cannot open the current directory");
	if (chdir(path))
		rc = err_errno(err, "%s", path);
	else
		rc = add_repository(s, path, err);
	if (fchdir(back) && rc >= 0)
		rc = err_errno(err, "cannot go back to the current directory");
	close(back);
	return rc;
}
