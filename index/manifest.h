/*
 * A manifest: the extents of one object, in order, with the small ones' bytes.
 * It is the last thing an upload writes: once it is there, the object is.
 * docs/format-manifest.md describes the bytes.
 */
#ifndef ZLLM_MANIFEST_H
#define ZLLM_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/model/extents.h"

struct buf;
struct err;

enum {
	MANIFEST_VERSION = 1,
	MANIFEST_MAX = 1 << 30,        /* bytes of the largest manifest, stored or unpacked */
	MANIFEST_NOTES_MAX = 64,
	MANIFEST_INLINE_TENSOR = 64 * 1024,  /* smaller extents of a model are inline */
	MANIFEST_INLINE_CHUNK = 1024 * 1024, /* a smaller opaque file is inline, whole */
	MANIFEST_INLINE_TOTAL = 8 * 1024 * 1024 /* then even small ones get records */
};

/* A fact about where the object came from: "path", "commit", "base.path",
 * "base.commit", "base.oid", "agent". Shown, never relied upon. */
struct manifest_note {
	const char *key;   /* valid as long as the manifest */
	const char *value;
};

struct manifest {
	struct oid oid;               /* of the object */
	struct extents extents;       /* names live here; sum is filled for all */
	const uint8_t *inline_bytes;  /* those of the inlined extents, in order */
	uint64_t inline_size;
	struct manifest_note notes[MANIFEST_NOTES_MAX];
	size_t note_count;
	uint8_t *memory;              /* owned: what the pointers point into */
};

void manifest_wipe(struct manifest *m);

/* Appends the bytes of a manifest to `out`. Deterministic. */
int manifest_format(const struct manifest *m, struct buf *out, struct err *err);

/*
 * Reads `n` bytes that claim to be the manifest of `oid`. Everything is checked:
 * on success the extents cover exactly extents.size bytes in order, counts and
 * names are within limits, inlined sizes add up to inline_size, and their
 * SHA-256 ids are right. 0, ERR_DAMAGED, ERR_FORMAT or ERR_NOMEM.
 */
int manifest_parse(const uint8_t *bytes, size_t n, const struct oid *oid,
                   struct manifest *out, struct err *err);

#endif
