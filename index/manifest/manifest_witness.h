/*
 * A manifest held against the file that is the object: whoever pushes has it at hand.
 *
 * A manifest that is false stands in the way of a true one for good, and every push finds
 * it. To prove it takes all of the object, too much for a push of what is there already;
 * a glance costs no more than a request to a far store, and tells another object's
 * manifest from the right one:
 *
 *     the size, and every inline extent, headers among them     all of them
 *     extents with records                                      WITNESS_GLANCE bytes
 *     of the other tensors the sketch, where the manifest has it: some 8 000 values
 *
 * What a glance lets pass, a few bytes that differ in the middle of a large tensor, fsck
 * finds (docs/store.md, "What is proved").
 */
#ifndef ZLLM_MANIFEST_WITNESS_H
#define ZLLM_MANIFEST_WITNESS_H

#include <stdint.h>

struct err;
struct extents;
struct manifest;

enum { WITNESS_GLANCE = 16 * 1024 * 1024 }; /* bytes that are hashed */

struct manifest_witness {
	int fd;                      /* the file */
	uint64_t size;               /* of it, bytes */
	uint64_t budget;             /* bytes to hash: WITNESS_GLANCE; UINT64_MAX: all */
	const struct extents *known; /* extents of it that were hashed already; or NULL */
};

/* 0 when the file is what `m` lists, as far as was looked; 1 when it is not; or
 * negative. */
int manifest_compare_file(const struct manifest *m, const struct manifest_witness *w,
                          struct err *err);

#endif
