#include "index/blob/local_blob.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/work/file_range.h"
#include "index/blob/transfer.h"

struct local_blob {
	int fd;
	uint64_t offset, size;
};

struct local_blob *local_blob_open(const struct transfer *t, const struct oid *id)
{
	const char *path;
	uint64_t offset, size;

	if (!t->local_blob || t->local_blob(t->local_ctx, id, &path, &offset, &size))
		return NULL;
	struct local_blob *b = malloc(sizeof(*b));
	int fd = b ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0) {
		free(b);
		return NULL;
	}
	*b = (struct local_blob){ fd, offset, size };
	return b;
}

void local_blob_close(struct local_blob *b)
{
	if (!b)
		return;
	close(b->fd);
	free(b);
}

uint64_t local_blob_size(const struct local_blob *b)
{
	return b->size;
}

int local_blob_read(const struct local_blob *b, uint64_t offset, size_t n, uint8_t *dst,
                    struct err *err)
{
	if (offset > b->size || n > b->size - offset)
		return err_set(err, ERR_DAMAGED, "the local copy of a blob is too short");
	int rc = file_range_read(b->fd, b->offset + offset, dst, n, err);
	return rc == ERR_MISMATCH ? err_set(err, ERR_DAMAGED,
	                                    "the local copy of a blob is cut short")
	                          : rc;
}
