/*
 * All keys of a store, from one listing: the records with the edges that their names say,
 * the objects, and what is odd. Nothing is read but names and sizes.
 *
 * A hundred bytes for each record and 32 for each object; markers, names, owners and what
 * lies in trash/ are counted as they come by.
 */
#ifndef ZLLM_FSCK_LISTING_H
#define ZLLM_FSCK_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"
#include "codec/common/sha256.h"
#include "index/store/store_keys.h"

struct err;
struct store;

enum {
	FSCK_NEEDED = 1, /* flags of a record: an object is read by it */
	FSCK_LOOKED = 2, /* it was looked at, as the mode has it */
	FSCK_WRONG = 4   /* and was found to be wrong */
};

struct fsck_record {
	struct key_record what;
	uint32_t flags;
	uint64_t stored; /* bytes */
};

enum { FSCK_FOREIGN_MAX = 1000 }; /* keys that are not ours are named; more are counted */

struct fsck_listing {
	struct fsck_record *records; /* owned; in order of id, solo ones first */
	size_t record_count, record_cap;
	struct buf
		objects; /* struct oid each, in order: those with something at the key */
	struct buf unmade;  /* struct oid each, once: an owner names them, and there is no
	                     * manifest */
	struct buf foreign; /* keys, each with its NUL */
	uint64_t foreign_count;
	uint64_t record_bytes; /* of all records */
	uint64_t owners, markers, trash;
	bool ours_alone; /* what lies beside our prefixes is not listed */
	bool whole;      /* of the whole store, not of some blobs */
};

#define FSCK_LISTING_INIT                                                    \
	{                                                                    \
		.objects = BUF_INIT, .unmade = BUF_INIT, .foreign = BUF_INIT \
	}

/* Of the whole store. `l` is empty. 0, or what the store says. */
int fsck_list_all(struct fsck_listing *l, struct store *s, struct err *err);

/* Adds the records of the blob and, where these are deltas, of their bases. Then
 * fsck_listing_sort() before anything is looked up. */
int fsck_list_blob(struct fsck_listing *l, struct store *s, const struct oid *id,
                   struct err *err);
void fsck_listing_sort(struct fsck_listing *l);

void fsck_listing_wipe(struct fsck_listing *l);

/* The records of the blob whose id begins with `n` bytes of `id`; *count is how many, from
 * the one that is returned. NULL where there are none. */
struct fsck_record *fsck_records_of(const struct fsck_listing *l, const uint8_t *id,
                                    size_t n, size_t *count);

/* The record that a reader opens who was told of `remembered` by a manifest: that one, else
 * the best. NULL when there is none. */
struct fsck_record *fsck_record_read(const struct fsck_listing *l,
                                     const struct key_record *remembered);

size_t fsck_object_count(const struct fsck_listing *l);
struct oid fsck_object(const struct fsck_listing *l, size_t i);

#endif
