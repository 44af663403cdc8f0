/*
 * What is at a key goes out of sight, whatever it is: a rename moves a file, a folder, a
 * link or a FIFO alike, and it happens wholly or not at all. The name that it goes to was
 * never used before, so nothing is ever replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder_private.h"

/* The name is random: where a rename cannot be told to spare what is there, nothing is. */
static int rename_fresh(const struct folder *f, const char *key, const char *trash)
{
	if (!renameat2(f->root, key, f->root, trash, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return -1;
	return renameat(f->root, key, f->root, trash);
}

static bool is_absent(const struct folder *f, const char *path)
{
	struct stat st;

	return fstatat(f->root, path, &st, AT_SYMLINK_NOFOLLOW) &&
	       (errno == ENOENT || errno == ENOTDIR);
}

/* Makes the names in the folders of both keys durable; that of `first` before. */
static int sync_both(const struct folder *f, const char *first, const char *second,
                     struct err *err)
{
	char parent[KEY_MAX];

	store_folder_tree_parent(first, parent);
	int rc = store_folder_tree_sync(f, parent, err);
	if (rc)
		return rc;
	store_folder_tree_parent(second, parent);
	return store_folder_tree_sync(f, parent, err);
}

int store_folder_set_aside(struct store *s, const char *key, const char *trash,
                           struct err *err)
{
	const struct folder *f = (const struct folder *)s;

	for (int tries = 0; tries < FOLDER_TRIES; tries++) {
		if (is_absent(f, key))
			return 1;
		int rc = store_folder_tree_make(f, trash, err);
		if (rc < 0)
			return rc;
		if (!rc && !rename_fresh(f, key, trash))
			return sync_both(f, trash, key, err);
		if (!rc && errno != ENOENT)
			return err_errno(err, "store %s: moving %s to %s", f->path, key,
			                 trash);
	}
	return err_set(err, ERR_IO, "store %s: the folders of %s keep vanishing", f->path,
	               trash);
}

static const char *kind_name(mode_t mode)
{
	return S_ISDIR(mode)    ? "a folder"
	       : S_ISLNK(mode)  ? "a symbolic link"
	       : S_ISFIFO(mode) ? "a FIFO"
	       : S_ISSOCK(mode) ? "a socket"
	                        : "a device";
}

/* What was moved may be a plain file that came in the moment before: it goes back. */
static int look_at_moved(const struct folder *f, const char *trash, const char *key,
                         struct err *err)
{
	struct stat st;

	if (fstatat(f->root, trash, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return 0;
	int rc = store_restore((struct store *)(uintptr_t)&f->base, trash, key, err);
	return rc < 0 ? rc : FOLDER_PLAIN;
}

int store_folder_clear_foreign(const struct folder *f, const char *key, struct err *err)
{
	struct store *s = (struct store *)(uintptr_t)&f->base;
	char nonce[FOLDER_NONCE_HEX + 1], trash[KEY_MAX];
	struct stat st;

	if (fstatat(f->root, key, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT
		               ? 0
		               : err_errno(err, "store %s: looking at %s", f->path, key);
	if (S_ISREG(st.st_mode))
		return FOLDER_PLAIN;
	int rc = store_folder_temp_nonce(nonce, err);
	if (rc)
		return rc;
	if (!key_trash(key, nonce, trash))
		return err_set(err, ERR_DAMAGED,
		               "store %s: %s is %s and not a plain file; move it away",
		               f->path, key, kind_name(st.st_mode));
	rc = store_folder_set_aside(s, key, trash, err);
	if (rc < 0)
		return err_context(err, "%s is %s and not a plain file", key,
		                   kind_name(st.st_mode));
	return rc ? 0 : look_at_moved(f, trash, key, err);
}

/* A link, which takes no space: the entry stays. The folders of `key` are there, since
 * something lay in them and none is ever removed. */
int store_folder_restore(struct store *s, const char *trash, const char *key,
                         struct err *err)
{
	const struct folder *f = (const struct folder *)s;
	char parent[KEY_MAX];

	if (is_absent(f, trash))
		return 1;
	if (linkat(f->root, trash, f->root, key, 0) && errno != EEXIST)
		return STORE_RESTORE_BY_COPY;
	store_folder_tree_parent(key, parent);
	return store_folder_tree_sync(f, parent, err);
}
