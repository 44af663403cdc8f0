/*
 * A store before another, in which a local model seems to be stored already, every
 * blob of it solo: what is put against it leaves out what that file holds, and may
 * use it as base. The bytes themselves are not in it: whoever reads them has the
 * file (base_hint.local_file, transfer.local_blob).
 *
 *     put  ->  the store below
 *     get  ->  the model's manifest, else the store below
 *     list ->  the model's blobs, then those of the store below
 */
#ifndef ZLLM_THIN_STORE_H
#define ZLLM_THIN_STORE_H

#include "codec/common/sha256.h"

struct err;
struct local_model;
struct store;

/*
 * `below` and the hashed `model` stay the caller's and outlive the store. `object` is
 * what will be put: where the model is that very object, its manifest does not show,
 * so that the object can be put; its blobs do.
 */
int thin_store_new(struct store *below, const struct local_model *model,
                   const struct oid *object, struct store **out, struct err *err);

#endif
