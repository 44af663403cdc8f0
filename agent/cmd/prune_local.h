/*
 * Dropping local copies of LFS objects, each only after the store was seen to have it.
 */
#ifndef ZLLM_PRUNE_LOCAL_H
#define ZLLM_PRUNE_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct connection;
struct err;
struct work_watch;

/* How sure to be that an object can be had again. */
enum prune_proof {
	PROOF_LOOKED, /* its manifest, and each record by its size and head */
	PROOF_READ    /* it was decoded, and its SHA-256 is its oid */
};

struct prune_candidate {
	struct oid oid;
	uint64_t size; /* bytes of the local copy; filled by prune_local_run() */
	enum { COPY_NONE, COPY_KEPT, COPY_PROVED, COPY_DROPPED } state;
	char *why; /* of one that is kept; owned */
};

struct prune_request {
	const struct connection *connection; /* opened for downloads */
	enum prune_proof proof;
	struct prune_candidate *list;
	size_t count;
	const struct work_watch *watch; /* who is shown how far the proof is; or NULL */
};

/* Asks the store for each candidate that has a local copy: COPY_PROVED, or COPY_KEPT with
 * the reason. Removes nothing. 0, or negative where the store cannot be asked. */
int prune_local_prove(const struct prune_request *request, struct err *err);

/* Removes the copies that are proved: COPY_DROPPED. Where one cannot be removed it is kept,
 * with the reason. */
void prune_local_drop(const struct prune_request *request);

#endif
