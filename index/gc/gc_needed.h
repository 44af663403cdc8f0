/*
 * The blobs that a store's manifests list, those in trash included: what must stay.
 */
#ifndef ZLLM_GC_NEEDED_H
#define ZLLM_GC_NEEDED_H

struct err;
struct gc_run;
struct gc_view;

/* Reads all manifests of v->objects and v->object_entries, which are sealed, and fills
 * v->needed, sorted, each blob once. An entry that is damaged is marked so, and needs
 * nothing; a live manifest that cannot be read, or an entry that a newer git-zllm wrote,
 * makes the view blind. 0, or ERR_NOMEM. */
int gc_needed_read(struct gc_view *v, struct gc_run *run, struct err *err);

#endif
