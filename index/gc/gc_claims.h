/*
 * What a gc does for git-annex (docs/store.md, "Claims"): the claims of keys that were
 * removed end when they are aged, so that their objects are needed by others alone; and the
 * markers that say which object is a key's content follow their claims.
 */
#ifndef ZLLM_GC_CLAIMS_H
#define ZLLM_GC_CLAIMS_H

#include <stdbool.h>

struct err;
struct gc_mark;
struct gc_other;
struct gc_run;

/* Whether the entry is such a marker, which goes by its claim and not by age alone. */
bool gc_claims_have(const struct gc_other *entry);

/* 0, or negative where the store refuses or cannot be listed. */
int gc_claims_sweep(struct gc_run *run, const struct gc_mark *mark, struct err *err);

#endif
