#include "index/work/file_range.h"

#include <errno.h>
#include <unistd.h>

#include "codec/common/err.h"

int file_range_read(int fd, uint64_t offset, void *dst, size_t n, struct err *err)
{
	uint8_t *at = dst;

	while (n) {
		ssize_t got = pread(fd, at, n, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, "cannot read at byte %llu",
			                 (unsigned long long)offset);
		if (got == 0)
			return err_set(err, ERR_MISMATCH, "the file ends at byte %llu",
			               (unsigned long long)offset);
		at += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

int file_range_write(int fd, uint64_t offset, const void *src, size_t n, struct err *err)
{
	const uint8_t *at = src;

	while (n) {
		ssize_t wrote = pwrite(fd, at, n, (off_t)offset);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote == 0)
			errno = EIO;
		if (wrote <= 0)
			return err_errno(err, "cannot write at byte %llu",
			                 (unsigned long long)offset);
		at += wrote;
		offset += (uint64_t)wrote;
		n -= (size_t)wrote;
	}
	return 0;
}
