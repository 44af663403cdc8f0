/*
 * A record from one store into another, as it is: its bytes are copied while they are
 * decoded, and become visible only when the content has the SHA-256 that names it.
 * Thread rule: any thread.
 */
#ifndef ZLLM_RECORD_COPY_H
#define ZLLM_RECORD_COPY_H

#include <stdint.h>

#include "codec/common/sha256.h"

struct content_part;
struct err;
struct store;
struct transfer;
struct xxh128;

/* Where a record comes from and goes to. */
struct record_way {
	const struct transfer *from;
	struct store *to;
	struct content_part *part; /* is given the content, too; or NULL */
	const struct xxh128 *sum;  /* of the content, as a manifest has it; or NULL */
	const char *as; /* the key that it gets in the target; NULL: the same. One
	                            * that lies in trash/ of the source gets its own again */
};

/*
 * Copies the record at `key`, which is one of the blob `id`. The bases of a delta must
 * have solo records in the target already (docs/store.md, I3). 0 with its size in
 * *stored; 1 when the source has no such record; ERR_MISMATCH when the content is
 * another; ERR_DAMAGED and so on. But for 0 nothing was put, and for 1 the part has been
 * given nothing.
 */
int record_copy(const struct record_way *way, const struct oid *id, const char *key,
                uint64_t *stored, struct err *err);

#endif
