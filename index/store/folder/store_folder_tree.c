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

/* Makes `path` in the open folder `in`, where it is called `name`. */
static int make_in(const struct folder *f, int in, const char *name, const char *path,
                   struct err *err)
{
	char parent[KEY_MAX];
	struct stat st;

	if (!fstatat(in, name, &st, AT_SYMLINK_NOFOLLOW)) {
		errno = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
		return S_ISDIR(st.st_mode)
		               ? 0
		               : store_folder_path_refused(f, "making folder", path, err);
	}
	if (store_folder_mode_make(in, name, &f->access))
		return errno == ENOENT || errno == ESTALE
		               ? 1
		               : store_folder_path_refused(f, "making folder", path, err);
	store_folder_path_parent(path, parent);
	return store_folder_sync_names(f, in, parent, err);
}

static int make_folder(const struct folder *f, const char *path, struct err *err)
{
	const char *name;
	int in = store_folder_path_open_parent(f, path, &name);

	if (in < 0)
		return errno == ENOENT || errno == ESTALE
		               ? 1
		               : store_folder_path_refused(f, "making folder", path, err);
	int rc = make_in(f, in, name, path, err);
	close(in);
	return rc;
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
