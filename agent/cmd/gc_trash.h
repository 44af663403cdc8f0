/*
 * git zllm gc --trash, --undelete: what a prune of this repository dropped, with what is left
 * of its time, and how it comes back.
 */
#ifndef ZLLM_GC_TRASH_H
#define ZLLM_GC_TRASH_H

struct err;
struct gc_options;
struct gc_world;

/* Lists them. */
int gc_trash_list(struct gc_world *w, const struct gc_options *options, struct err *err);

/* Brings back the objects that options->words name, or all. Who wants them kept pushes a
 * branch that has them: another prune would drop them again. ERR_INPUT at a word that is not
 * an oid; ERR_MISSING when one of those that were named is not to be had any more. */
int gc_trash_undelete(struct gc_world *w, const struct gc_options *options,
                      struct err *err);

#endif
