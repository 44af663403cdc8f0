/*
 * Temporary files: tmp/<32 random digits>, one for each value on its way in. A
 * name is never used twice, so nobody can meet another's half-written file.
 * Those of killed processes stay until they are swept.
 *
 * Where tmp/ is on another disk than the key they are .<32 random digits> in the
 * key's own folder, which no listing shows and no sweep finds.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/store/folder/store_folder_private.h"
#include "index/work/random_name.h"

/* Creates `temp`, which belongs beside `key`, with the folders on its way. */
static int create(const struct folder *f, const char *temp, int *fd, struct err *err)
{
	for (int tries = 0; tries < FOLDER_TRIES; tries++) {
		*fd = store_folder_path_open(f, temp, O_WRONLY | O_CREAT | O_EXCL,
		                             f->access.file | S_IRUSR);
		if (*fd >= 0)
			return 0;
		if (errno != ENOENT && errno != ESTALE)
			break;
		int rc = store_folder_tree_make(f, temp, err);
		if (rc < 0)
			return rc;
	}
	return store_folder_path_refused(f, "creating", temp, err);
}

int store_folder_temp_beside(const struct folder *f, const char *key,
                             char temp[FOLDER_TEMP_MAX], int *fd, struct err *err)
{
	char nonce[FOLDER_NONCE_HEX + 1], parent[KEY_MAX];

	int rc = random_name(nonce, err);
	if (rc)
		return rc;
	store_folder_path_parent(key, parent);
	snprintf(temp, FOLDER_TEMP_MAX, "%s/.%s", parent, nonce);
	return create(f, temp, fd, err);
}

int store_folder_temp_new(const struct folder *f, const char *key,
                          char temp[FOLDER_TEMP_MAX], int *fd, struct err *err)
{
	char nonce[FOLDER_NONCE_HEX + 1];

	if (atomic_load(&f->seen->parted))
		return store_folder_temp_beside(f, key, temp, fd, err);
	int rc = random_name(nonce, err);
	if (rc)
		return rc;
	snprintf(temp, FOLDER_TEMP_MAX, "tmp/%s", nonce);
	return create(f, temp, fd, err);
}

/* What time it is where the files' times come from: on NFS that is another
 * machine. False when no file can be made to see it. */
static bool file_system_clock(const struct folder *f, int64_t *now)
{
	char temp[FOLDER_TEMP_MAX];
	struct stat st;
	int fd;

	if (store_folder_temp_new(f, KEY_STORE_FILE, temp, &fd, NULL))
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
	int fd = store_folder_path_open(f, "tmp", O_RDONLY | O_DIRECTORY, 0);
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
