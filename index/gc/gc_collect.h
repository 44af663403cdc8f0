/*
 * Acting by a mark: out of sight with what nothing needs, and an end to what has been out of
 * sight for long enough. Each: 0, or negative where the store refuses; what failed for one
 * thing was told and counted.
 */
#ifndef ZLLM_GC_COLLECT_H
#define ZLLM_GC_COLLECT_H

struct err;
struct gc_mark;
struct gc_run;

/* Counts what stays, live and in trash. */
void gc_collect_count(struct gc_run *run, const struct gc_mark *mark);

/* Manifests that were given up, and records that nothing needs, go to trash. */
int gc_collect_move(struct gc_run *run, const struct gc_mark *mark, struct err *err);

/* Entries that are aged and needless are destroyed; one that a live record makes needless,
 * only after a look at the head of that record. */
int gc_collect_destroy(struct gc_run *run, const struct gc_mark *mark, struct err *err);

#endif
