/*
 * Writes one blob into the store as a record: raw frames in, coded frames out,
 * a window at a time, each decoded again and compared before it is sent
 * (codec/frame.h).
 */
#ifndef ZLLM_BLOB_PUT_H
#define ZLLM_BLOB_PUT_H

#include <stdint.h>

#include "codec/common/sha256.h"
#include "codec/common/xxh128.h"
#include "codec/dtype.h"
#include "codec/record.h"

struct blob_source;
struct codec;
struct err;
struct transfer;
struct work_meter;

/* A blob in a local file, as hashing found it. */
struct blob_file {
	struct oid id;
	struct xxh128 sum;
	enum dtype dtype;
	int fd;
	uint64_t offset; /* bytes */
	uint64_t size;   /* bytes */
};

/* How it is to be stored. */
struct blob_plan {
	const struct codec *codec;
	struct record_base base;    /* where codec->needs_base */
	struct blob_source *source; /* of its bytes, freshly opened; else NULL */
};

/*
 * Writes the record and makes it durable; its stored bytes are added to *stored.
 * `meter` counts the blob's bytes as they are coded. ERR_MISMATCH when the file no
 * longer holds what was hashed, ERR_DAMAGED when the base is not the blob its id
 * says: then nothing is in the store.
 */
int blob_put(const struct transfer *t, const struct blob_file *blob,
             const struct blob_plan *plan, struct work_meter *meter, uint64_t *stored,
             struct err *err);

#endif
