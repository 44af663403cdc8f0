/*
 * Records that were moved out of sight. Whoever mends may have moved a good one, and died
 * before he gave it back (docs/store.md, "Mending"): readers that find no live record look
 * for one in trash/. To a push what lies there counts as absent.
 */
#ifndef ZLLM_BLOB_RECALL_H
#define ZLLM_BLOB_RECALL_H

#include <stddef.h>

struct blob_claim;
struct blob_place;
struct err;
struct store;

/* Finds the records of the blob in trash/ that are sound by their heads, and gives number
 * `nth` of them, from 0: one that was proved wrong may lie beside a good one, so whoever
 * reads it looks at its content. One listing, and a small request for each entry. 0; 1 when
 * there are not so many; or negative. */
int blob_recall(struct store *s, const struct blob_claim *claim, size_t nth,
                struct blob_place *out, struct err *err);

#endif
