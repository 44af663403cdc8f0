#include "index/model/model_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "codec/common/le.h"
#include "index/model/extent.h"
#include "index/model/safetensors.h"

/* Reads the file's first `n` bytes; `n` is at most the size it had. */
static int read_start(int fd, uint8_t *bytes, size_t n, struct err *err)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(fd, bytes + done, n - done, (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, "cannot read at byte %zu", done);
		if (got == 0)
			return err_set(err, ERR_IO,
			               "the file ended at byte %zu while it was read",
			               done);
		done += (size_t)got;
	}
	return 0;
}

static int whole_as_chunk(uint64_t size, struct extents *out, struct err *err)
{
	struct extents x = { .model = MODEL_OPAQUE, .size = size };

	if (size) {
		x.list = calloc(1, sizeof(*x.list));
		if (!x.list)
			return err_nomem(err, "a list of extents");
		x.count = 1;
		x.list[0].kind = EXTENT_CHUNK;
		x.list[0].size = size;
	}
	*out = x;
	return 0;
}

/* The bytes that hold the header, if the file may be safetensors; else 0. */
static uint64_t header_size(const uint8_t start[8], uint64_t file_size)
{
	uint64_t length = le64_load(start);

	if (length > SAFETENSORS_HEADER_MAX || length > file_size - 8)
		return 0;
	return 8 + length;
}

/* 0, 1 where the file is no safetensors, or an error. */
static int scan_safetensors(int fd, uint64_t size, struct extents *out, struct err *err)
{
	uint8_t start[8];
	struct err why = ERR_INIT;

	if (size < sizeof(start))
		return 1;
	int rc = read_start(fd, start, sizeof(start), err);
	if (rc)
		return rc;
	uint64_t n = header_size(start, size);
	if (!n)
		return 1;
	uint8_t *bytes = malloc(n);
	if (!bytes)
		return err_nomem(err, "the header of a safetensors file");
	rc = read_start(fd, bytes, n, err);
	if (!rc) {
		rc = safetensors_parse(bytes, n, size, out, &why);
		if (rc < 0)
			err_set(err, rc, "%s", why.text);
		return rc;
	}
	free(bytes);
	return rc;
}

int model_scan(int fd, uint64_t size, struct extents *out, struct err *err)
{
	int rc = scan_safetensors(fd, size, out, err);

	return rc == 1 ? whole_as_chunk(size, out, err) : rc;
}
