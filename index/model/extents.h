/*
 * A file as a run of extents: every byte belongs to exactly one, in order, so
 * any file comes back bit for bit whatever it holds.
 *
 * model_scan() looks at a file's content, never at its name: a valid
 * safetensors file becomes its header, tensors, gaps and tail; any other file
 * becomes content-defined chunks (chunker.h). Nothing is refused.
 */
#ifndef ZLLM_EXTENTS_H
#define ZLLM_EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "codec/common/xxh128.h"
#include "codec/dtype.h"
#include "index/model/tensor_sketch.h"

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
enum model_kind { MODEL_OPAQUE = 0, MODEL_SAFETENSORS = 1 };
enum extent_kind {
	EXTENT_CHUNK = 0,  /* a piece of something with no structure */
	EXTENT_HEADER = 1, /* length field and JSON of a safetensors file */
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
	bool in_parts; /* the first of several, or it predicts by parts */
};

struct extent {
	enum extent_kind kind;
	enum dtype dtype;   /* DTYPE_BYTES unless a tensor */
	uint64_t offset;    /* in the file, bytes */
	uint64_t size;      /* bytes */
	const char *name;   /* tensors: the name, UTF-8, "" where it is longer than
	                     * TENSOR_NAME_MAX or holds a NUL; else NULL */
	unsigned dim_count; /* 0 also where there are more than TENSOR_DIMS_MAX */
	uint64_t dims[TENSOR_DIMS_MAX];

	bool inlined;      /* travels in the manifest instead of a record */
	struct oid id;     /* SHA-256 of the bytes; filled by extents_hash() */
	struct xxh128 sum; /* XXH3-128 of the bytes; likewise */

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

	struct tensor_sketch sketch; /* of a tensor with a record; see there */
};

struct extents {
	enum model_kind model;
	uint64_t size;       /* of the file, bytes */
	struct extent *list; /* owned; in order of offset, no hole, no overlap */
	size_t count;
	char *names; /* owned: where the names live */
};

void extents_wipe(struct extents *x);

/* Finds the tensors of the file `fd` of `size` bytes. 0 with *out filled, or
 * ERR_IO, ERR_NOMEM. A file that is no valid safetensors gets MODEL_OPAQUE and
 * one chunk extent of the whole: extents_hash() cuts it. */
int model_scan(int fd, uint64_t size, struct extents *out, struct err *err);

/* Whether all of a file that was scanned will travel in the manifest (extents_hash()
 * says what does). */
bool extents_all_inline(const struct extents *x);

/* Says how far a pass has come: called now and then with bytes done in all. */
typedef void extents_progress_fn(void *ctx, uint64_t bytes);

/*
 * One pass over the file: cuts what has no structure into chunks, fills `id`
 * and `sum` of every extent, decides which travel in the manifest, and gives
 * the SHA-256 of the whole file. Memory is a few MiB whatever the size, and the
 * list. The hash of the whole and those of the extents run on two threads.
 *
 * Inline are: an opaque file smaller than EXTENT_INLINE_CHUNK, whole; and, in
 * order, extents of a model smaller than EXTENT_INLINE_TENSOR as long as they
 * add up to EXTENT_INLINE_TOTAL at most; and all that are empty.
 *
 * 0; ERR_MISMATCH when the file is no longer x->size bytes long; ERR_IO;
 * ERR_NOMEM. On failure `x` is as it was. `progress` may be NULL.
 */
int extents_hash(int fd, struct extents *x, struct oid *whole,
                 extents_progress_fn *progress, void *ctx, struct err *err);

#endif
