/* HMAC-SHA-256 (RFC 2104 over FIPS 180-4): a message signed with a shared key. */
#ifndef ZLLM_HMAC_H
#define ZLLM_HMAC_H

#include <stdbool.h>
#include <stddef.h>

#include "codec/common/sha256.h"

/* False when memory ran out. What was made of the key is wiped. */
bool hmac_sha256(const void *key, size_t key_size, const void *message, size_t size,
                 struct oid *out);

#endif
