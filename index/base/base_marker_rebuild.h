/*
 * Markers made from the manifests: for a store from before there were any, or where some
 * could not be written. Nothing is taken away, and nothing else is written.
 */
#ifndef ZLLM_BASE_MARKER_REBUILD_H
#define ZLLM_BASE_MARKER_REBUILD_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct oid;
struct transfer;

struct marker_rebuild {
	size_t objects; /* whose manifests were read */
	size_t made;    /* markers */
	size_t known;   /* markers that were there, or whose blob has one already */
};

/* Which blobs' markers are worth remembering while others are made: who knows what has a
 * solo record is not led to fill the memory with millions that lead nowhere. */
struct marker_known {
	bool (*has_solo)(void *ctx, const struct oid *id);
	void *ctx;
};

/*
 * For every object of the store: the markers that a push of it would write today, of
 * blobs that have none. A tensor that the manifest has no sketch of is read for it, as far
 * as needed. Objects whose manifest cannot be read, and tensors whose solo record cannot,
 * are passed over. `known` may be NULL. 0, or negative when the store cannot be listed.
 */
int base_markers_rebuild(const struct transfer *t, const struct marker_known *known,
                         struct marker_rebuild *out, struct err *err);

#endif
