#include "index/fsck/fsck_content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "codec/common/sha256.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_source.h"
#include "index/blob/file_source.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/fsck/fsck_touch.h"
#include "index/store/store.h"
#include "index/work/file_range.h"

const char *fsck_source_name(enum fsck_source from)
{
	static const char *const names[FSCK_SOURCES] = {
		[FSCK_FROM_NOWHERE] = "",      [FSCK_FROM_TRASH] = "trash",
		[FSCK_FROM_RECORD] = "record", [FSCK_FROM_CACHE] = "cache",
		[FSCK_FROM_LFS] = "lfs",       [FSCK_FROM_WORKTREE] = "worktree",
		[FSCK_FROM_FOLDER] = "folder", [FSCK_FROM_STORE] = "store",
	};

	return names[from];
}

void fsck_content_close(struct fsck_content *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* ---------------------------------------------------------------- both sums at once */

struct sums {
	struct sha256 *hash;
	struct xxh128_state *sum;
	int copy; /* a file that all bytes go to; or -1 */
};

static int add_piece(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                     struct err *err)
{
	const struct sums *s = ctx;

	sha256_add(s->hash, bytes, n);
	xxh128_add(s->sum, bytes, n);
	return s->copy < 0 ? 0 : file_range_write(s->copy, offset, bytes, n, err);
}

/* 1 when the content is not the blob's, or cannot be read: another copy has to do. */
static int prove(struct blob_source *source, int copy, const struct oid *id,
                 struct xxh128 *sum, struct err *err)
{
	struct sums s = { sha256_new(), xxh128_new(), copy };
	struct err why = ERR_INIT;
	struct oid found;
	int rc = s.hash && s.sum ? blob_source_each(source, add_piece, &s, &why)
	                         : err_nomem(&why, "a hash");

	if (!rc) {
		sha256_finish(s.hash, &found);
		*sum = xxh128_finish(s.sum);
		rc = !oid_equal(&found, id);
	}
	sha256_free(s.hash);
	xxh128_free(s.sum);
	if (rc == ERR_NOMEM || (rc == ERR_IO && copy >= 0)) {
		*err = why;
		return rc;
	}
	return rc != 0;
}

/* ---------------------------------------------------------------- local files */

struct seeking {
	const struct oid *id;
	const struct fsck_use *use;
	uint64_t object_size;
	struct fsck_content *out;
	struct err *err;
};

/* -1 unless it is a plain file of that size. */
static int open_plain(const char *path, uint64_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	                (size != UINT64_MAX && (uint64_t)st.st_size != size))) {
		close(fd);
		return -1;
	}
	return fd;
}

enum { FOUND = 1 };

static int try_file(void *ctx, const char *path, enum fsck_source from)
{
	struct seeking *s = ctx;
	const struct fsck_use *use = s->use;
	struct blob_source *source = NULL;
	int fd = open_plain(path, s->object_size);

	if (fd < 0)
		return 0;
	int rc = file_source_of(fd, use->offset, use->size, &source, s->err);
	if (!rc)
		rc = prove(source, -1, s->id, &s->out->sum, s->err);
	blob_source_close(source);
	if (rc) {
		close(fd);
		return rc < 0 ? rc : 0;
	}
	*s->out = (struct fsck_content){ fd, use->offset, use->size, s->out->sum, from };
	return FOUND;
}

/* 0, 1 or negative, as fsck_content_find(). */
static int find_in_files(const struct fsck_copies *copies, const struct fsck_touch *touch,
                         struct seeking *s)
{
	size_t count;
	const struct fsck_use *uses = fsck_uses_of(touch, s->id->bytes, SHA256_SIZE,
	                                           &count);

	for (size_t i = 0; copies->each_file && i < count; i++) {
		const struct fsck_touched *object = fsck_touched(touch, uses[i].object);
		s->use = &uses[i];
		s->object_size = object->size;
		int rc = copies->each_file(copies->ctx, &object->oid, object->size,
		                           try_file, s);
		if (rc)
			return rc == FOUND ? 0 : rc;
	}
	return 1;
}

/* ---------------------------------------------------------------- other stores */

/* A file without a name. */
static int open_scratch(const char *folder, struct err *err)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *path;

	if (fd >= 0)
		return fd;
	if (asprintf(&path, "%s/fsck-XXXXXX", folder) < 0)
		return err_nomem(err, "a path");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	else
		err_errno(err, "making a file in %s", folder);
	free(path);
	return fd >= 0 ? fd : ERR_IO;
}

int fsck_content_decode(const struct fsck_copies *copies, const struct fsck_other *other,
                        const struct oid *id, struct fsck_content *out, struct err *err)
{
	struct blob_source *source = NULL;
	struct err ignored = ERR_INIT;
	char key[KEY_MAX];
	struct blob_want want = { *id, UINT64_MAX, NULL, key };

	key_blob(id, key);
	if (record_source_open(other->transfer, &want, &source, &ignored))
		return 1;
	int fd = open_scratch(copies->scratch, err), rc = fd < 0 ? fd : 0;
	struct fsck_content found = { fd, 0, source->size, { { 0 } }, other->from };
	if (!rc)
		rc = prove(source, fd, id, &found.sum, err);
	blob_source_close(source);
	if (rc)
		fsck_content_close(&found);
	else
		*out = found;
	return rc;
}

int fsck_content_find(const struct fsck_copies *copies, const struct fsck_touch *touch,
                      const struct oid *id, struct fsck_content *out, struct err *err)
{
	struct seeking seeking = { .id = id, .out = out, .err = err };
	int rc = find_in_files(copies, touch, &seeking);

	for (size_t i = 0; rc > 0 && i < copies->other_count; i++)
		rc = fsck_content_decode(copies, &copies->others[i], id, out, err);
	return rc;
}

/* ---------------------------------------------------------------- a look */

struct looking {
	uint64_t size;
	enum fsck_source from;
};

static int look_at_file(void *ctx, const char *path, enum fsck_source from)
{
	struct looking *l = ctx;
	int fd = open_plain(path, l->size);

	if (fd < 0)
		return 0;
	close(fd);
	l->from = from;
	return FOUND;
}

static enum fsck_source look_in_files(const struct fsck_copies *copies,
                                      const struct fsck_touch *touch,
                                      const struct oid *id)
{
	size_t count;
	const struct fsck_use *uses = fsck_uses_of(touch, id->bytes, KEY_BASE_PREFIX,
	                                           &count);

	for (size_t i = 0; copies->each_file && i < count; i++) {
		const struct fsck_touched *object = fsck_touched(touch, uses[i].object);
		struct looking looking = { object->size, FSCK_FROM_NOWHERE };
		if (copies->each_file(copies->ctx, &object->oid, object->size,
		                      look_at_file, &looking) == FOUND)
			return looking.from;
	}
	return FSCK_FROM_NOWHERE;
}

enum fsck_source fsck_content_look(const struct fsck_copies *copies,
                                   const struct fsck_touch *touch, const struct oid *id)
{
	enum fsck_source from = look_in_files(copies, touch, id);

	for (size_t i = 0; !from && i < copies->other_count; i++) {
		struct store *s = copies->others[i].transfer->store;
		struct store_reader *reader = NULL;
		struct err ignored = ERR_INIT;
		struct blob_place place;
		char key[KEY_MAX];
		key_blob(id, key);
		if (store_get(s, key, 0, &reader, &ignored) == 0 ||
		    blob_find(s, id, &place, &ignored) == 0)
			from = copies->others[i].from;
		store_reader_close(reader);
	}
	return from;
}
