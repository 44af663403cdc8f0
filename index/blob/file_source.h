/*
 * A blob in a local file: of the working tree, of git-lfs's storage, or where
 * transfer.local_blob says. Its bytes are not trusted: who reads them has a sum or an id
 * to compare them with (blob_source.h).
 */
#ifndef ZLLM_FILE_SOURCE_H
#define ZLLM_FILE_SOURCE_H

#include <stdint.h>

struct blob_source;
struct err;
struct oid;
struct transfer;

/* The `size` bytes at `offset` of the file at `path`. 0; 1 when there is no such
 * file. */
int file_source_open(const char *path, uint64_t offset, uint64_t size,
                     struct blob_source **out, struct err *err);

/* Likewise of the open file `fd`, which stays the caller's and outlives the source. */
int file_source_of(int fd, uint64_t offset, uint64_t size, struct blob_source **out,
                   struct err *err);

/* The blob `id` where transfer.local_blob knows it. 0; 1 where no local file is known to
 * hold it, or it cannot be opened: then it has to come from the store; or ERR_NOMEM. */
int file_source_find(const struct transfer *t, const struct oid *id,
                     struct blob_source **out, struct err *err);

#endif
