/*
 * A value on its way into a folder. Each step is durable before the next:
 *
 *     the bytes    tmp/<nonce>: written, fsync, close
 *     the name     link() to the key, fsync of the folder it lies in
 *     the rest     unlink() of tmp/<nonce>
 *
 * A failed fsync() may have thrown the bytes away, and a second one would not
 * say so: any failure ends this value, and the caller starts again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder_private.h"
#include "index/work/file_range.h"

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
	int rc = file_range_write(w->fd, offset, bytes, n, err);

	w->failed = w->failed || rc;
	return rc ? err_context(err, "store %s: %s", w->folder->path, w->key) : 0;
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

/* Who may read the value: as the folder that it was made in says. */
static int finish_mode(const struct folder_writer *w, struct err *err)
{
	const struct folder *f = w->folder;
	const char *name;
	bool modeless = false;

	int in = store_folder_path_open_parent(f, w->temp, &name);
	if (in < 0)
		return store_folder_path_error(f, "creating", w->temp, err);
	int rc = store_folder_mode_file(in, w->fd, &f->access, &modeless);
	if (rc)
		rc = err_errno(err, "store %s: giving %s its mode", f->path, w->key);
	if (modeless)
		store_folder_sync_lacks(f, STORE_FOLDER_HAS_MODES);
	close(in);
	return rc;
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
	rc = finish_mode(w, err);
	if (rc)
		return rc;
	if (store_folder_sync_bytes(w->folder, w->fd))
		return err_errno(err, "store %s: making %s durable", path, w->key);
	int fd = w->fd;
	w->fd = -1;
	/* A close() that was interrupted has closed the file, and the bytes are
	 * durable. */
	if (close(fd) && errno != EINTR)
		return err_errno(err, "store %s: closing %s", path, w->key);
	return 0;
}

/* Names the file. A plain file that has the name stays, and that is success; anything
 * else is moved out of sight. */
static int give_name(struct folder_writer *w, struct err *err)
{
	for (int tries = 0; tries < FOLDER_TRIES; tries++) {
		int rc = store_folder_place(w->folder, w->temp, w->key, err);
		if (rc <= 0)
			return rc;
		rc = store_folder_clear_foreign(w->folder, w->key, err);
		if (rc == FOLDER_PLAIN && w->base.existed)
			*w->base.existed = true;
		if (rc)
			return rc == FOLDER_PLAIN ? 0 : rc;
	}
	return err_set(err, ERR_IO, "store %s: what lies at %s keeps changing",
	               w->folder->path, w->key);
}

/* The same; once more where there is room now. */
static int give_name_at_last(struct folder_writer *w, struct err *err)
{
	struct err why = ERR_INIT;
	int rc = give_name(w, &why);

	if (rc < 0 && store_folder_reserve_spend(w->folder, w->key))
		return give_name(w, err);
	if (rc < 0 && err)
		*err = why;
	return rc;
}

static int folder_commit(struct store_writer *writer, const void *head, struct err *err)
{
	struct folder_writer *w = (struct folder_writer *)writer;

	int rc = finish_file(w, head, err);
	if (!rc)
		rc = give_name_at_last(w, err);
	folder_abort(writer);
	return rc;
}

static const struct store_writer_ops folder_writer_ops = {
	.write = folder_write,
	.commit = folder_commit,
	.abort = folder_abort,
};

/* Before a byte of it is written. */
static int check_name(const struct folder *f, const char *key, struct err *err)
{
	const char *slash = strrchr(key, '/');
	size_t bytes = strlen(slash ? slash + 1 : key);

	if (!f->base.name_max || bytes <= f->base.name_max)
		return 0;
	return err_set(
		err, ERR_IO,
		"store %s: the name of %s has %zu bytes, and this file system takes "
		"no more than %u: keep the store on one that takes 255",
		f->path, key, bytes, f->base.name_max);
}

int store_folder_put(struct store *s, const char *key, size_t head_size,
                     struct store_writer **out, struct err *err)
{
	const struct folder *f = (const struct folder *)s;
	int rc = check_name(f, key, err);
	struct folder_writer *w = rc ? NULL : calloc(1, sizeof(*w));
	struct err why = ERR_INIT;

	if (rc)
		return rc;
	if (!w)
		return err_nomem(err, "a writer");
	rc = store_folder_temp_new(f, key, w->temp, &w->fd, &why);
	if (rc < 0 && store_folder_reserve_spend(f, key))
		rc = store_folder_temp_new(f, key, w->temp, &w->fd, &why);
	if (rc) {
		if (err)
			*err = why;
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
