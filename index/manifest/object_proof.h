/*
 * The proof that a store holds an object: its bytes, restored in order, have the SHA-256
 * that it is named by. And where they do not, what is to blame: records, each of which
 * should hold the blob that names it, or the manifest, which says that these blobs make
 * up the object.
 *
 *     records wrong      ->  each is named; putting them again mends the object
 *     records all right  ->  the manifest is false: it lists another object's bytes
 */
#ifndef ZLLM_OBJECT_PROOF_H
#define ZLLM_OBJECT_PROOF_H

#include "index/blob/blob_source.h"

struct err;
struct extent;
struct manifest;
struct oid;
struct transfer;

/* Restores the blob of an extent that has a record, and hands each piece on; offsets are
 * those in the object. */
int extent_restore(const struct transfer *t, const struct extent *x, blob_piece_fn *piece,
                   void *ctx, struct err *err);

enum object_verdict {
	OBJECT_PROVED,        /* it is whole */
	OBJECT_RECORDS_WRONG, /* records are missing, damaged, or another blob's */
	OBJECT_MANIFEST_FALSE /* its blobs are right, and make up something else */
};

/* Who is told of each record that is to blame: that of the blob `id`, or of one of its
 * bases; `fault` names it. */
struct object_judge {
	void (*told)(void *ctx, const struct oid *id,
	             const struct err *fault); /* or NULL */
	void *ctx;
};

/* Reads the object of `m` once where it is whole, and where it is not once more to find
 * out why. 0 with the verdict; negative when none can be given: the store fails, or a
 * newer git-zllm wrote a record. */
int object_prove(const struct transfer *t, const struct manifest *m,
                 const struct object_judge *judge, enum object_verdict *verdict,
                 struct err *err);

#endif
