/*
 * Paths below the store's folder, one part after another: none of them is followed
 * when it is a symbolic link. A link would lead part of a store somewhere else, so
 * that what is durable there says nothing of what is durable here (F4 in
 * docs/store.md), and who may write to the store could send others' files anywhere.
 * The store's own folder may be reached by links.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder_private.h"

void store_folder_path_parent(const char *key, char parent[KEY_MAX])
{
	const char *slash = strrchr(key, '/');

	if (slash)
		snprintf(parent, KEY_MAX, "%.*s", (int)(slash - key), key);
	else
		snprintf(parent, KEY_MAX, ".");
}

static bool is_link(int in, const char *name)
{
	struct stat st;

	return !fstatat(in, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode);
}

static int open_once(int in, const char *name, int flags, mode_t mode)
{
	int fd;

	for (int i = 0; i < FOLDER_REPEATS; i++) {
		fd = openat(in, name, flags | O_CLOEXEC | O_NOFOLLOW, mode);
		if (fd >= 0 || errno != EINTR)
			break;
	}
	/* Of a link in the place of a folder errno says only that it is not a folder. */
	if (fd < 0 && errno == ENOTDIR)
		errno = is_link(in, name) ? ELOOP : ENOTDIR;
	return fd;
}

static void close_but(int fd, int kept)
{
	int why = errno;

	if (fd != kept)
		close(fd);
	errno = why;
}

static int walk(const struct folder *f, const char *path, int flags, mode_t mode)
{
	char part[KEY_MAX];
	int at = f->root, next;

	for (const char *end; (end = strchr(path, '/')); path = end + 1) {
		snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
		next = open_once(at, part, O_PATH | O_DIRECTORY, 0);
		close_but(at, f->root);
		if (next < 0)
			return -1;
		at = next;
	}
	next = open_once(at, path, flags, mode);
	close_but(at, f->root);
	return next;
}

int store_folder_path_open(const struct folder *f, const char *path, int flags,
                           mode_t mode)
{
	int fd = walk(f, path, flags, mode);

	return fd < 0 && errno == ESTALE ? walk(f, path, flags, mode) : fd;
}

int store_folder_path_open_parent(const struct folder *f, const char *key,
                                  const char **name)
{
	const char *slash = strrchr(key, '/');
	char parent[KEY_MAX];

	*name = slash ? slash + 1 : key;
	store_folder_path_parent(key, parent);
	return store_folder_path_open(f, parent, O_RDONLY | O_DIRECTORY, 0);
}

static bool is_not_folder(int root, const char *path)
{
	struct stat st;

	return !fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) && !S_ISDIR(st.st_mode);
}

/* How many bytes of `path` name the first part of it of which that is true. */
static int find_part(const struct folder *f, const char *path,
                     bool (*is)(int root, const char *part))
{
	char part[FOLDER_TEMP_MAX];
	const char *end = path;

	do {
		end = strchr(end, '/');
		end = end ? end + 1 : path + strlen(path) + 1;
		snprintf(part, sizeof(part), "%.*s", (int)(end - 1 - path), path);
		if (is(f->root, part))
			break;
	} while (end[-1]);
	return (int)strlen(part);
}

static bool leads_to_file(const struct folder *f, const char *path)
{
	struct stat st;

	return !fstatat(f->root, path, &st, 0) && S_ISREG(st.st_mode);
}

int store_folder_path_error(const struct folder *f, const char *doing, const char *path,
                            struct err *err)
{
	if (errno == ENOTDIR) {
		int n = find_part(f, path, is_not_folder);
		return err_set(err, ERR_CONFIG,
		               "store %s: %s %s: %.*s is not a folder: move it away",
		               f->path, doing, path, n, path);
	}
	if (errno != ELOOP)
		return err_errno(err, "store %s: %s %s", f->path, doing, path);
	int n = find_part(f, path, is_link);
	if (!path[n] && leads_to_file(f, path))
		return err_set(err, ERR_DAMAGED,
		               "store %s: %s is a symbolic link, and nothing in a store "
		               "is reached through one: put the file in its place",
		               f->path, path);
	return err_set(err, ERR_CONFIG,
	               "store %s: %.*s is a symbolic link, and nothing in a store is "
	               "reached through one: move the whole store to where there is "
	               "room and leave a link in its place, or mount that folder at "
	               "%s/%.*s ('mount --bind')",
	               f->path, n, path, f->path, n, path);
}

int store_folder_path_refused(const struct folder *f, const char *doing, const char *path,
                              struct err *err)
{
	bool refused = errno == EACCES || errno == EPERM || errno == EROFS;
	int rc = store_folder_path_error(f, doing, path, err);

	if (!refused)
		return rc;
	if (err)
		err->code = ERR_CONFIG;
	return ERR_CONFIG;
}
