/*
 * Bytes of a blob from wherever they are at hand: a range of a local file, or the
 * store. Reading in order hashes them, so that the very bytes that were used as a
 * base are proved to be the base's.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_BLOB_SOURCE_H
#define ZLLM_BLOB_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct err;
struct transfer;
struct blob_source;

/* From `size` bytes at `offset` of the file at `path`. 0; 1 when there is no such
 * file. */
int blob_source_open_file(const char *path, uint64_t offset, uint64_t size,
                          struct blob_source **out, struct err *err);

/* From the store's record of `id`. ERR_MISSING when it has none. */
int blob_source_open_store(const struct transfer *t, const struct oid *id,
                           struct blob_source **out, struct err *err);

void blob_source_close(struct blob_source *s); /* NULL is fine */

uint64_t blob_source_size(const struct blob_source *s); /* bytes */

/* Reads [offset, offset + n) into dst; what lies past the end is zeros. */
int blob_source_read(struct blob_source *s, uint64_t offset, size_t n, uint8_t *dst,
                     struct err *err);

/* The same for bytes that are to be proved: what lies between the last of them and
 * these is read too, and everything hashed. ERR_INPUT where they lie before. */
int blob_source_read_in_order(struct blob_source *s, uint64_t offset, size_t n,
                              uint8_t *dst, struct err *err);

/* Whether all bytes together are the blob `id`: those that were read in order, which
 * are not read again, and the rest. 0; ERR_DAMAGED; or why it could not be read. */
int blob_source_prove(struct blob_source *s, const struct oid *id, struct err *err);

#endif
