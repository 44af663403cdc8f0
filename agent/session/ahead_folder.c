#include "agent/session/ahead_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/git/git_paths.h"
#include "codec/common/err.h"

#define PREFIX "zllm-ahead-"

/* A folder this young may be one whose maker has not come to lock it. */
enum { YOUNG_SECONDS = 60 };

/* Removes what is in the folder and then the folder; it has no folders in it. */
static void remove_all(int fd, const char *path)
{
	int copy = dup(fd);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *d;

	if (!dir && copy >= 0)
		close(copy);
	while (dir && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			unlinkat(fd, d->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

int ahead_folder_make(const struct git_paths *paths, struct ahead_folder *out,
                      struct err *err)
{
	struct ahead_folder f = AHEAD_FOLDER_INIT;
	int rc = git_paths_make_folder(paths, paths->lfs_tmp, err);

	if (rc)
		return rc;
	if (asprintf(&f.path, "%s/" PREFIX "XXXXXX", paths->lfs_tmp) < 0)
		return err_nomem(err, "a path");
	if (!mkdtemp(f.path))
		rc = err_errno(err, "cannot make a folder in %s", paths->lfs_tmp);
	if (!rc)
		f.fd = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!rc && (f.fd < 0 || flock(f.fd, LOCK_EX | LOCK_NB)))
		rc = err_errno(err, "cannot lock %s", f.path);
	if (rc) {
		ahead_folder_remove(&f);
		return rc;
	}
	*out = f;
	return 0;
}

void ahead_folder_remove(struct ahead_folder *f)
{
	if (f->fd >= 0) {
		remove_all(f->fd, f->path);
		close(f->fd);
	}
	free(f->path);
	*f = (struct ahead_folder)AHEAD_FOLDER_INIT;
}

static void sweep_one(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && time(NULL) - st.st_mtime >= YOUNG_SECONDS &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0)
		remove_all(fd, path);
	close(fd);
}

void ahead_folder_sweep(const struct git_paths *paths)
{
	DIR *dir = opendir(paths->lfs_tmp);
	const struct dirent *d;

	while (dir && (d = readdir(dir))) {
		char *path;
		if (strncmp(d->d_name, PREFIX, strlen(PREFIX)) != 0 ||
		    asprintf(&path, "%s/%s", paths->lfs_tmp, d->d_name) < 0)
			continue;
		sweep_one(path);
		free(path);
	}
	if (dir)
		closedir(dir);
}
