#include "index/blob/file_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/blob/blob_source.h"
#include "index/blob/transfer.h"
#include "index/work/file_range.h"

enum { WINDOW = 1024 * 1024 }; /* bytes of a local file at a time */

struct file_source {
	struct blob_source source;
	int fd;
	int owned; /* the same, or -1: the caller's */
	uint64_t offset;
	char *path; /* owned; NULL where the caller has the name */
};

/* Whatever keeps the file from being read: the blob has to come from another place. */
static int read_file(struct blob_source *source, uint64_t offset, size_t n, uint8_t *dst,
                     struct err *err)
{
	struct file_source *f = (struct file_source *)source;
	struct err why = ERR_INIT;

	if (!file_range_read(f->fd, f->offset + offset, dst, n, &why))
		return 0;
	return err_set(err, ERR_DAMAGED, "%s: %s", source->name, why.text);
}

static void close_file(struct blob_source *source)
{
	struct file_source *f = (struct file_source *)source;

	if (f->owned >= 0)
		close(f->owned);
	free(f->path);
	free(f);
}

static const struct blob_source_kind file_kind = { "file", read_file, close_file };

/* From the bytes at `offset` of `fd`, on. */
static struct file_source *new_source(int fd, uint64_t offset, uint64_t size)
{
	struct file_source *f = malloc(sizeof(*f));

	if (f)
		*f = (struct file_source){
			.source = { .kind = &file_kind, .size = size, .window = WINDOW },
			.fd = fd,
			.owned = -1,
			.offset = offset,
		};
	return f;
}

int file_source_of(int fd, uint64_t offset, uint64_t size, struct blob_source **out,
                   struct err *err)
{
	struct file_source *f = new_source(fd, offset, size);

	if (!f)
		return err_nomem(err, "a local file");
	f->source.name = "of this object";
	*out = &f->source;
	return 0;
}

int file_source_open(const char *path, uint64_t offset, uint64_t size,
                     struct blob_source **out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
		               ? 1
		               : err_errno(err, "cannot open %s", path);
	struct file_source *f = new_source(fd, offset, size);
	char *name = strdup(path);
	if (!f || !name) {
		close(fd);
		free(f);
		free(name);
		return err_nomem(err, "a local file");
	}
	f->owned = fd;
	f->source.name = f->path = name;
	*out = &f->source;
	return 0;
}

int file_source_find(const struct transfer *t, const struct oid *id,
                     struct blob_source **out, struct err *err)
{
	struct err why = ERR_INIT;
	const char *path;
	uint64_t offset, size;

	if (!t->local_blob || t->local_blob(t->local_ctx, id, &path, &offset, &size))
		return 1;
	int rc = file_source_open(path, offset, size, out, &why);
	if (rc != ERR_NOMEM)
		return rc ? 1 : 0;
	*err = why;
	return rc;
}
