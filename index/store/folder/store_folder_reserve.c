/*
 * Room that a store keeps for the time when its disk is full: a file of its own, which no
 * key has the name of. What frees a disk needs a little of it first, for a probe, for
 * folders in trash/ (a block each, on most disks). So where putting a probe or moving
 * something out of sight fails, the file goes, and it is tried once more; a gc that ends
 * with room on the disk makes it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "index/store/folder/store_folder_private.h"

#define RESERVE "RESERVE" /* not a key: those have no capitals */

enum {
	RESERVE_BYTES = 256 * 1024, /* dozens of folders */
	RESERVE_OF = 8              /* so much more has to be free when it is made */
};

static bool has_room(const struct folder *f)
{
	struct statvfs vfs;

	return !fstatvfs(f->root, &vfs) &&
	       vfs.f_bavail >= (fsblkcnt_t)RESERVE_OF * RESERVE_BYTES / vfs.f_frsize;
}

static bool is_there(const struct folder *f)
{
	struct stat st;

	return !fstatat(f->root, RESERVE, &st, AT_SYMLINK_NOFOLLOW) &&
	       st.st_size >= RESERVE_BYTES;
}

/* Not by posix_fallocate(), which writes where the file system reserves nothing: then a
 * file of zeros may take no room either. */
static bool fill(int fd)
{
	int rc;

	for (int i = 0; (rc = fallocate(fd, 0, 0, RESERVE_BYTES)); i++)
		if (errno != EINTR || i == FOLDER_REPEATS)
			break;
	return !rc;
}

void store_folder_reserve_keep(struct store *s)
{
	const struct folder *f = (const struct folder *)s;
	bool modeless;

	if (is_there(f) || !has_room(f))
		return;
	int fd = store_folder_path_open(f, RESERVE, O_WRONLY | O_CREAT,
	                                f->access.file | S_IRUSR);
	if (fd < 0)
		return;
	(void)store_folder_mode_file(f->root, fd, &f->access, &modeless);
	bool filled = fill(fd);
	close(fd);
	if (!filled)
		unlinkat(f->root, RESERVE, 0);
}

/* Another thread may have taken it away: then there is room as well. */
bool store_folder_reserve_spend(const struct folder *f, const char *key)
{
	if (strncmp(key, "trash/", 6) != 0 &&
	    strncmp(key, KEY_PROBE, strlen(KEY_PROBE)) != 0)
		return false;
	unlinkat(f->root, RESERVE, 0);
	return true;
}
