/*
 * What leads nowhere, older than the grace period: what killed writers left, probes, base
 * markers without a solo record or a manifest, names of repositories that own nothing,
 * owners of objects that are not there. And base markers that are missing are made.
 *
 * Nothing rests on markers, temporary files and probes, so these are removed at once; the
 * others go through trash, as all that somebody might rely on does.
 */
#ifndef ZLLM_GC_SWEEP_H
#define ZLLM_GC_SWEEP_H

struct err;
struct gc_mark;
struct gc_run;

/* 0, or negative where the store refuses or cannot be listed. */
int gc_sweep(struct gc_run *run, const struct gc_mark *mark, struct err *err);

#endif
