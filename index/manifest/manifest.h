/*
 * A manifest: the extents of one object, in order, with the small ones' bytes.
 * It is the last thing an upload writes: once it is there, the object is.
 * docs/format-manifest.md describes the bytes.
 */
#ifndef ZLLM_MANIFEST_H
#define ZLLM_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "index/model/extent.h"

struct buf;
struct err;

enum {
	MANIFEST_VERSION = 1,
	MANIFEST_SLICED = 2, /* more tensors than a header names: slices of stacks */
	MANIFEST_MAX = 1 << 30, /* bytes of the largest manifest, stored or unpacked */
	MANIFEST_OUTLINE_SIZE = 80, /* bytes */
	MANIFEST_NOTES_MAX = 64,
	MANIFEST_EXTENTS_MAX = 1 << 24,
	MANIFEST_SMALL = 4096 /* bytes: smaller inline extents predict nothing */
};

/* A fact about the object and where it came from: "path", "commit", "base.path",
 * "base.commit", "base.oid", "agent", "format" (manifest_model.h). Shown, never relied upon. */
struct manifest_note {
	const char *key; /* valid as long as the manifest; not empty */
	const char *value;
};

struct manifest {
	struct oid oid;              /* of the object */
	struct extents extents;      /* names live here; sum is filled for all */
	const uint8_t *inline_bytes; /* those of the inlined extents, in order */
	uint64_t inline_size;
	uint64_t stored; /* bytes that it was parsed from */
	struct manifest_note notes[MANIFEST_NOTES_MAX];
	size_t note_count;
	uint8_t *memory; /* owned: what the pointers point into */
};

/* What the first MANIFEST_OUTLINE_SIZE bytes of a manifest say. Not checked against
 * its checksum: good enough to tell which manifest is worth reading. */
struct manifest_outline {
	enum model_kind model; /* opaque, or safetensors for any with tensors */
	uint64_t size;         /* of the object, bytes */
	size_t extents;        /* how many */
};

void manifest_wipe(struct manifest *m);

/* The value of the note `key`, or NULL. Valid as long as the manifest. */
const char *manifest_note(const struct manifest *m, const char *key);

/* Whether `m` keeps every rule that a manifest on disk must keep (docs/
 * format-manifest.md lists them), and has only extents of kinds that its format has.
 * 0, or `code` with a sentence. */
int manifest_check(const struct manifest *m, int code, struct err *err);

/* Appends the bytes of a manifest to `out`. Deterministic. 0, ERR_INPUT when
 * manifest_check() refuses it or it is larger than MANIFEST_MAX, ERR_NOMEM. */
int manifest_format(const struct manifest *m, struct buf *out, struct err *err);

/*
 * Reads `n` bytes that claim to be the manifest of `oid`. Everything is checked:
 * on success the extents cover exactly extents.size bytes in order, counts and
 * names are within limits, inlined sizes add up to inline_size, and their
 * SHA-256 ids are right. 0, ERR_DAMAGED, ERR_FORMAT or ERR_NOMEM.
 */
int manifest_parse(const uint8_t *bytes, size_t n, const struct oid *oid,
                   struct manifest *out, struct err *err);

/* The same for one who looks for bases: leaves out notes, inline bytes, and the inline
 * extents of less than MANIFEST_SMALL bytes, of which a model may have a million. */
int manifest_parse_bases(const uint8_t *bytes, size_t n, const struct oid *oid,
                         struct manifest *out, struct err *err);

/* The same for one who only needs to know where the bytes are: inline extents that follow
 * one another are one chunk without a name and hashes, as their bytes do in inline_bytes,
 * too. A model of a million norms then takes little. */
int manifest_parse_places(const uint8_t *bytes, size_t n, const struct oid *oid,
                          struct manifest *out, struct err *err);

/* Any of these. */
typedef int manifest_parse_fn(const uint8_t *bytes, size_t n, const struct oid *oid,
                              struct manifest *out, struct err *err);

/* Reads the beginning, MANIFEST_OUTLINE_SIZE bytes, of the manifest of `oid`; false
 * where it cannot be one that this program reads. */
bool manifest_parse_outline(const uint8_t bytes[MANIFEST_OUTLINE_SIZE],
                            const struct oid *oid, struct manifest_outline *out);

#endif
