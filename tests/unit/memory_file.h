/* Files in memory, for tests: bytes in, bytes out, and nothing to remove. */
#ifndef ZLLM_TESTS_MEMORY_FILE_H
#define ZLLM_TESTS_MEMORY_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/buf.h"

static inline int memory_file_of(const void *bytes, size_t n)
{
	int fd = memfd_create("zllm-test", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, bytes, n, 0) != (ssize_t)n) {
		perror("memfd");
		abort();
	}
	return fd;
}

/* Appends all of the file to `out`. */
static inline void memory_file_read(int fd, struct buf *out)
{
	struct stat st;

	if (fstat(fd, &st) || !buf_reserve(out, (size_t)st.st_size + 1) ||
	    pread(fd, out->data + out->size, (size_t)st.st_size, 0) != st.st_size) {
		perror("memfd");
		abort();
	}
	out->size += (size_t)st.st_size;
}

#endif
