/* Reading exact ranges of local files, retried where the system asks for it. */
#ifndef ZLLM_FILE_RANGE_H
#define ZLLM_FILE_RANGE_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* Reads exactly `n` bytes at `offset`. ERR_MISMATCH when the file ends before. */
int file_range_read(int fd, uint64_t offset, void *dst, size_t n, struct err *err);

/* Writes all `n` bytes at `offset`. */
int file_range_write(int fd, uint64_t offset, const void *src, size_t n, struct err *err);

#endif
