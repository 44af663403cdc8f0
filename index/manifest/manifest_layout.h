/*
 * Numbers of docs/format-manifest.md that writer and reader share.
 *
 *     [head, 80 bytes] [body, packed or not: notes, extents, inline bytes] [sum]
 */
#ifndef ZLLM_MANIFEST_LAYOUT_H
#define ZLLM_MANIFEST_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#define MANIFEST_MAGIC "ZLLMMAN\0" /* eight bytes, the last one 0 */

enum {
	MANIFEST_MAGIC_SIZE = 8,
	MANIFEST_HEAD_SIZE = 80,
	MANIFEST_SUM_SIZE = 16,
	MANIFEST_NOTE_MIN = 6,    /* bytes of a note with empty texts */
	MANIFEST_EXTENT_MIN = 14, /* bytes of an extent with nothing optional */
	MANIFEST_SLACK = 1024,    /* extents of an object that need no reason */
	MANIFEST_SLICE_MIN = 64 * 1024, /* bytes of a slice of a stack */
	MANIFEST_ZSTD_LEVEL = 3
};

enum manifest_packing { MANIFEST_STORED = 0, MANIFEST_ZSTD = 1 };

/* The flags of an extent. */
enum {
	MANIFEST_INLINED = 1,
	MANIFEST_BASES = 6, /* two bits: how many bases its record had */
	MANIFEST_BASES_SHIFT = 1,
	MANIFEST_TRIED = 0x38, /* three bits: how many trials */
	MANIFEST_TRIED_SHIFT = 3,
	MANIFEST_FINDING = 0x40 /* a block that says what was found */
};

struct buf;
struct cursor;
struct extent;
struct extent_finding;
struct extents;

/* The finding of an extent (manifest_finding.c): what is known of its base, and its
 * sketch. Whether there is any; appending it; reading it. A finding is only ever shown
 * or taken for a hint, so one that makes no sense counts as none. */
bool manifest_has_finding(const struct extent_finding *f);
void manifest_add_finding(struct buf *body, const struct extent_finding *f);
void manifest_read_finding(struct cursor *c, struct extent_finding *f);

/*
 * The sums over a manifest's extents, which bound how many there may be: an object of
 * some bytes cannot need more. Add each extent in order, then end. Both return what is
 * wrong, or NULL.
 */
struct manifest_tally {
	uint64_t end;     /* bytes of the object so far */
	uint64_t inlined; /* of those, inline */
	uint64_t headers; /* of those, in header extents */
	uint64_t tensors, others; /* extents */
	unsigned version; /* of the manifest: with 2 tensors may be slices of stacks */
};

const char *manifest_tally_add(struct manifest_tally *t, const struct extent *x);
const char *manifest_tally_end(const struct manifest_tally *t, uint64_t size,
                               uint64_t inline_size);

/* The version that a manifest of these extents needs: MANIFEST_VERSION where that will do. */
unsigned manifest_version(const struct extents *all);

static inline bool manifest_version_known(unsigned version)
{
	return version == 1 || version == 2;
}

/* How many extents an object of `size` bytes may have at the most, whatever they are:
 * a tensor takes 48 bytes of its header, and a gap at least one beside it. */
static inline uint64_t manifest_extents_limit(uint64_t size)
{
	return MANIFEST_SLACK + size / 16;
}

/* How large a body `packed` bytes may unpack to: what a reader is willing to
 * allocate for them. A body that packs better is stored unpacked. */
static inline uint64_t manifest_unpacked_limit(uint64_t packed)
{
	return 65536 + 4096 * packed;
}

#endif
