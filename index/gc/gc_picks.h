/*
 * Which things of a view have a verdict, and are in the part that a run acts on: their
 * numbers in the view's array.
 */
#ifndef ZLLM_GC_PICKS_H
#define ZLLM_GC_PICKS_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"
#include "index/gc/gc_mark.h"

struct err;
struct gc_run;

struct gc_picks {
	const uint32_t *list;
	size_t count;
	struct buf bytes;
};

/* Each: 0, or ERR_NOMEM. The caller wipes, also after an error; *out begins as zeros. */
int gc_picks_objects(struct gc_picks *out, const struct gc_run *run,
                     const struct gc_mark *mark, enum gc_verdict verdict,
                     struct err *err);
int gc_picks_object_entries(struct gc_picks *out, const struct gc_run *run,
                            const struct gc_mark *mark, enum gc_verdict verdict,
                            struct err *err);
int gc_picks_records(struct gc_picks *out, const struct gc_run *run,
                     const struct gc_mark *mark, enum gc_verdict verdict,
                     struct err *err);
int gc_picks_record_entries(struct gc_picks *out, const struct gc_run *run,
                            const struct gc_mark *mark, enum gc_verdict verdict,
                            struct err *err);

/* The blobs that the mark misses. */
int gc_picks_missed(struct gc_picks *out, const struct gc_run *run,
                    const struct gc_mark *mark, struct err *err);
void gc_picks_wipe(struct gc_picks *p);

#endif
