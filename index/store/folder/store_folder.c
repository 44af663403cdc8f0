/* A store in a folder: opening, reading and removing. */
#include "index/store/folder/store_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder_private.h"
#include "index/store/key_folders.h"
#include "index/work/file_range.h"

enum { FOLDER_INFLIGHT = 4 };

struct folder_reader {
	struct store_reader base;
	int fd;
	const struct folder *folder;
	char key[KEY_MAX];
};

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

	if (offset > r->base.size || n > r->base.size - offset)
		return ends_early(r, offset, n, err);
	int rc = file_range_read(r->fd, offset, buf, n, err);
	if (rc == ERR_MISMATCH)
		return ends_early(r, offset, n, err);
	return rc ? err_context(err, "store %s: %s", r->folder->path, r->key) : 0;
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

/* Why `key` cannot be opened, by errno. Whatever a link in the place of a value leads to,
 * it is only this value that is not there; one on the way takes many with it. */
static int no_value(const struct folder *f, const char *key, struct err *err)
{
	int why = errno;
	int rc = store_folder_path_error(f, "opening", key, err);
	struct stat st;

	if (why != ELOOP || rc != ERR_CONFIG ||
	    fstatat(f->root, key, &st, AT_SYMLINK_NOFOLLOW) || !S_ISLNK(st.st_mode))
		return rc;
	return err_set(
		err, ERR_DAMAGED,
		"store %s: %s is a symbolic link and not a plain file: put the file "
		"in its place",
		f->path, key);
}

/* Opens the file of `key` and reads its size. 0; 1 when there is none. Not to
 * wait for a FIFO that somebody put there, O_NONBLOCK. */
static int open_value(const struct folder *f, const char *key, struct folder_reader *r,
                      struct err *err)
{
	struct stat st;

	r->fd = store_folder_path_open(f, key, O_RDONLY | O_NONBLOCK, 0);
	/* A name that is too long for this file system has no value either. */
	if (r->fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG))
		return 1;
	if (r->fd < 0 && errno == ENXIO) /* a socket, or a device without its driver */
		return err_set(err, ERR_DAMAGED, "store %s: %s is not a plain file",
		               f->path, key);
	if (r->fd < 0)
		return no_value(f, key, err);
	if (fstat(r->fd, &st))
		return err_errno(err, "store %s: looking at %s", f->path, key);
	/* A listing tells of what lies at the key of a value; elsewhere a folder is none. */
	if (S_ISDIR(st.st_mode) && strcmp(key, KEY_STORE_FILE) != 0 && !key_is_value(key))
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
	const char *name;

	int in = store_folder_path_open_parent(f, key, &name);
	if (in < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 1;
	if (in < 0)
		return store_folder_path_error(f, "removing", key, err);
	store_folder_path_parent(key, parent);
	int rc = unlinkat(in, name, 0);
	if (!rc)
		rc = store_folder_sync_names(f, in, parent, err);
	else if (errno == ENOENT || errno == EISDIR || errno == ENAMETOOLONG)
		rc = 1;
	else
		rc = err_errno(err, "store %s: removing %s", f->path, key);
	close(in);
	return rc;
}

static void folder_close(struct store *s)
{
	struct folder *f = (struct folder *)s;

	if (f->root >= 0)
		close(f->root);
	free(f->seen);
	free(f);
}

static const struct store_ops folder_ops = {
	.get = folder_get,
	.put = store_folder_put,
	.list = store_folder_list,
	.remove = folder_remove,
	.set_aside = store_folder_set_aside,
	.restore = store_folder_restore,
	.list_left = store_folder_list_left,
	.remove_left = store_folder_remove_left,
	.keep_room = store_folder_reserve_keep,
	.close = folder_close,
};

/* The store's folder says who may read and write what is made in it; what this
 * repository asks for by core.sharedRepository comes on top. */
static int take_access(struct folder *f, const struct store_folder_modes *asked)
{
	struct stat st;

	if (fstat(f->root, &st))
		return -1;
	f->access = (struct access){ .folder = (st.st_mode & 03777) | S_IRWXU,
		                     .group = st.st_gid };
	if (asked->folder & S_ISGID)
		f->access.folder |= asked->folder;
	f->access.file = f->access.folder & 0444;
	return 0;
}

static bool takes_name(const struct folder *f, unsigned bytes)
{
	char name[KEY_MAX];

	memset(name, '0', bytes);
	name[bytes] = 0;
	return !faccessat(f->root, name, F_OK, 0) || errno != ENAMETOOLONG;
}

/* Where names end before those of keys do: 143 bytes on eCryptfs, and so in encrypted
 * shares of NAS. Not all say so, so names as long as those of keys are looked for. */
static unsigned find_name_max(const struct folder *f)
{
	unsigned bytes = KEY_MARKER_NAME, bases = KEY_BASES_MAX;
	struct statvfs vfs;

	unsigned said = fstatvfs(f->root, &vfs) ? 0 : (unsigned)vfs.f_namemax;
	while ((said && said < bytes) || !takes_name(f, bytes)) {
		bytes = SHA256_HEX + bases * (1 + 2 * KEY_BASE_PREFIX);
		if (!bases--)
			return SHA256_HEX;
	}
	return bytes == KEY_MARKER_NAME ? 0 : bytes;
}

static int open_root(struct folder *f, const struct store_folder_modes *asked,
                     struct err *err)
{
	f->root = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->root < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(err, ERR_MISSING,
		               "no folder at %s: is the disk not mounted?", f->path);
	if (f->root < 0 || take_access(f, asked))
		return err_errno(err, "opening the store %s", f->path);
	f->base.name_max = find_name_max(f);
	return 0;
}

int store_folder_open(const char *path, const struct store_folder_modes *modes,
                      struct store **out, struct err *err)
{
	size_t path_size = strlen(path) + 1;
	struct folder *f = calloc(1, sizeof(*f) + path_size);

	if (!f)
		return err_nomem(err, path);
	f->root = -1;
	f->names_limit = FOLDER_NAMES;
	memcpy(f->path, path, path_size);
	f->base = (struct store){ .ops = &folder_ops,
		                  .inflight = FOLDER_INFLIGHT,
		                  .name = f->path };
	f->seen = calloc(1, sizeof(*f->seen));
	int rc = f->seen ? open_root(f, modes, err) : err_nomem(err, path);
	if (rc) {
		folder_close(&f->base);
		return rc;
	}
	*out = &f->base;
	return 0;
}

unsigned store_folder_lacks(const struct store *s)
{
	return s->ops == &folder_ops
	               ? atomic_load(&((const struct folder *)s)->seen->lacks)
	               : 0;
}
