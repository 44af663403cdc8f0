#include "agent/git/folder_make.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"

/* Best effort: a file system that cannot sync folders keeps their names anyhow. */
static void sync_parent(char *path)
{
	char *slash = strrchr(path, '/');
	const char *parent = ".";

	if (slash && slash != path) {
		*slash = 0;
		parent = path;
	} else if (slash) {
		parent = "/";
	}
	int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (slash && slash != path)
		*slash = '/';
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int make_one(char *path, mode_t mode, struct err *err)
{
	struct stat st;

	if (mkdir(path, 0777) == 0) {
		if (chmod(path, mode) < 0)
			return err_errno(err, "cannot set the mode of '%s'", path);
		sync_parent(path);
		return 0;
	}
	int errnum = errno;
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		errnum = ENOTDIR;
	}
	errno = errnum;
	return err_errno(err, "cannot make the folder '%s'", path);
}

int folder_make(const char *path, mode_t mode, struct err *err)
{
	char *copy = strdup(path);
	int rc = 0;

	if (!copy)
		return err_nomem(err, "a path");
	for (char *p = copy; *p && !rc; p++) {
		if (p == copy || *p != '/' || p[-1] == '/')
			continue;
		*p = 0;
		rc = make_one(copy, mode, err);
		*p = '/';
	}
	if (!rc)
		rc = make_one(copy, mode, err);
	free(copy);
	return rc;
}
