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

#endif
