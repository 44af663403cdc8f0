#include "agent/session/partial_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/git/git_paths.h"
#include "agent/session/temp_file.h"
#include "codec/common/err.h"
#include "index/work/file_room.h"

#define FOLDER "/zllm/partial"

/* A file this young may be one whose maker has not come to lock it. */
enum { YOUNG_SECONDS = 60 };

/* ---------------------------------------------------------------- the folder */

/* Where a rename into git-lfs's tmp folder will do. NULL when memory ran out. */
static char *folder_path(const struct git_paths *paths)
{
	struct stat common, lfs;
	const char *top = paths->common_dir;
	char *path;

	if (stat(paths->common_dir, &common) || stat(paths->lfs_dir, &lfs) ||
	    common.st_dev != lfs.st_dev)
		top = paths->lfs_dir;
	return asprintf(&path, "%s" FOLDER, top) < 0 ? NULL : path;
}

static int make_folders(const struct git_paths *paths, char **folder, struct err *err)
{
	int rc = git_paths_make_folder(paths, paths->lfs_tmp, err);

	if (rc)
		return rc;
	*folder = folder_path(paths);
	if (!*folder)
		return err_nomem(err, "a path");
	return git_paths_make_folder(paths, *folder, err);
}

/* ---------------------------------------------------------------- one file */

/* Whether `path` still is the file that we have open. */
static int is_same(int fd, const char *path)
{
	struct stat ours, named;

	return path && fstat(fd, &ours) == 0 && lstat(path, &named) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

static int open_and_lock(const struct git_paths *paths, struct partial_file *p,
                         struct err *err)
{
	p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->fd < 0)
		return err_errno(err, "cannot open %s", p->path);
	/* Whoever had it may have finished it between our open and our lock. */
	if (flock(p->fd, LOCK_EX | LOCK_NB) || !is_same(p->fd, p->path)) {
		close(p->fd);
		p->fd = -1;
		return 1;
	}
	(void)fchmod(p->fd, temp_file_mode(paths)); /* a colleague's has its mode */
	(void)futimens(p->fd, NULL);
	return 0;
}

int partial_file_open(const struct git_paths *paths, const struct oid *oid,
                      struct partial_file *out, struct err *err)
{
	struct partial_file p = PARTIAL_FILE_INIT;
	char hex[SHA256_HEX + 1];
	char *folder = NULL;
	int rc = make_folders(paths, &folder, err);

	if (!rc) {
		oid_format(oid, hex);
		if (asprintf(&p.path, "%s/%s", folder, hex) < 0) {
			p.path = NULL;
			rc = err_nomem(err, "a path");
		}
	}
	if (!rc)
		rc = open_and_lock(paths, &p, err);
	free(folder);
	if (rc) {
		partial_file_leave(&p);
		return rc;
	}
	*out = p;
	return 0;
}

/* Whether a next try can go on from what is in it, and what that lacks is free. What was
 * reserved and not written is given back first. */
static bool is_worth_keeping(int fd)
{
	struct stat st;

	file_room_give_back(fd);
	return file_room_has_bytes(fd) && fstat(fd, &st) == 0 &&
	       file_room_is_there(fd, (uint64_t)st.st_size);
}

int partial_file_finish(struct partial_file *p, const struct git_paths *paths,
                        char **path, struct err *err)
{
	struct temp_file place = TEMP_FILE_INIT;
	int rc = temp_file_create(paths, &place, err);

	if (!rc && rename(p->path, place.path))
		rc = err_errno(err, "cannot rename %s to %s", p->path, place.path);
	if (!rc)
		rc = temp_file_keep(&place, path, err);
	temp_file_discard(&place);
	partial_file_leave(p);
	return rc;
}

void partial_file_leave(struct partial_file *p)
{
	if (p->fd >= 0 && is_same(p->fd, p->path) && !is_worth_keeping(p->fd))
		unlink(p->path);
	if (p->fd >= 0)
		close(p->fd); /* and with it goes the lock */
	free(p->path);
	*p = (struct partial_file)PARTIAL_FILE_INIT;
}

void partial_file_remove(struct partial_file *p)
{
	if (p->fd >= 0 && is_same(p->fd, p->path))
		unlink(p->path);
	partial_file_leave(p);
}

void partial_file_drop(const struct git_paths *paths, const struct oid *oid)
{
	struct partial_file p;
	struct err ignored = ERR_INIT;

	if (!partial_file_open(paths, oid, &p, &ignored))
		partial_file_remove(&p);
}

/* ---------------------------------------------------------------- sweeping */

static void sweep_one(const char *path, int64_t seconds)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    time(NULL) - st.st_mtime >= YOUNG_SECONDS && !flock(fd, LOCK_EX | LOCK_NB) &&
	    is_same(fd, path)) {
		file_room_give_back(fd); /* of a process that was killed */
		if (time(NULL) - st.st_mtime >= seconds || !file_room_has_bytes(fd))
			unlink(path);
	}
	close(fd);
}

void partial_file_sweep(const struct git_paths *paths, int64_t seconds)
{
	char *folder = folder_path(paths);
	DIR *dir = folder ? opendir(folder) : NULL;
	const struct dirent *d;

	while (dir && (d = readdir(dir))) {
		struct oid oid;
		char *path;
		if (!oid_parse(d->d_name, &oid) ||
		    asprintf(&path, "%s/%s", folder, d->d_name) < 0)
			continue;
		sweep_one(path, seconds);
		free(path);
	}
	if (dir)
		closedir(dir);
	free(folder);
}
