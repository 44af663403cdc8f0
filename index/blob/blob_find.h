/*
 * Which records a blob has in a store: the listing is the index, and the bases
 * stand in the keys.
 */
#ifndef ZLLM_BLOB_FIND_H
#define ZLLM_BLOB_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/store/store_keys.h"

struct err;
struct store;

struct blob_place {
	char key[KEY_MAX];
	struct key_record record; /* what the key says */
	uint64_t stored;          /* bytes */
};

/* Finds the best record of `id`: the solo one where there are several, else the
 * smallest. One listing. 0; 1 when there is none; or negative. */
int blob_find(struct store *s, const struct oid *id, struct blob_place *out,
              struct err *err);

/* The record number `nth` of `id` in that order, from 0; of those that are not the best
 * only the first fifteen are known. */
int blob_find_nth(struct store *s, const struct oid *id, size_t nth,
                  struct blob_place *out, struct err *err);

/* As blob_find(), of the blob whose id begins so, as a delta's key names its base. */
int blob_find_base(struct store *s, const uint8_t base[KEY_BASE_PREFIX],
                   struct blob_place *out, struct err *err);

/* Of two records of one blob, whether the first is to be preferred. `stored` is in
 * bytes. */
bool record_is_better(const struct key_record *record, uint64_t stored,
                      const struct key_record *best, uint64_t best_stored);

#endif
