/*
 * A value on its way into a folder. Each step is durable before the next:
 *
 *     the bytes    tmp/<nonce>: written, fsync, close
 *     the name     link() to the key, fsync of the folder it lies in
 *     the rest     unlink() of tmp/<nonce>
 *
 * A failed fsync() may have thrown the bytes away, and a second one would not
 * say so: any failure ends this value, and the caller begins anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder_private.h"

struct folder_writer {
	struct store_writer base;
	const struct folder *folder;
	int fd;
	bool failed; /* some write did; never to be linked */
	size_t head_size;
	uint64_t end; /* where the next bytes go */
	char temp[FOLDER_TEMP_MAX];
	char key[KEY_MAX];
};

static int write_at(struct folder_writer *w, const void *bytes, size_t n, uint64_t offset,
                    struct err *err)
{
	const uint8_t *at = bytes;

	for (size_t done = 0; done < n;) {
		ssize_t put = pwrite(w->fd, at + done, n - done, (off_t)(offset + done));
		if (put < 0 && errno == EINTR)
			continue;
		if (put == 0)
			errno = EIO;
		if (put <= 0) {
			w->failed = true;
			return err_errno(err, "store %s: writing %zu bytes of %s at %llu",
			                 w->folder->path, n, w->key,
			                 (unsigned long long)offset);
		}
		done += (size_t)put;
	}
	return 0;
}

static int folder_write(struct store_writer *writer, const void *bytes, size_t n,
                        struct err *err)
{
	struct folder_writer *w = (struct folder_writer *)writer;

	int rc = write_at(w, bytes, n, w->end, err);
	if (!rc)
		w->end += n;
	return rc;
}

static void folder_abort(struct store_writer *writer)
{
	struct folder_writer *w = (struct folder_writer *)writer;

	if (w->fd >= 0)
		close(w->fd);
	unlinkat(w->folder->root, w->temp, 0);
	free(w);
}

/* Makes all bytes durable under the temporary name. */
static int finish_file(struct folder_writer *w, const void *head, struct err *err)
{
	const char *path = w->folder->path;

	if (w->failed)
		return err_set(err, ERR_IO, "store %s: %s was not written whole", path,
		               w->key);
	int rc = write_at(w, head, w->head_size, 0, err);
	if (rc)
		return rc;
	if (fchmod(w->fd, w->folder->modes.file) && !store_folder_tree_modeless(errno))
		return err_errno(err, "store %s: giving %s its mode", path, w->key);
	if (fsync(w->fd))
		return err_errno(err, "store %s: making %s durable", path, w->key);
	int fd = w->fd;
	w->fd = -1;
	if (close(fd))
		return err_errno(err, "store %s: closing %s", path, w->key);
	return 0;
}

static bool links_lacking(int errnum)
{
	return errnum == EPERM || errnum == EOPNOTSUPP || errnum == ENOSYS ||
	       errnum == EMLINK;
}

/* Gives the temporary file its final name. The last resort can replace a value that
 * came this very moment, and then by one of equal content. 0, or -1 and errno: EEXIST
 * when something has that name. */
static int give_name(const struct folder_writer *w)
{
	int root = w->folder->root;

	if (!linkat(root, w->temp, root, w->key, 0))
		return 0;
	if (!links_lacking(errno))
		return -1;
	if (!renameat2(root, w->temp, root, w->key, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return -1;
	if (!faccessat(root, w->key, F_OK, AT_SYMLINK_NOFOLLOW)) {
		errno = EEXIST;
		return -1;
	}
	return renameat(root, w->temp, root, w->key);
}

/* Names the file, and makes the folders for it when there are none. A plain file that
 * has the name stays, and that is success; anything else is moved out of sight. */
static int place_file(const struct folder_writer *w, struct err *err)
{
	const char *path = w->folder->path;

	for (int tries = 0; tries < FOLDER_TRIES; tries++) {
		if (!give_name(w))
			return 0;
		if (errno != ENOENT && errno != EEXIST)
			return err_errno(err, "store %s: placing %s", path, w->key);
		int rc = errno == EEXIST
		                 ? store_folder_clear_foreign(w->folder, w->key, err)
		                 : store_folder_tree_make(w->folder, w->key, err);
		if (rc == FOLDER_PLAIN && w->base.existed)
			*w->base.existed = true;
		if (rc < 0 || rc == FOLDER_PLAIN)
			return rc < 0 ? rc : 0;
	}
	return err_set(err, ERR_IO, "store %s: what lies at %s keeps changing", path,
	               w->key);
}

/* The folder is made durable even when the key was there before: whoever put it
 * may not have come so far yet. */
static int folder_commit(struct store_writer *writer, const void *head, struct err *err)
{
	struct folder_writer *w = (struct folder_writer *)writer;

	int rc = finish_file(w, head, err);
	if (!rc)
		rc = place_file(w, err);
	if (!rc) {
		char parent[KEY_MAX];
		store_folder_tree_parent(w->key, parent);
		rc = store_folder_tree_sync(w->folder, parent, err);
	}
	folder_abort(writer);
	return rc;
}

static const struct store_writer_ops folder_writer_ops = {
	.write = folder_write,
	.commit = folder_commit,
	.abort = folder_abort,
};

int store_folder_put(struct store *s, const char *key, size_t head_size,
                     struct store_writer **out, struct err *err)
{
	const struct folder *f = (const struct folder *)s;
	struct folder_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_nomem(err, "a writer");
	int rc = store_folder_temp_new(f, w->temp, &w->fd, err);
	if (rc) {
		free(w);
		return rc;
	}
	w->base.ops = &folder_writer_ops;
	w->folder = f;
	w->head_size = head_size;
	w->end = head_size;
	memcpy(w->key, key, strlen(key) + 1);
	*out = &w->base;
	return 0;
}
