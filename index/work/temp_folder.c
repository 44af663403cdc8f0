#include "index/work/temp_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"

#define RANDOM "XXXXXX"

enum { YOUNG_SECONDS = 60, FOLDERS_OPEN = 16 };

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);
}

/* ---------------------------------------------------------------- what others left */

/* Whether the open folder is ours to remove: its lock is held then, until it is closed. */
static bool is_left(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_uid == geteuid() &&
	       time(NULL) - st.st_mtime >= YOUNG_SECONDS && !flock(fd, LOCK_EX | LOCK_NB);
}

static void sweep_one(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (is_left(fd))
		remove_tree(path);
	close(fd);
}

static void sweep(const char *top, const char *prefix)
{
	DIR *dir = opendir(top);
	size_t n = strlen(prefix);
	const struct dirent *d;
	struct buf path = BUF_INIT;

	while (dir && (d = readdir(dir))) {
		if (strncmp(d->d_name, prefix, n) != 0 ||
		    strlen(d->d_name) != n + strlen(RANDOM))
			continue;
		path.size = 0;
		buf_addf(&path, "%s/%s", top, d->d_name);
		if (!path.failed)
			sweep_one(buf_text(&path));
	}
	if (dir)
		closedir(dir);
	buf_wipe(&path);
}

/* ---------------------------------------------------------------- ours */

static const char *top_folder(void)
{
	const char *top = getenv("TMPDIR");

	return top && *top ? top : "/tmp";
}

/* A file system without locks has nobody to sweep there either. */
int temp_folder_make(const char *prefix, struct buf *path, int *lock, struct err *err)
{
	const char *top = top_folder();

	*lock = -1;
	sweep(top, prefix);
	buf_addf(path, "%s/%s" RANDOM, top, prefix);
	if (!*buf_text(path))
		return err_nomem(err, "a path");
	if (!mkdtemp((char *)path->data)) {
		path->size = 0;
		return err_errno(err, "cannot make a folder in %s", top);
	}
	*lock = open(buf_text(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*lock >= 0)
		(void)flock(*lock, LOCK_EX | LOCK_NB);
	return 0;
}

void temp_folder_remove(struct buf *path, int lock)
{
	if (path->size)
		remove_tree(buf_text(path));
	if (path->size && lock >= 0)
		close(lock);
	buf_wipe(path);
}
