/*
 * Making things durable, on file systems that have fsync() for all, for files only,
 * or for nothing.
 *
 * Where fsync() is not to be had, syncfs() takes its place: it writes out all of the
 * file system, and tells of what could not be written. Where that is not to be had
 * either, the promise is not kept, which is noted and not an error: such a file
 * system has no better. An error of the disk (EIO, ENOSPC, EDQUOT ...) while the bytes
 * of a file are synced is always one: they may be gone, and a second try would not say
 * so.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder_private.h"

void store_folder_sync_lacks(const struct folder *f, enum store_folder_promise promise)
{
	atomic_fetch_or(&f->seen->lacks, (unsigned)promise);
}

static int repeat(int (*sync)(int fd), int fd)
{
	int rc;

	for (int i = 0; (rc = sync(fd)) && errno == EINTR; i++)
		if (i == FOLDER_REPEATS)
			break;
	return rc;
}

/* Whether there is no such call here, as servers of SMB and WebDAV, and file systems in
 * user space, say it. */
static bool is_lacking(int errnum)
{
	return errnum == EINVAL || errnum == EOPNOTSUPP || errnum == ENOSYS ||
	       errnum == ENOTTY;
}

int store_folder_sync_bytes(const struct folder *f, int fd)
{
	if (!repeat(fsync, fd))
		return 0;
	if (!is_lacking(errno))
		return -1;
	if (!repeat(syncfs, fd))
		return 0;
	if (!is_lacking(errno))
		return -1;
	store_folder_sync_lacks(f, STORE_FOLDER_SYNCS_FILES);
	return 0;
}

/* A folder may be refused with EIO, EACCES, EBADF, EPERM and others: what is wrong with
 * the disk, if it is the disk, syncfs() says too. */
int store_folder_sync_names(const struct folder *f, int fd, const char *path,
                            struct err *err)
{
	if (!repeat(fsync, fd))
		return 0;
	int why = errno;
	if (!repeat(syncfs, fd))
		return 0;
	if (is_lacking(why) && is_lacking(errno)) {
		store_folder_sync_lacks(f, STORE_FOLDER_SYNCS_NAMES);
		return 0;
	}
	errno = why;
	return err_errno(err, "store %s: making folder %s durable", f->path, path);
}
