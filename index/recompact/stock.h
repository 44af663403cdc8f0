/*
 * The stock of a store, for the planner: which tensors it has, with their sketches, and
 * their records; in groups of like ones, within which bases are looked for.
 *
 *     manifests  --stock_add_manifest-->  blobs  --+
 *                                                  +--stock_close-->  groups, pins
 *     listing    --stock_add_record---->  records -+
 *
 * A group is of one name-key (tensor_name.h): one name, class of dtype and shape, but for
 * the leading dimension. One of more than BASE_PLAN_MAX blobs is cut where their bands
 * (tensor_sketch.h) differ, so that a family mostly stays together.
 *
 * A base that no manifest lists is in the group of whoever stands on it. A base on which
 * anything stands that is not of its group, or is not known here, is pinned: its solo
 * record stays.
 *
 * What manifests and names say is not believed, only planned by. A million tensors take
 * 250 MB. Thread rule: one thread at a time until it is closed, then any.
 */
#ifndef ZLLM_STOCK_H
#define ZLLM_STOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"
#include "codec/common/sha256.h"
#include "index/model/extent.h"
#include "index/store/store_keys.h"

struct err;
struct manifest;

enum {
	STOCK_NEEDED = 1, /* a manifest lists it */
	STOCK_PINNED = 2, /* others stand on it */
	STOCK_TRIED = 4   /* who pushed it tried all that can code it today */
};

struct stock_blob {
	struct oid id;
	uint64_t size;       /* bytes; 0 where only its record knows */
	uint64_t name;       /* the name-key */
	uint64_t remembered; /* bytes of its record when it was pushed; 0: not known */
	uint32_t object;     /* number of one that holds it; UINT32_MAX: none */
	uint32_t shape;      /* where its dimensions begin, in numbers */
	uint32_t group;
	uint16_t solo; /* what it takes alone, in thousandths: a guess */
	uint8_t dtype, dim_count, flags;
	struct tensor_sketch sketch;
};

struct stock_record {
	struct key_record record;
	uint64_t stored; /* bytes */
};

struct stock {
	struct buf blobs;   /* of struct stock_blob; closed: by group */
	struct buf records; /* of struct stock_record; closed: by id */
	struct buf dims;    /* of uint64_t */
	struct buf objects; /* of struct oid */
	uint32_t *by_id;    /* numbers of blobs, in the order of their ids; owned */
	uint32_t *starts;   /* of groups, and of what follows the last; owned */
	size_t groups;
};

void stock_init(struct stock *s);
void stock_wipe(struct stock *s);

/* Adds the tensors of a manifest that have a record and a sketch, and are larger than
 * what travels in manifests. */
int stock_add_manifest(struct stock *s, const struct manifest *m, struct err *err);

/* Adds a live record of any blob. */
int stock_add_record(struct stock *s, const struct key_record *record, uint64_t stored,
                     struct err *err);

/* Sorts, groups and pins: nothing is added after that. */
int stock_close(struct stock *s, struct err *err);

/* When it is closed: bases that `needed` has are needed, though no manifest that was added
 * lists them. */
struct gc_blobs;
void stock_mark_needed(struct stock *s, const struct gc_blobs *needed);

/* ---------------------------------------------------------------- when it is closed */

/* Bytes of all records. */
uint64_t stock_bytes(const struct stock *s);

const struct stock_blob *stock_blob_at(const struct stock *s, size_t i);
const struct oid *stock_object(const struct stock *s, uint32_t i);

/* The blobs of a group: from *first, as many as it answers. */
size_t stock_group(const struct stock *s, size_t group, size_t *first);

/* The live records of a blob: *first is the first of as many as it answers. */
size_t stock_records_of(const struct stock *s, const struct oid *id,
                        const struct stock_record **first);

/* The live records of all blobs, a blob at a time: those from number `at` on, which begins
 * with 0 and goes on by what *count answers. False when there are no more. */
bool stock_records_at(const struct stock *s, size_t at, const struct stock_record **first,
                      size_t *count);

/* Whether the blob is in a group. */
bool stock_has(const struct stock *s, const struct oid *id);

/* The live solo record of a blob whose id begins so, as edges name bases; NULL: none. */
const struct stock_record *stock_solo(const struct stock *s,
                                      const uint8_t base[KEY_BASE_PREFIX]);

/* The blob as an extent, for those who compare and code tensors: `x` uses `finding`, which
 * gets its sketch, and points into the stock. */
void stock_extent(const struct stock *s, const struct stock_blob *b, struct extent *x,
                  struct extent_finding *finding);

#endif
