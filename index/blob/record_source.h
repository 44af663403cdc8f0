/*
 * A blob as its record has it, and where that is a delta, as its bases' records have
 * it, too:
 *
 *     record_source(tensor)  record "~base"  frames 0 1 2 3 ...
 *           |                                        ^ predicted by
 *     record_source(base)    record solo     frames 0 1 2 3 ...
 *
 * Every frame that is decoded is checked against its XXH3-128; nothing in a
 * record is trusted before. A base that is whole and yet another blob's is found when the
 * delta's frames come out wrong: what a cache or a local file gave is then taken from
 * the store, and the error names the record that is to blame.
 *
 * Read best in whole frames and in order (blob_source.h). Decoding uses the transfer's
 * pool.
 */
#ifndef ZLLM_RECORD_SOURCE_H
#define ZLLM_RECORD_SOURCE_H

#include <stdint.h>

#include "codec/common/sha256.h"
#include "codec/record.h"

struct blob_source;
struct err;
struct transfer;

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
 * is another content's. `want` is not needed afterwards. */
int record_source_open(const struct transfer *t, const struct blob_want *want,
                       struct blob_source **out, struct err *err);

/* Opens a blob that is to serve as a base: it may come from the transfer's cache of
 * bases, and goes into it. */
int record_source_open_base(const struct transfer *t, const struct oid *id,
                            struct blob_source **out, struct err *err);

/* What the record says about itself; valid until close. `s` is one that was opened
 * here. */
const struct record_head *record_source_head(const struct blob_source *s);

#endif
