/*
 * A file as a run of extents: every byte belongs to exactly one, in order, so
 * any file comes back bit for bit whatever it holds. Plain data and its memory;
 * model_scan.h and extents_hash.h fill it.
 */
#ifndef ZLLM_EXTENT_H
#define ZLLM_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "codec/common/xxh128.h"
#include "codec/dtype.h"
#include "index/model/model_format.h"
#include "index/model/sketch.h"

struct err;

enum {
	TENSOR_DIMS_MAX = 16,
	TENSOR_NAME_MAX = 65535, /* bytes */
	EXTENT_BASES_MAX = 3,
	EXTENT_BASE_PREFIX = 16, /* bytes */
	EXTENT_TRIED_MAX = 7,
	EXTENT_TRIED_LOW_RANK = 128, /* flag: with a low-rank product */
	EXTENT_CANDIDATES_MAX = 3,
	EXTENT_UNKNOWN = 0xffff, /* of a candidate: not measured */
	EXTENT_INLINE_TENSOR = 64 * 1024,     /* smaller extents of a model are inline */
	EXTENT_INLINE_CHUNK = 1024 * 1024,    /* a smaller opaque file is inline, whole */
	EXTENT_INLINE_TOTAL = 8 * 1024 * 1024 /* then even small ones get records */
};

/* The numbers are stored in manifests and never change. */
enum extent_kind {
	EXTENT_CHUNK = 0,  /* a piece of something with no structure */
	EXTENT_HEADER = 1, /* what names tensors, in whatever words the format has */
	EXTENT_TENSOR = 2,
	EXTENT_GAP = 3 /* bytes between or after tensors */
};

/* What a codec made of samples of an extent: the reason for a choice. */
struct extent_trial {
	uint8_t codec;     /* enum codec_id, perhaps with EXTENT_TRIED_LOW_RANK */
	uint16_t permille; /* stored bytes in thousandths of the raw ones */
};

/* A blob that was considered as its base. */
struct extent_candidate {
	enum dtype dtype;  /* of its values */
	uint8_t source;    /* who named it: enum base_source (base_hint.h) */
	uint16_t bits;     /* estimated bit distance, hundredths of a bit */
	uint16_t steps;    /* estimated difference in units of the last place, likewise */
	uint16_t permille; /* what the best delta made of the samples */
	struct oid id;
	bool in_parts;  /* the first of several, or it predicts by parts */
	bool by_values; /* found by what it holds, and not by its name */
};

/* What a push learns of an extent that has a record: where that is, and why. */
struct extent_finding {
	/* Where its record is thought to be: the first bytes of its bases' ids, as
	 * they stand in the record's key; none for a solo record. */
	unsigned base_count;
	uint8_t bases[EXTENT_BASES_MAX][EXTENT_BASE_PREFIX];

	/* Bytes of that record, and of the solo records of its bases, when the object was
	 * pushed: a listing then tells whether they are as they were. 0: not known. */
	uint64_t stored, base_stored[EXTENT_BASES_MAX];

	/* Why it was stored as it was: what was tried when it was pushed. */
	unsigned tried_count;
	struct extent_trial tried[EXTENT_TRIED_MAX];
	unsigned candidate_count;
	struct extent_candidate candidates[EXTENT_CANDIDATES_MAX]; /* best first */

	/* Of a series of versions: how many, this one included, have been stored since
	 * the solo one that it refers to, and what they took together, in thousandths
	 * of a version (base_series.h). 0: not part of a series. */
	uint16_t series_length;
	uint32_t series_spent;

	struct tensor_sketch sketch; /* of a tensor; see there */
};

/* A run of a file's bytes. A model may have millions of small ones, which travel in the
 * manifest, so this has 96 bytes: what only extents with a record have is in their
 * finding. */
struct extent {
	uint64_t offset;      /* in the file, bytes */
	uint64_t size;        /* bytes */
	const char *name;     /* tensors: the name, UTF-8, "" where it is longer than
	                       * TENSOR_NAME_MAX or holds a NUL; else NULL */
	const uint64_t *dims; /* `dim_count` of them, outermost first */
	struct extent_finding *finding; /* NULL: nothing is known; see extent_finding() */
	struct oid id;     /* SHA-256 of the bytes; filled by extents_hash.h */
	struct xxh128 sum; /* XXH3-128 of the bytes; likewise */
	enum extent_kind kind : 8;
	enum dtype dtype : 8;   /* DTYPE_BYTES unless a tensor */
	unsigned dim_count : 8; /* 0 also where there are more than TENSOR_DIMS_MAX */
	bool inlined : 1;       /* travels in the manifest instead of a record */
};

/* What is known of `x`: all zero where nothing is. */
const struct extent_finding *extent_finding(const struct extent *x);

struct extents {
	enum model_kind model;
	uint64_t size;       /* of the file, bytes */
	struct extent *list; /* owned; in order of offset, no hole, no overlap */
	size_t count;
	/* Owned, what the extents point into; each may be NULL. */
	char *names;
	uint64_t *dims;
	struct extent_finding *findings;
};

void extents_wipe(struct extents *x);

/* Gives each extent with a record a finding that can be written to; one that has a
 * finding keeps what it says. 0, or ERR_NOMEM. */
int extents_add_findings(struct extents *x, struct err *err);

#endif
