/*
 * What killed writers leave in a folder: files of tmp/ that nobody will link to a key; where
 * tmp/ lies on another disk, files like that beside the keys; and folders that were made
 * and never renamed to their place. The last two begin with a dot, and have random names.
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

enum { DEPTH_MAX = 4 }; /* of folders of keys below the store's: trash/<aa>/<bb> */

struct sweep {
	const struct folder *folder;
	store_left_fn *each;
	void *ctx;
	struct err *err;
	char path[FOLDER_TEMP_MAX]; /* of the folder we are in */
};

static bool is_random(const char *name)
{
	uint8_t bytes[FOLDER_NONCE_HEX / 2];

	return strlen(name) == FOLDER_NONCE_HEX && hex_parse(name, sizeof(bytes), bytes);
}

/* Whether what is called so in that folder was made by a writer of ours. */
static bool is_left(const char *folder, const char *name)
{
	return strcmp(folder, "tmp") == 0 ? is_random(name)
	                                  : *name == '.' && is_random(name + 1);
}

static int tell(struct sweep *s, int fd, const char *name)
{
	char path[FOLDER_TEMP_MAX + FOLDER_NONCE_HEX + 2];
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return 0;
	snprintf(path, sizeof(path), "%s%s%s", s->path, *s->path ? "/" : "", name);
	const struct store_left left = { path,
		                         S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0,
		                         st.st_mtime > st.st_ctime ? st.st_mtime
		                                                   : st.st_ctime };
	return s->each(s->ctx, &left);
}

static int walk(struct sweep *s, unsigned depth);

/* A folder of keys: its name is a part of one. */
static int walk_into(struct sweep *s, const char *name, unsigned depth)
{
	size_t at = strlen(s->path), n = strlen(name);

	if (depth == DEPTH_MAX || at + n + 2 > sizeof(s->path))
		return 0;
	snprintf(s->path + at, sizeof(s->path) - at, "%s%s", at ? "/" : "", name);
	int rc = walk(s, depth + 1);
	s->path[at] = 0;
	return rc;
}

static bool is_folder(int fd, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return !fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

static int look_at(struct sweep *s, int fd, const struct dirent *d, unsigned depth)
{
	if (is_left(s->path, d->d_name))
		return tell(s, fd, d->d_name);
	if (d->d_name[0] == '.' || !is_folder(fd, d))
		return 0;
	return walk_into(s, d->d_name, depth);
}

/* What cannot be opened is a folder that is gone, or somebody else's. */
static int walk(struct sweep *s, unsigned depth)
{
	int fd = store_folder_path_open(s->folder, *s->path ? s->path : ".",
	                                O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	int rc = 0;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (!rc && (d = readdir(dir)))
		rc = look_at(s, fd, d, depth);
	closedir(dir);
	return rc;
}

int store_folder_list_left(struct store *s, store_left_fn *each, void *ctx,
                           struct err *err)
{
	struct sweep sweep = { (const struct folder *)s, each, ctx, err, "" };

	return walk(&sweep, 0);
}

/* A folder is removed only while it is empty: so it was made, and so it was left. */
int store_folder_remove_left(struct store *s, const char *name, struct err *err)
{
	const struct folder *f = (const struct folder *)s;
	const char *slash = strrchr(name, '/'), *last;
	char parent[KEY_MAX];

	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - name) : 0, name);
	if (!is_left(parent, slash ? slash + 1 : name))
		return 1;
	int in = store_folder_path_open_parent(f, name, &last);
	if (in < 0)
		return errno == ENOENT
		               ? 1
		               : store_folder_path_error(f, "removing", name, err);
	int rc = unlinkat(in, last, 0);
	if (rc && (errno == EISDIR || errno == EPERM))
		rc = unlinkat(in, last, AT_REMOVEDIR);
	if (rc)
		rc = errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST
		             ? 1
		             : store_folder_path_refused(f, "removing", name, err);
	close(in);
	return rc;
}
