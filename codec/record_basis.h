/*
 * What a record derives from: up to three bases, and which parts of the blob each of them
 * predicts. docs/format-record.md, 2.3.
 *
 * Pure; thread rule: as for any plain data.
 */
#ifndef ZLLM_RECORD_BASIS_H
#define ZLLM_RECORD_BASIS_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "codec/dtype.h"
#include "codec/parts.h"

enum { RECORD_BASES_MAX = 3 };

/* What the differences of a delta refer to. */
enum prediction {
	PREDICTION_NONE = 0,        /* solo */
	PREDICTION_BASE = 1,        /* the bytes of one base */
	PREDICTION_LOW_RANK = 2,    /* one base, perhaps cast, plus a low-rank product */
	PREDICTION_COMBINATION = 3, /* reserved: a linear combination of bases */
	PREDICTION_CAST = 4,        /* the values of one base, cast to our dtype */
	PREDICTION_PARTS = 5        /* parts of up to three bases, perhaps cast */
};

struct record_base {
	struct oid id;
	uint64_t offset;  /* byte of the base that predicts byte 0 of the blob; 0 where
	                   * there are parts */
	enum dtype dtype; /* of its values; another than the blob's: they are cast */
};

/* What a delta derives from, and how. All bases are of one dtype. */
struct record_basis {
	unsigned base_count; /* 0: solo; 1 where there are no parts */
	struct record_base bases[RECORD_BASES_MAX];
	struct parts parts; /* parts.count 0: all of the one base, in order */
};

/* Why a blob of `size` bytes of `dtype` cannot have this basis, as half a sentence, or
 * NULL. */
const char *record_basis_fault(const struct record_basis *b, enum dtype dtype,
                               uint64_t size);

/* Whether they are the same parts of the same bases. */
bool record_basis_equal(const struct record_basis *a, const struct record_basis *b);

#endif
