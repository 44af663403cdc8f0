/*
 * The look at a whole store, in the order that carries the proof (docs/store.md, "gc"):
 *
 *     live owners, owners in trash and traces, live manifests, manifests in trash,
 *     all of these manifests read, live records, records in trash
 *
 * each listing over before the next begins.
 */
#ifndef ZLLM_GC_LOOK_H
#define ZLLM_GC_LOOK_H

struct err;
struct gc_run;
struct gc_view;

/* run->ages has begun before. The caller wipes *out, also after an error. 0, or negative where
 * the store cannot be listed; manifests that cannot be read make the view blind. */
int gc_look(struct gc_view *out, struct gc_run *run, struct err *err);

#endif
