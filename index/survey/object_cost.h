/*
 * What an object costs in the store: for each of its extents, which record holds
 * it and how large that is.
 */
#ifndef ZLLM_OBJECT_COST_H
#define ZLLM_OBJECT_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/frame.h"
#include "codec/record.h"
#include "index/store/store_keys.h"

struct err;
struct manifest;
struct transfer;

struct extent_cost {
	bool missing;             /* the store has no record of it */
	bool counted_before;      /* an earlier extent has the same record */
	uint64_t stored;          /* bytes of the record, head included; 0 inline */
	struct key_record record; /* which record; base_count 0: solo */
	enum codec_id codec;      /* with OBJECT_COST_CODECS, as the next two */
	enum prediction prediction;
	unsigned rank; /* of a low-rank product; else 0 */
};

/* Also opens each record to learn its codec: one more request each. */
enum { OBJECT_COST_CODECS = 1 };

/* Looks up every extent of `m` that has a record; (*out)[i] belongs to extent i.
 * The caller frees the array. */
int object_cost_find(const struct transfer *t, const struct manifest *m, unsigned flags,
                     struct extent_cost **out, struct err *err);

/* What an object comes to, its manifest included. Bytes. */
struct object_sum {
	uint64_t stored; /* its own records, those that it shares with others too */
	uint64_t needed; /* and the records of bases that are not its own */
	uint64_t added;  /* of `stored`, what the store did not have before its push */
};

/* Sums up what object_cost_find() found of `m`. A record that a push wrote is one for
 * which it noted trials. Asks for those bases whose size the manifest does not remember;
 * one that is gone adds nothing. */
int object_cost_sum(const struct transfer *t, const struct manifest *m,
                    const struct extent_cost *costs, struct object_sum *out,
                    struct err *err);

#endif
