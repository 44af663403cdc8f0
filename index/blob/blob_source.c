#include "index/blob/blob_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/blob/blob_reader.h"
#include "index/work/file_range.h"

enum { PROVE_WINDOW = 1024 * 1024 };

struct blob_source {
	int fd; /* -1: the store */
	uint64_t offset;
	struct blob_reader *reader;
	uint64_t size;

	struct sha256 *hash;
	uint64_t hashed; /* bytes from the start that the hash has seen */
};

static int source_new(struct blob_source **out, struct err *err)
{
	struct blob_source *s = calloc(1, sizeof(*s));

	if (s)
		s->hash = sha256_new();
	if (!s || !s->hash) {
		free(s);
		return err_nomem(err, "a base");
	}
	s->fd = -1;
	*out = s;
	return 0;
}

int blob_source_open_file(const char *path, uint64_t offset, uint64_t size,
                          struct blob_source **out, struct err *err)
{
	struct blob_source *s;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
		               ? 1
		               : err_errno(err, "cannot open %s", path);
	int rc = source_new(&s, err);
	if (rc) {
		close(fd);
		return rc;
	}
	s->fd = fd;
	s->offset = offset;
	s->size = size;
	*out = s;
	return 0;
}

int blob_source_open_store(const struct transfer *t, const struct oid *id,
                           struct blob_source **out, struct err *err)
{
	struct blob_source *s;
	int rc = source_new(&s, err);

	if (rc)
		return rc;
	rc = blob_reader_open_base(t, id, &s->reader, err);
	if (rc) {
		blob_source_close(s);
		return rc;
	}
	s->size = blob_reader_head(s->reader)->size;
	*out = s;
	return 0;
}

void blob_source_close(struct blob_source *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	blob_reader_close(s->reader);
	sha256_free(s->hash);
	free(s);
}

uint64_t blob_source_size(const struct blob_source *s)
{
	return s->size;
}

int blob_source_read(struct blob_source *s, uint64_t offset, size_t n, uint8_t *dst,
                     struct err *err)
{
	size_t have = offset >= s->size      ? 0
	              : s->size - offset < n ? (size_t)(s->size - offset)
	                                     : n;
	int rc = 0;

	memset(dst + have, 0, n - have);
	if (!have)
		return 0;
	if (s->reader)
		rc = blob_reader_read(s->reader, offset, have, dst, err);
	else if (file_range_read(s->fd, s->offset + offset, dst, have, err))
		rc = err_set(err, ERR_DAMAGED, "the local copy of the base is cut short");
	return rc;
}

/* Reads and hashes what comes next, up to `end`. */
static int hash_until(struct blob_source *s, uint64_t end, struct err *err)
{
	uint8_t *window = s->hashed < end ? malloc(PROVE_WINDOW) : NULL;
	int rc = 0;

	if (s->hashed < end && !window)
		return err_nomem(err, "a window");
	while (s->hashed < end && !rc) {
		uint64_t left = end - s->hashed;
		size_t n = left < PROVE_WINDOW ? (size_t)left : PROVE_WINDOW;
		rc = blob_source_read(s, s->hashed, n, window, err);
		if (rc)
			break;
		sha256_add(s->hash, window, n);
		s->hashed += n;
	}
	free(window);
	return rc;
}

int blob_source_read_in_order(struct blob_source *s, uint64_t offset, size_t n,
                              uint8_t *dst, struct err *err)
{
	uint64_t begin = offset < s->size ? offset : s->size;
	size_t have = s->size - begin < n ? (size_t)(s->size - begin) : n;

	if (have && begin < s->hashed)
		return err_set(err, ERR_INPUT, "a base is read backwards");
	int rc = have ? hash_until(s, begin, err) : 0;
	if (!rc)
		rc = blob_source_read(s, offset, n, dst, err);
	if (rc || !have)
		return rc;
	sha256_add(s->hash, dst, have);
	s->hashed += have;
	return 0;
}

int blob_source_prove(struct blob_source *s, const struct oid *id, struct err *err)
{
	struct oid found;
	int rc = hash_until(s, s->size, err);

	if (rc)
		return rc;
	sha256_finish(s->hash, &found);
	s->hashed = 0;
	return oid_equal(&found, id)
	               ? 0
	               : err_set(err, ERR_DAMAGED,
	                         "the bytes of the base are not what its id says");
}
