/*
 * Making way for a good manifest, and finding one that was moved out of sight.
 *
 * A damaged manifest stands in the way of a good one, for a put replaces nothing. It is
 * moved to trash/, then the good one is put. Two may mend at once, and any of them may
 * die between any two steps (docs/store.md, "Mending"): whoever moved a good manifest
 * gives it back, and until then, or when he died, readers find it in trash/.
 */
#ifndef ZLLM_MANIFEST_MEND_H
#define ZLLM_MANIFEST_MEND_H

#include <stdint.h>

#include "index/manifest/manifest.h"

struct buf;
struct err;
struct oid;
struct store;

/* Moves a damaged manifest of `oid`, or what else lies at its key, out of the way; a good
 * one stays. 0 or negative. */
int manifest_clear_way(struct store *s, const struct oid *oid, struct err *err);

/* Writes the manifest, and mends: when this returns 0 a good manifest of the object is in
 * the store for good, this or another's. `m` was made of the file `fd`: another manifest
 * that is there is held against it, and is moved out of the way where it is false. */
int manifest_put_sure(struct store *s, const struct manifest *m, int fd, struct err *err);

/* manifest_get() for readers: a manifest that is not at its key, or is damaged there, is
 * looked for in trash/. One listing more where the store does not have the object. */
int manifest_recall(struct store *s, const struct oid *oid, manifest_parse_fn *parse,
                    struct manifest *out, struct err *err);

/* The same for manifest_get_bytes(). */
int manifest_recall_bytes(struct store *s, const struct oid *oid, struct manifest *out,
                          struct buf *bytes, struct err *err);

#endif
