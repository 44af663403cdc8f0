/*
 * The SHA-256 of an object whose extents are decoded by several lanes at once. Bytes are
 * hashed in the object's order, each as it comes by: a lane whose extent is small holds
 * it until those before it have ended; one whose extent is large waits before it begins.
 *
 *     extent 0  large  [copied and hashed.........]
 *     extent 1  small  [copied, held]             [hashed]
 *     extent 2  large                                     [copied and hashed...
 *
 * So nobody waits for a turn with a lock, or a writer, that another may need first.
 *
 * Thread rule: a part is one lane's; parts must be begun in their order (index/work/
 * lanes.h does), and each must end, or those after it wait for ever.
 */
#ifndef ZLLM_CONTENT_HASH_H
#define ZLLM_CONTENT_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"
#include "codec/common/sha256.h"

struct content_hash;
struct err;
struct transfer;

/* The transfer's pool and lanes are used; it outlives the hash. */
int content_hash_new(const struct transfer *t, struct content_hash **out,
                     struct err *err);
void content_hash_free(struct content_hash *h); /* NULL is fine */

/* Once all parts have ended. */
void content_hash_finish(struct content_hash *h, struct oid *out);

/* An extent on its way. */
struct content_part {
	struct content_hash *hash;
	size_t number;
	struct buf held;
	bool first; /* all before it has ended */
};

/* `size`: bytes of it. Where these are many, returns once all parts before it have
 * ended. */
void content_part_begin(struct content_hash *h, size_t number, uint64_t size,
                        struct content_part *out);

/* Adds the bytes that come next, also to `own` unless that is NULL. */
int content_part_add(struct content_part *p, struct sha256 *own, const uint8_t *bytes,
                     size_t n, struct err *err);

/* Waits for those before it. Always to be called; also after a failure, when the hash is worth nothing. */
void content_part_end(struct content_part *p);

#endif
