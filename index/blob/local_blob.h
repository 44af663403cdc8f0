/*
 * A blob in a local file, as transfer.local_blob says. Its bytes are not trusted:
 * whoever reads them has a sum to compare them with.
 * Thread rule: constant once open; any thread may read.
 */
#ifndef ZLLM_LOCAL_BLOB_H
#define ZLLM_LOCAL_BLOB_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct local_blob;
struct oid;
struct transfer;

/* NULL where no local file is known to hold `id`, or it cannot be opened: then the
 * store has to do. */
struct local_blob *local_blob_open(const struct transfer *t, const struct oid *id);
void local_blob_close(struct local_blob *b); /* NULL is fine */

uint64_t local_blob_size(const struct local_blob *b); /* bytes, as was said */

/* Reads exactly `n` bytes at `offset`; ERR_DAMAGED where the file has them not. */
int local_blob_read(const struct local_blob *b, uint64_t offset, size_t n, uint8_t *dst,
                    struct err *err);

#endif
