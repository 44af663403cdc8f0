/*
 * Giving back what is needed and not live: manifests, and blobs that a mark misses. A value
 * is proved before it is given back, for what was found to be wrong lies in trash too
 * (docs/store.md, "Mending").
 *
 *     a blob     its solo record; else what its live deltas stand on; else a delta in
 *                trash, and what that stands on
 */
#ifndef ZLLM_GC_RESTORE_H
#define ZLLM_GC_RESTORE_H

#include <stddef.h>

struct err;
struct gc_mark;
struct gc_run;

/* Each: 0, or negative where the store refuses; what failed for one thing was told. */
int gc_restore_objects(struct gc_run *run, const struct gc_mark *mark, struct err *err);

/* *lost is how many of the missed blobs nothing in the store, live or in trash, gives. */
int gc_restore_records(struct gc_run *run, const struct gc_mark *mark, size_t *lost,
                       struct err *err);

#endif
