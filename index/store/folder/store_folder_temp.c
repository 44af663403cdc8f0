/*
 * Temporary files: tmp/<32 random digits>, one for each value on its way in. A
 * name is never used twice, so nobody can meet another's half-written file.
 * Those of killed processes stay until they are swept.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/store/folder/store_folder_private.h"

int store_folder_temp_nonce(char nonce[FOLDER_NONCE_HEX + 1], struct err *err)
{
	uint8_t bytes[FOLDER_NONCE_HEX / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(err, "asking for random bytes");
	hex_format(bytes, sizeof(bytes), nonce);
	return 0;
}

int store_folder_temp_new(const struct folder *f, char temp[FOLDER_TEMP_MAX], int *fd,
                          struct err *err)
{
	char nonce[FOLDER_NONCE_HEX + 1];

	int rc = store_folder_temp_nonce(nonce, err);
	if (rc)
		return rc;
	snprintf(temp, FOLDER_TEMP_MAX, "tmp/%s", nonce);
	for (int tries = 0; tries < FOLDER_TRIES; tries++) {
		*fd = openat(f->root, temp,
		             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (*fd >= 0)
			return 0;
		if (errno != ENOENT)
			break;
		rc = store_folder_tree_make(f, temp, err);
		if (rc < 0)
			return rc;
	}
	return err_errno(err, "store %s: creating %s", f->path, temp);
}

/* What time it is where the files' times come from: on NFS that is another
 * machine. False when no file can be made to see it. */
static bool file_system_clock(const struct folder *f, int64_t *now)
{
	char temp[FOLDER_TEMP_MAX];
	struct stat st;
	int fd;

	if (store_folder_temp_new(f, temp, &fd, NULL))
		return false;
	bool known = fstat(fd, &st) == 0;
	close(fd);
	unlinkat(f->root, temp, 0);
	if (known)
		*now = st.st_mtime;
	return known;
}

static bool is_temp_name(const char *name)
{
	uint8_t bytes[FOLDER_NONCE_HEX / 2];

	return strlen(name) == FOLDER_NONCE_HEX && hex_parse(name, sizeof(bytes), bytes);
}

void store_folder_sweep(struct store *s, int64_t age)
{
	const struct folder *f = (const struct folder *)s;
	struct dirent *d;
	struct stat st;
	int64_t now;

	if (!file_system_clock(f, &now))
		return;
	int fd = store_folder_openat(f, "tmp", O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((d = readdir(dir)))
		if (is_temp_name(d->d_name) &&
		    !fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    S_ISREG(st.st_mode) && now - (int64_t)st.st_mtime > age)
			unlinkat(fd, d->d_name, 0);
	closedir(dir);
}
