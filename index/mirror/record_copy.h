/*
 * A record from one store into another, as it is: its bytes are copied while they are
 * decoded, and become visible only when the content has the SHA-256 that names it.
 * Thread rule: any thread.
 */
#ifndef ZLLM_RECORD_COPY_H
#define ZLLM_RECORD_COPY_H

#include <stdint.h>

#include "codec/common/sha256.h"

struct err;
struct store;
struct transfer;

/*
 * Copies the record at `key`, which is one of the blob `id`, from the store of `from`
 * to `to`. The bases of a delta must have solo records in `to` already (docs/store.md,
 * I3). 0 with its size in *stored; 1 when `from` has no such record; ERR_MISMATCH when
 * the content is another; ERR_DAMAGED and so on. But for 0 nothing was put.
 */
int record_copy(const struct transfer *from, struct store *to, const struct oid *id,
                const char *key, uint64_t *stored, struct err *err);

#endif
