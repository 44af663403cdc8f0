/*
 * Counting a whole store, by the level at which bytes were saved:
 *
 *   pushed    what repositories pushed: each object once for each owner
 *   objects   each different object once           (whole-file dedup)
 *   blobs     each different tensor or chunk once  (tensor dedup)
 *   stored    what the records and manifests take  (delta and solo coding)
 */
#ifndef ZLLM_STORE_CENSUS_H
#define ZLLM_STORE_CENSUS_H

#include <stdint.h>

struct err;
struct transfer;

struct store_census {
	uint64_t objects; /* number of */
	uint64_t records;
	uint64_t deltas; /* of the records */
	uint64_t pushed_bytes, object_bytes, blob_bytes, stored_bytes;
	uint64_t delta_raw, delta_stored; /* bytes of blobs stored as deltas */
	uint64_t solo_raw, solo_stored;   /* bytes of all other blobs and of what is
	                                     inline; manifests count as stored here */
	uint64_t damaged;                 /* manifests that could not be read */
};

/* Reads every manifest and lists every record. */
int store_census_take(const struct transfer *t, struct store_census *out,
                      struct err *err);

#endif
