/*
 * A look at a batch, before anything is read whole: which files are one unit, and sketches
 * of a few tensors of each unit, by which units are compared.
 *
 *     model-00001-of-00003.safetensors  --+
 *     model-00002-of-00003.safetensors    +-->  a unit: shards of one
 *     model-00003-of-00003.safetensors  --+
 *     adapter.safetensors               ----->  another
 *     config.json, README.md, ...       ----->  a unit without tensors
 *
 * Only headers are read, and a few KiB of each tensor that is sketched. Which ones these
 * are is decided by their names and sizes (base_marker_rank()), so units of one
 * architecture have the same ones, and large ones come first: `bytes` says for how many
 * bytes of the unit each stands.
 */
#ifndef ZLLM_BATCH_SCAN_H
#define ZLLM_BATCH_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"
#include "codec/dtype.h"
#include "index/model/extent.h"
#include "index/model/sketch.h"

struct batch;
struct err;

struct batch_tensor {
	uint64_t name; /* the name-key; 0: bytes without a structure */
	uint64_t rank;
	uint64_t offset, size; /* in its file, bytes */
	uint64_t bytes;        /* of the unit that it stands for */
	uint32_t file;
	uint8_t dtype, dim_count;
	uint64_t dims[TENSOR_DIMS_MAX];
	struct tensor_sketch sketch;
};

struct batch_unit {
	uint32_t model;
	uint32_t file;          /* its first */
	uint64_t bytes;         /* of all its files */
	uint64_t tensor_bytes;  /* of all that its tensors stand for */
	size_t tensors, count;  /* where they begin, and how many */
	size_t large;           /* all that will have a record of their own, about */
};

struct batch_scan {
	struct buf units;   /* of struct batch_unit */
	struct buf tensors; /* of struct batch_tensor */
	uint32_t *unit_of;  /* of each file; owned */
};

/* Looks at all files, several at once, at `tensors` tensors of each unit. A file that
 * cannot be read is one without tensors: whoever stores it will say so. 0 or negative. */
int batch_scan_run(const struct batch *b, unsigned tensors, struct batch_scan *out,
                   struct err *err);
void batch_scan_wipe(struct batch_scan *s);

size_t batch_unit_count(const struct batch_scan *s);
const struct batch_unit *batch_unit(const struct batch_scan *s, size_t i);
const struct batch_tensor *batch_tensor(const struct batch_scan *s, size_t i);

/* Whether it has tensors that units are compared by. */
bool batch_unit_has_tensors(const struct batch_scan *s, size_t i);

/* The tensor as an extent, for those who compare: `x` uses `finding` and points into `t`. */
void batch_tensor_extent(const struct batch_tensor *t, struct extent *x,
                         struct extent_finding *finding);

/* The name of a file without the number of its shard, `n` bytes at most: for those who ask
 * which belong together. "a/model-00002-of-00003.safetensors" is "a/model.safetensors". */
void batch_stem(const char *name, char *out, size_t n);

#endif
