#include "index/work/file_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"

enum { NAMES_MAX = 1000 }; /* leftovers of this process id that may be in the way */

/* The name with its links resolved: a rename would replace the link itself. */
static int resolve(const char *path, char **out, struct err *err)
{
	struct stat st;

	if (stat(path, &st)) {
		*out = strdup(path);
	} else {
		if (!S_ISREG(st.st_mode))
			return err_set(
				err, ERR_INPUT,
				"%s already exists and is not a regular file; name another",
				path);
		*out = realpath(path, NULL);
	}
	return *out ? 0 : err_nomem(err, "a path");
}

static char *name_beside(const char *path, int i)
{
	char *name;

	return asprintf(&name, "%s.%ld-%d.tmp", path, (long)getpid(), i) < 0 ? NULL
	                                                                     : name;
}

/* Not mkstemp(): the mode is to be what the umask says. */
static int create_beside(struct file_replace *f, struct err *err)
{
	for (int i = 0; i < NAMES_MAX; i++) {
		char *temp = name_beside(f->path, i);
		if (!temp)
			return err_nomem(err, "a path");
		f->fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (f->fd >= 0) {
			f->temp = temp;
			return 0;
		}
		int errnum = errno;
		free(temp);
		errno = errnum;
		if (errnum != EEXIST)
			break;
	}
	return err_errno(err, "cannot make a file beside %s", f->path);
}

int file_replace_begin(const char *path, struct file_replace *out, struct err *err)
{
	struct file_replace f = FILE_REPLACE_INIT;
	int rc = resolve(path, &f.path, err);

	if (!rc)
		rc = create_beside(&f, err);
	if (rc)
		file_replace_abort(&f);
	else
		*out = f;
	return rc;
}

int file_replace_commit(struct file_replace *f, struct err *err)
{
	int rc = 0;

	if (fsync(f->fd))
		rc = err_errno(err, "cannot write %s", f->path);
	if (close(f->fd) && !rc)
		rc = err_errno(err, "cannot write %s", f->path);
	f->fd = -1;
	if (!rc && rename(f->temp, f->path))
		rc = err_errno(err, "cannot make %s", f->path);
	if (!rc) {
		free(f->temp);
		f->temp = NULL;
	}
	file_replace_abort(f);
	return rc;
}

void file_replace_abort(struct file_replace *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->temp)
		unlink(f->temp);
	free(f->temp);
	free(f->path);
	*f = (struct file_replace)FILE_REPLACE_INIT;
}
