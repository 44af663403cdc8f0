/*
 * Records that were moved out of sight. Whoever mends may have moved a good one, and died
 * before he gave it back (docs/store.md, "Mending"): readers that find no live record look
 * for one in trash/. To a push what lies there counts as absent.
 */
#ifndef ZLLM_BLOB_RECALL_H
#define ZLLM_BLOB_RECALL_H

struct blob_claim;
struct blob_place;
struct err;
struct store;

/* Finds a record of the blob in trash/ that is sound by its head. One listing, and a small
 * request for each entry. 0; 1 when there is none; or negative. */
int blob_recall(struct store *s, const struct blob_claim *claim, struct blob_place *out,
                struct err *err);

#endif
