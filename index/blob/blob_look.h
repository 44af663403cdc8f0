/*
 * Which records a blob has, by what a transfer has learned of its store in bulk: what a
 * push needs, where hundreds of blobs are looked for.
 * Thread rule: any thread may ask at any time.
 */
#ifndef ZLLM_BLOB_LOOK_H
#define ZLLM_BLOB_LOOK_H

#include <stdint.h>

#include "index/store/store_keys.h"

struct blob_place;
struct err;
struct oid;
struct transfer;

/* As blob_find(), by the transfer's map (record_map.h) where that knows the blob. */
int blob_look(const struct transfer *t, const struct oid *id, struct blob_place *out,
              struct err *err);

/* As blob_find_base(), likewise. */
int blob_look_base(const struct transfer *t, const uint8_t base[KEY_BASE_PREFIX],
                   struct blob_place *out, struct err *err);

#endif
