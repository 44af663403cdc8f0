/*
 * Manifests in a store: reading one by the object's oid, and writing it, which
 * is the commit point of an upload.
 */
#ifndef ZLLM_MANIFEST_STORE_H
#define ZLLM_MANIFEST_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/manifest/manifest.h"

struct buf;
struct err;
struct store;

/* Reads and checks the manifest of `oid` by one of manifest.h's parsers. 0 with *out to
 * be wiped by the caller; 1 when the store has no such object; ERR_DAMAGED,
 * ERR_FORMAT, ... */
int manifest_get(struct store *s, const struct oid *oid, manifest_parse_fn *parse,
                 struct manifest *out, struct err *err);

/* The same by manifest_parse_places(), with the bytes that were read in *bytes, which the
 * caller initialises and wipes: also where they are not a manifest. */
int manifest_get_bytes(struct store *s, const struct oid *oid, struct manifest *out,
                       struct buf *bytes, struct err *err);

/* Which manifest is wanted, and how it is read. */
struct manifest_query {
	struct store *store;
	const struct oid *oid;
	manifest_parse_fn *parse;
	struct buf *bytes; /* gets those that were read; or NULL */
};

/* As manifest_get(), of what lies at `key`. */
int manifest_get_at(const struct manifest_query *q, const char *key, struct manifest *out,
                    struct err *err);

/* Takes the manifest of `oid` out of the way, which was found to be damaged or false; its
 * bytes were `found`. 0 when it is, durably (docs/store.md, "Set aside"); 1 when another
 * one is in its place, or none: that is left alone. */
int manifest_set_aside(struct store *s, const struct oid *oid, const struct buf *found,
                       struct err *err);

/* Whether the object can still be read: its manifest is live, or in trash. 1, 0, or
 * negative. Two listings at the most; nothing is read. */
int manifest_is_left(struct store *s, const struct oid *oid, struct err *err);

/* Reads the outline of the manifest of `oid`: one small request. 0; 1 when the store
 * has no such object, or none that this program reads; or negative. */
int manifest_get_outline(struct store *s, const struct oid *oid,
                         struct manifest_outline *out, struct err *err);

/* Writes the manifest unless there is one. *existed (may be NULL) is set where something
 * was at its key, which stays, and may be damaged: manifest_mend.h. */
int manifest_put(struct store *s, const struct manifest *m, bool *existed,
                 struct err *err);

#endif
