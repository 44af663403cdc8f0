#include "index/work/file_room.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "codec/common/err.h"

enum { STAT_BLOCK = 512 /* the unit of st_blocks, bytes */ };

/* ---------------------------------------------------------------- what is free */

/* Bytes that the file lacks on the disk. */
static uint64_t lacking(int fd, uint64_t size)
{
	struct stat st;
	uint64_t has = fstat(fd, &st) ? 0 : (uint64_t)st.st_blocks * STAT_BLOCK;

	return has < size ? size - has : 0;
}

/* False where the file system does not say. Some blocks are kept for root. */
static bool free_bytes(int fd, uint64_t *out)
{
	struct statvfs disk;

	if (fstatvfs(fd, &disk) || !disk.f_blocks || !disk.f_frsize)
		return false;
	uint64_t blocks = geteuid() ? disk.f_bavail : disk.f_bfree;
	*out = blocks > UINT64_MAX / disk.f_frsize ? UINT64_MAX : blocks * disk.f_frsize;
	return true;
}

bool file_room_is_there(int fd, uint64_t size)
{
	uint64_t room;

	return !free_bytes(fd, &room) || lacking(fd, size) <= room;
}

/* ---------------------------------------------------------------- the sentence */

/* The folder that the file is in. */
static void folder_name(int fd, char out[PATH_MAX])
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, out, PATH_MAX - 1);
	out[n > 0 ? n : 0] = 0;
	char *slash = strrchr(out, '/');
	if (!slash || slash == out)
		strcpy(out, slash ? "/" : "its folder");
	else
		*slash = 0;
}

static int no_room(int fd, uint64_t size, int errnum, struct err *err)
{
	char folder[PATH_MAX];
	uint64_t room;

	folder_name(fd, folder);
	if (errnum == ENOSPC && free_bytes(fd, &room)) {
		errno = errnum;
		return err_errno(
			err,
			"a file of %llu bytes does not fit into %s: it needs %llu "
			"more, and %llu are free",
			(unsigned long long)size, folder,
			(unsigned long long)lacking(fd, size), (unsigned long long)room);
	}
	errno = errnum;
	return err_errno(err, "a file of %llu bytes does not fit into %s",
	                 (unsigned long long)size, folder);
}

/* ---------------------------------------------------------------- taking, giving back */

void file_room_give_back(int fd)
{
	struct stat st;

	if (fstat(fd, &st) || !st.st_blocks)
		return;
	for (off_t at = 0; at < st.st_size;) {
		off_t hole = lseek(fd, at, SEEK_HOLE);
		if (hole < 0 || hole >= st.st_size)
			return;
		off_t data = lseek(fd, hole, SEEK_DATA);
		at = data > hole ? data : st.st_size;
		if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, hole,
		              at - hole))
			return;
	}
}

bool file_room_has_bytes(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && (!st.st_size || !st.st_blocks))
		return false;
	return lseek(fd, 0, SEEK_DATA) >= 0 || errno != ENXIO;
}

/* 0, or what fallocate() says. */
static int reserve(int fd, uint64_t size)
{
	int rc;

	do
		rc = fallocate(fd, 0, 0, (off_t)size);
	while (rc && errno == EINTR);
	return rc ? errno : 0;
}

int file_room_take(int fd, uint64_t size, struct err *err)
{
	struct stat st;

	if (!size)
		return 0;
	if (size > INT64_MAX)
		return no_room(fd, size, EFBIG, err);
	if (fstat(fd, &st))
		return err_errno(err, "cannot look at a file");
	if (!file_room_is_there(fd, size))
		return no_room(fd, size, ENOSPC, err);
	int errnum = reserve(fd, size);
	if (errnum != ENOSPC && errnum != EDQUOT && errnum != EFBIG)
		return 0; /* reserved, or the file system cannot */
	/* Also where its size did not change: what lies beyond it goes. */
	if (ftruncate(fd, st.st_size) == 0)
		file_room_give_back(fd);
	return no_room(fd, size, errnum, err);
}
