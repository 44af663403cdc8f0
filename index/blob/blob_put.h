/*
 * Writes one blob into the store as a record: raw frames in, coded frames out,
 * a window at a time, each decoded again and compared before it is sent
 * (codec/frame.h).
 */
#ifndef ZLLM_BLOB_PUT_H
#define ZLLM_BLOB_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/record.h"
#include "index/blob/blob_file.h"

struct bases;
struct codec;
struct err;
struct key_record;
struct low_rank;
struct transfer;
struct turns;
struct work_meter;

/* How it is to be stored. */
struct blob_plan {
	const struct codec *codec;
	struct record_basis basis; /* where codec->needs_base; each base predicts one part
	                            * at the most */
	const struct low_rank *low_rank; /* added to the basis' prediction, or NULL */
	const struct bases *bases;       /* of the basis, freshly opened */
	struct work_meter *meter;        /* counts the blob's bytes as they are coded */
	bool *existed; /* set where something had the record's key, which stays; or NULL */
	const char *key; /* where the record is put instead of at its own key: an entry of
	                  * trash/ that was never used; or NULL */
	struct turns *turns; /* the record is begun in this turn; or NULL: at any time */
	size_t turn;
};

/* What the key of the record says. */
void blob_plan_record(const struct blob_plan *plan, const struct oid *id,
                      struct key_record *out);

/*
 * Writes the record and makes it durable; its stored bytes are added to *stored.
 * ERR_MISMATCH when the file no
 * longer holds what was hashed, ERR_DAMAGED when a base, or the record that the blob comes
 * from, is not the blob its id says, or a base is too short: then nothing is in the store.
 */
int blob_put(const struct transfer *t, const struct blob_file *blob,
             const struct blob_plan *plan, uint64_t *stored, struct err *err);

#endif
