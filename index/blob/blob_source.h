/*
 * The bytes of a blob, wherever they are at hand. Who reads them does not see where:
 *
 *     a record, in the store or in the cache    record_source.h  --+
 *     a range of a local file                   file_source.h      +--> blob_source_read()
 *     bytes that are in memory                  memory_source.h  --+
 *
 * A local file holds whatever somebody wrote there, and a record that is whole may hold
 * another blob: what a blob's bytes are compared with is compared here.
 * Thread rule: one thread at a time for each.
 */
#ifndef ZLLM_BLOB_SOURCE_H
#define ZLLM_BLOB_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct blob_source;
struct err;
struct transfer;
struct xxh128;

/* What a maker of sources brings. */
struct blob_source_kind {
	const char *noun; /* what it reads, for messages: "record" */

	/* Reads exactly `n` bytes at `offset`; they are within the size. */
	int (*read)(struct blob_source *s, uint64_t offset, size_t n, uint8_t *dst,
	            struct err *err);
	void (*close)(struct blob_source *s); /* and frees */
};

/* A maker puts it first in its own struct, all zeros but for these. Who opened one may set
 * its transfer to a view of the same. */
struct blob_source {
	const struct blob_source_kind *kind;
	const char *name; /* for messages; the maker's */
	uint64_t size;    /* bytes of the blob */
	size_t window;    /* bytes to read at a time where all are read; at least 1 */
	const struct transfer *transfer; /* whose stop ends reading all; or NULL */

	/* Of blob_source.c alone. */
	struct sha256 *hash; /* NULL before something is to be proved */
	uint64_t hashed;     /* bytes from the start that the hash has seen */
};

void blob_source_close(struct blob_source *s); /* NULL is fine */

/* Reads [offset, offset + n) into dst; what lies past the end is zeros. A local file
 * that has ended, or cannot be read, is ERR_DAMAGED. */
int blob_source_read(struct blob_source *s, uint64_t offset, size_t n, uint8_t *dst,
                     struct err *err);

/* The same for bytes that are to be proved: what lies between the last of them and
 * these is read too, and everything hashed. ERR_INPUT where they lie before. */
int blob_source_read_in_order(struct blob_source *s, uint64_t offset, size_t n,
                              uint8_t *dst, struct err *err);

/* Either of these. */
typedef int blob_source_read_fn(struct blob_source *s, uint64_t offset, size_t n,
                                uint8_t *dst, struct err *err);

/* Whether all bytes together are the blob `id`: those that were read in order, which
 * are not read again, and the rest. 0; ERR_DAMAGED with what it is that holds others; or
 * why it could not be read. */
int blob_source_prove(struct blob_source *s, const struct oid *id, struct err *err);

/* Reads all of it in order, window by window, and hands each piece on. */
typedef int blob_piece_fn(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                          struct err *err);
int blob_source_each(struct blob_source *s, blob_piece_fn *piece, void *ctx,
                     struct err *err);

/* The same; ERR_DAMAGED, when all was handed on, where the sum of it is not `sum`. A NULL
 * `piece`: it is read for its sum alone. */
int blob_source_each_summed(struct blob_source *s, const struct xxh128 *sum,
                            blob_piece_fn *piece, void *ctx, struct err *err);

#endif
