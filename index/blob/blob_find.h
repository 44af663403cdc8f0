/*
 * Which records a blob has in a store: the listing is the index, and the bases
 * stand in the keys.
 */
#ifndef ZLLM_BLOB_FIND_H
#define ZLLM_BLOB_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/store/store_keys.h"

struct err;
struct store;
struct transfer;

struct blob_place {
	char key[KEY_MAX];
	struct key_record record; /* what the key says */
	uint64_t stored;          /* bytes */
};

/* Finds the best record of `id`: the solo one where there are several, else the
 * smallest. One listing. 0; 1 when there is none; or negative. */
int blob_find(struct store *s, const struct oid *id, struct blob_place *out,
              struct err *err);

/* The same by what the transfer has learned of the store in bulk (record_map.h),
 * where it has: what a push needs, where hundreds of blobs are looked for. */
int blob_look(const struct transfer *t, const struct oid *id, struct blob_place *out,
              struct err *err);

/* Finds the best record of the blob whose id begins so, as a delta's key names its base:
 * by what the transfer has learned, else by one listing. */
int blob_look_base(const struct transfer *t, const uint8_t base[KEY_BASE_PREFIX],
                   struct blob_place *out, struct err *err);

/* Of two records of one blob, whether the first is to be preferred. `stored` is in
 * bytes. */
bool record_is_better(const struct key_record *record, uint64_t stored,
                      const struct key_record *best, uint64_t best_stored);

#endif
