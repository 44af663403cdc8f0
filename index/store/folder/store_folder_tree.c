/*
 * The folders of a store. They come into being when the first key in them does,
 * and never go away.
 *
 * A folder appears under its name with its mode already right: it is made as
 * ".<nonce>" beside, given its mode, and renamed. A process killed between
 * mkdir() and chmod() would otherwise leave a folder that under a strict umask
 * no colleague could ever write to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder_private.h"

void store_folder_tree_parent(const char *key, char parent[KEY_MAX])
{
	const char *slash = strrchr(key, '/');

	if (slash)
		snprintf(parent, KEY_MAX, "%.*s", (int)(slash - key), key);
	else
		snprintf(parent, KEY_MAX, ".");
}

bool store_folder_tree_modeless(int errnum)
{
	return errnum == EPERM || errnum == EOPNOTSUPP || errnum == ENOSYS;
}

int store_folder_tree_sync(const struct folder *f, const char *folder, struct err *err)
{
	int rc = 0;

	int fd = store_folder_openat(f, folder, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return err_errno(err, "store %s: opening folder %s", f->path, folder);
	/* EINVAL: a file system, such as some in user space, that has no way of
	 * doing this. */
	if (fsync(fd) && errno != EINVAL && errno != EOPNOTSUPP)
		rc = err_errno(err, "store %s: making folder %s durable", f->path,
		               folder);
	close(fd);
	return rc;
}

static int set_mode(const struct folder *f, const char *path)
{
	if (fchmodat(f->root, path, f->modes.folder, 0) &&
	    !store_folder_tree_modeless(errno))
		return -1;
	return 0;
}

/* For file systems where a rename cannot be told to spare what is there. */
static int make_in_place(const struct folder *f, const char *path)
{
	if (mkdirat(f->root, path, f->modes.folder & 0777))
		return errno == EEXIST ? 0 : -1;
	return set_mode(f, path);
}

/* 0, also when somebody else was first; or -1 and errno. */
static int make_beside(const struct folder *f, const char *fresh, const char *path)
{
	if (mkdirat(f->root, fresh, 0700))
		return -1;
	if (!set_mode(f, fresh) &&
	    !renameat2(f->root, fresh, f->root, path, RENAME_NOREPLACE))
		return 0;
	int why = errno;
	unlinkat(f->root, fresh, AT_REMOVEDIR);
	if (why == EEXIST)
		return 0;
	if (why == EINVAL || why == ENOSYS || why == EOPNOTSUPP)
		return make_in_place(f, path);
	errno = why;
	return -1;
}

static int make_folder(const struct folder *f, const char *path, struct err *err)
{
	char parent[KEY_MAX], nonce[FOLDER_NONCE_HEX + 1];
	char fresh[KEY_MAX + FOLDER_NONCE_HEX + 3];

	if (faccessat(f->root, path, F_OK, 0) == 0)
		return 0;
	int rc = store_folder_temp_nonce(nonce, err);
	if (rc)
		return rc;
	store_folder_tree_parent(path, parent);
	snprintf(fresh, sizeof(fresh), "%s/.%s", parent, nonce);
	if (make_beside(f, fresh, path))
		return errno == ENOENT ? 1
		                       : err_errno(err, "store %s: making folder %s",
		                                   f->path, path);
	return store_folder_tree_sync(f, parent, err);
}

int store_folder_tree_make(const struct folder *f, const char *key, struct err *err)
{
	char path[KEY_MAX];

	for (const char *end = strchr(key, '/'); end; end = strchr(end + 1, '/')) {
		snprintf(path, sizeof(path), "%.*s", (int)(end - key), key);
		int rc = make_folder(f, path, err);
		if (rc)
			return rc;
	}
	return 0;
}
