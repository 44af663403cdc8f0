/* The folder of a store, and those above it, come into being. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder.h"
#include "index/store/folder/store_folder_mode.h"

/* What a folder made in the one that `st` describes gets: what the user asks for, and
 * the group's rights where that one is shared by its group. */
static struct access access_in(const struct stat *st,
                               const struct store_folder_modes *asked)
{
	struct access access = { asked->file, asked->folder | S_IRWXU, (gid_t)-1 };

	if ((st->st_mode & S_ISGID) && (st->st_mode & S_IWGRP))
		access.folder |= S_ISGID | (st->st_mode & S_IRWXG);
	return access;
}

static int make_in(int in, const char *name, const struct store_folder_modes *asked)
{
	struct stat st;

	if (fstat(in, &st))
		return -1;
	struct access access = access_in(&st, asked);
	if (store_folder_mode_make(in, name, &access))
		return -1;
	/* Best effort: a file system that cannot sync folders keeps their names
	 * anyhow. */
	(void)!fsync(in);
	return 0;
}

/* Makes `path`, whose parent exists. */
static int make_one(char *path, const struct store_folder_modes *asked)
{
	char *slash = strrchr(path, '/');
	const char *parent = slash == path ? "/" : slash ? path : ".";
	struct stat st;

	if (!stat(path, &st)) {
		errno = ENOTDIR;
		return S_ISDIR(st.st_mode) ? 0 : -1;
	}
	if (slash && slash != path)
		*slash = 0;
	int in = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (slash && slash != path)
		*slash = '/';
	if (in < 0)
		return -1;
	int rc = make_in(in, slash ? slash + 1 : path, asked);
	int why = errno;
	close(in);
	errno = why;
	return rc;
}

int store_folder_create(const char *path, const struct store_folder_modes *modes,
                        struct err *err)
{
	char *copy = strdup(path);
	int rc = 0;

	if (!copy)
		return err_nomem(err, "a path");
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
		copy[n - 1] = 0;
	for (char *p = copy + 1; *copy && !rc && *p; p++) {
		if (*p != '/' || p[-1] == '/')
			continue;
		*p = 0;
		rc = make_one(copy, modes);
		if (rc)
			err_errno(err, "cannot make the folder '%s'", copy);
		*p = '/';
	}
	if (!rc && make_one(copy, modes))
		rc = err_errno(err, "cannot make the folder '%s'", copy);
	free(copy);
	return rc ? ERR_IO : 0;
}
