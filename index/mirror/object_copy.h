/*
 * One object from a store into another: its records, the proof of the whole, and then its
 * manifest.
 *
 *     manifests are equal            there already, where the target's records are sound by
 *                                    listing or head; nothing is read
 *     else: records, SHA-256         what is not the object of its name is not copied
 *           target's manifest wrong  it is set aside
 *           manifest                 put
 *
 * Thread rule: any number of threads, each with another object.
 */
#ifndef ZLLM_OBJECT_COPY_H
#define ZLLM_OBJECT_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct blob_copy;
struct err;
struct record_map;
struct store;
struct transfer;
struct work_watch;

/* Which objects a pass takes up: those without records are small and many, and go many at
 * once; the others few at once. */
enum copy_pass { COPY_SMALL, COPY_LARGE };

struct object_copy {
	const struct transfer *from;
	struct store *to;
	struct blob_copy *blobs;
	struct record_map *listed; /* what `to` has, where it is remote; else NULL */
	unsigned lanes;            /* for the records of one object */
	enum copy_pass pass;
	const struct work_watch *watch; /* told of bytes of large ones; or NULL */
};

struct object_copied {
	uint64_t size;  /* of the object, bytes; 0 where it is not known */
	uint64_t bytes; /* of its manifest, where it was put */
	bool there;     /* it was there already, and nothing was put */
	bool mended;    /* in the place of a manifest that was wrong */
};

/* Copies `oid`. `listed`: the target has something at its manifest's key. 0; 1 when it is
 * for the other pass; ERR_MISSING, ERR_DAMAGED or ERR_MISMATCH, with what is to blame,
 * when the source does not have it whole; or another error. */
int object_copy(const struct object_copy *c, const struct oid *oid, bool listed,
                struct object_copied *out, struct err *err);

/* Whether `rc` is the object's own fault, so that the others may go on. */
bool object_copy_is_its_fault(int rc);

#endif
