/* A store in a folder: opening, reading and removing. */
#include "index/store/folder/store_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder_private.h"

enum { FOLDER_INFLIGHT = 4 };

struct folder_reader {
	struct store_reader base;
	int fd;
	const struct folder *folder;
	char key[KEY_MAX];
};

int store_folder_openat(const struct folder *f, const char *path, int flags)
{
	flags |= O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(f->root, path, flags);
	if (fd < 0 && errno == ESTALE)
		fd = openat(f->root, path, flags);
	return fd;
}

static int ends_early(const struct folder_reader *r, uint64_t offset, size_t n,
                      struct err *err)
{
	return err_set(err, ERR_DAMAGED,
	               "store %s: %s has %llu bytes, too few to read %zu at %llu",
	               r->folder->path, r->key, (unsigned long long)r->base.size, n,
	               (unsigned long long)offset);
}

static int folder_read(struct store_reader *reader, uint64_t offset, void *buf, size_t n,
                       struct err *err)
{
	const struct folder_reader *r = (const struct folder_reader *)reader;
	uint8_t *at = buf;

	if (offset > r->base.size || n > r->base.size - offset)
		return ends_early(r, offset, n, err);
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(r->fd, at + done, n - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, "store %s: reading %zu bytes of %s at %llu",
			                 r->folder->path, n, r->key,
			                 (unsigned long long)offset);
		if (got == 0)
			return ends_early(r, offset, n, err);
		done += (size_t)got;
	}
	return 0;
}

static void folder_reader_close(struct store_reader *reader)
{
	struct folder_reader *r = (struct folder_reader *)reader;

	close(r->fd);
	free(r);
}

static const struct store_reader_ops folder_reader_ops = {
	.read = folder_read,
	.close = folder_reader_close,
};

/* Opens the file of `key` and reads its size. 0; 1 when there is none. Not to
 * wait for a FIFO that somebody put there, O_NONBLOCK. */
static int open_value(const struct folder *f, const char *key, struct folder_reader *r,
                      struct err *err)
{
	struct stat st;

	r->fd = store_folder_openat(f, key, O_RDONLY | O_NONBLOCK);
	if (r->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 1;
	if (r->fd < 0 && errno == ENXIO) /* a socket, or a device without its driver */
		return err_set(err, ERR_DAMAGED, "store %s: %s is not a plain file",
		               f->path, key);
	if (r->fd < 0 && errno != ELOOP)
		return err_errno(err, "store %s: opening %s", f->path, key);
	if (r->fd < 0)
		return err_set(err, ERR_DAMAGED, "store %s: %s is a symbolic link",
		               f->path, key);
	if (fstat(r->fd, &st))
		return err_errno(err, "store %s: looking at %s", f->path, key);
	if (S_ISDIR(st.st_mode))
		return 1;
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_DAMAGED, "store %s: %s is not a plain file",
		               f->path, key);
	r->base.size = (uint64_t)st.st_size;
	return 0;
}

static int folder_get(struct store *s, const char *key, size_t want,
                      struct store_reader **out, struct err *err)
{
	struct folder *f = (struct folder *)s;
	struct folder_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return err_nomem(err, "a reader");
	int rc = open_value(f, key, r, err);
	if (rc) {
		if (r->fd >= 0)
			close(r->fd);
		free(r);
		return rc;
	}
	if (want)
		(void)posix_fadvise(r->fd, 0, (off_t)want, POSIX_FADV_WILLNEED);
	r->base.ops = &folder_reader_ops;
	r->folder = f;
	memcpy(r->key, key, strlen(key) + 1);
	*out = &r->base;
	return 0;
}

static int folder_remove(struct store *s, const char *key, struct err *err)
{
	struct folder *f = (struct folder *)s;
	char parent[KEY_MAX];

	if (unlinkat(f->root, key, 0)) {
		if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR)
			return 1;
		return err_errno(err, "store %s: removing %s", f->path, key);
	}
	store_folder_tree_parent(key, parent);
	return store_folder_tree_sync(f, parent, err);
}

static void folder_close(struct store *s)
{
	struct folder *f = (struct folder *)s;

	close(f->root);
	free(f);
}

static const struct store_ops folder_ops = {
	.get = folder_get,
	.put = store_folder_put,
	.list = store_folder_list,
	.remove = folder_remove,
	.set_aside = store_folder_set_aside,
	.restore = store_folder_restore,
	.close = folder_close,
};

int store_folder_open(const char *path, const struct store_folder_modes *modes,
                      struct store **out, struct err *err)
{
	size_t path_size = strlen(path) + 1;
	struct folder *f = calloc(1, sizeof(*f) + path_size);

	if (!f)
		return err_nomem(err, path);
	f->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->root < 0) {
		int rc = errno == ENOENT || errno == ENOTDIR
		                 ? err_set(err, ERR_MISSING,
		                           "no folder at %s: is the disk not mounted?",
		                           path)
		                 : err_errno(err, "opening the store %s", path);
		free(f);
		return rc;
	}
	memcpy(f->path, path, path_size);
	f->modes = *modes;
	f->base = (struct store){ &folder_ops, FOLDER_INFLIGHT, f->path, false };
	*out = &f->base;
	return 0;
}
