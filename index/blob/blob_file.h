/*
 * A blob that is at hand and about to be stored: in a local file, as hashing found it, or
 * in a record that is to be coded again.
 */
#ifndef ZLLM_BLOB_FILE_H
#define ZLLM_BLOB_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "codec/common/xxh128.h"
#include "codec/dtype.h"

struct blob_source;
struct err;

struct blob_file {
	struct oid id;
	struct xxh128 sum;
	enum dtype dtype;
	int fd;
	uint64_t offset; /* bytes */
	uint64_t size;   /* bytes */

	/* Where its bytes come from if not from the file; or NULL. Samples are read anywhere in
	 * it; whoever stores the blob needs a fresh one, reads it once, in order, and has its
	 * SHA-256 proved. Not owned. */
	struct blob_source *source;
};

/* Reads exactly `n` of its bytes, from `at` on. ERR_MISMATCH where the file has ended. */
int blob_file_read(const struct blob_file *blob, uint64_t at, void *dst, size_t n,
                   struct err *err);

/* The same for who reads all of it in order, and then proves it. */
int blob_file_read_in_order(const struct blob_file *blob, uint64_t at, void *dst,
                            size_t n, struct err *err);

/* Whether what was read in order, and the rest, is the blob: 0 of a file, whose bytes were
 * hashed before. */
int blob_file_prove(const struct blob_file *blob, struct err *err);

#endif
