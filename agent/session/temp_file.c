#include "agent/session/temp_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/git/git_paths.h"
#include "codec/common/err.h"

mode_t temp_file_mode(const struct git_paths *paths)
{
	mode_t mode = (0666 & ~paths->mask) | paths->modes.file;

	if (paths->modes.folder & S_IWGRP)
		mode |= S_IRGRP | S_IWGRP;
	return mode & 0666;
}

int temp_file_create(const struct git_paths *paths, struct temp_file *out,
                     struct err *err)
{
	int rc = git_paths_make_folder(paths, paths->lfs_tmp, err);

	return rc ? rc : temp_file_create_in(paths, paths->lfs_tmp, out, err);
}

int temp_file_create_in(const struct git_paths *paths, const char *folder,
                        struct temp_file *out, struct err *err)
{
	struct temp_file t = TEMP_FILE_INIT;
	int rc;

	/* git-lfs removes <64 hex>-* at once when the object exists: not our form. */
	if (asprintf(&t.path, "%s/zllm-XXXXXX", folder) < 0)
		return err_nomem(err, "a path");
	t.fd = mkostemp(t.path, O_CLOEXEC);
	if (t.fd < 0) {
		rc = err_errno(err, "cannot make a file in %s", folder);
		free(t.path);
		return rc;
	}
	if (fchmod(t.fd, temp_file_mode(paths))) {
		rc = err_errno(err, "cannot set the mode of %s", t.path);
		temp_file_discard(&t);
		return rc;
	}
	*out = t;
	return 0;
}

int temp_file_keep(struct temp_file *t, char **path, struct err *err)
{
	int fd = t->fd;

	t->fd = -1;
	if (close(fd))
		return err_errno(err, "cannot write %s", t->path);
	*path = t->path;
	t->path = NULL;
	return 0;
}

void temp_file_discard(struct temp_file *t)
{
	if (t->fd >= 0)
		close(t->fd);
	if (t->path)
		unlink(t->path);
	free(t->path);
	*t = (struct temp_file)TEMP_FILE_INIT;
}
