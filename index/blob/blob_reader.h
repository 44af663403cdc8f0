/*
 * Reads the content of a blob out of its record, and where that is a delta, out
 * of its base's record too:
 *
 *     blob_reader(tensor)  record "~base"  frames 0 1 2 3 ...
 *           |                                      ^ predicted by
 *     blob_reader(base)    record solo     frames 0 1 2 3 ...
 *
 * Every frame that is decoded is checked against its XXH3-128; nothing in a
 * record is trusted before. A base that is whole and yet another blob's is found when the
 * delta's frames come out wrong: what a cache or a local file gave is then taken from
 * the store, and the error names the record that is to blame.
 * Thread rule: one thread at a time for each reader; decoding itself uses the
 * transfer's pool.
 */
#ifndef ZLLM_BLOB_READER_H
#define ZLLM_BLOB_READER_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "codec/record.h"

struct err;
struct transfer;
struct blob_reader;

/* How deep bases may lie. What this program writes is one deep; a store may hold
 * more for a while when two recompactions met. */
enum { BLOB_DEPTH_MAX = 4 };

/* What is to be read. */
struct blob_want {
	struct oid id;
	uint64_t size;            /* bytes that its content must have; UINT64_MAX: any */
	const struct xxh128 *sum; /* and the sum, as the manifest has it; NULL: any */
	const char *key;          /* where its record is thought to be, or NULL; where it
	                           * is not there, the store is listed */
};

/* ERR_MISSING when the store has no record of the blob; ERR_DAMAGED where the one it has
 * is another content's. Nothing of `want` needs to stay. */
int blob_reader_open(const struct transfer *t, const struct blob_want *want,
                     struct blob_reader **out, struct err *err);

/* Opens a blob that is to serve as a base: it may come from the transfer's cache of
 * bases, and goes into it. */
int blob_reader_open_base(const struct transfer *t, const struct oid *id,
                          struct blob_reader **out, struct err *err);
void blob_reader_close(struct blob_reader *r); /* NULL is fine */

/* What the record says about itself; valid until close. */
const struct record_head *blob_reader_head(const struct blob_reader *r);

/* Restores `n` bytes at `offset` of the content into `dst`. Best in whole frames
 * and in order. */
int blob_reader_read(struct blob_reader *r, uint64_t offset, size_t n, uint8_t *dst,
                     struct err *err);

/* Restores all of the content in order, window by window, and hands each piece on. */
typedef int blob_piece_fn(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                          struct err *err);
int blob_reader_each(struct blob_reader *r, blob_piece_fn *piece, void *ctx,
                     struct err *err);

/* Restores all of it for its SHA-256: ERR_MISMATCH, with the record's key, where that is
 * not `id`. */
int blob_reader_prove(struct blob_reader *r, const struct oid *id, struct err *err);

#endif
