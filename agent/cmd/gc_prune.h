/*
 * git zllm gc --prune: drops what no ref of any remote of this repository reaches. The
 * owners' markers of it go to trash, where they are kept for --expire; the collection that
 * follows frees what nobody owns any more. docs/store.md, "Prune".
 */
#ifndef ZLLM_GC_PRUNE_H
#define ZLLM_GC_PRUNE_H

#include <stdint.h>

struct err;
struct gc_options;
struct gc_world;
struct lfs_config;

/* Looks, lists what would go, asks, and does it. Nothing is done unless all refs could be
 * read. ERR_INPUT where nobody can be asked and --yes was not given; ERR_INTERRUPTED when
 * the answer was no. With --json w->pruned is what it did. */
int gc_prune(struct gc_world *w, const struct gc_options *options, struct err *err);

/* How long an owner's marker stays in trash: `text`, or zllm.gc.expire, or 30 days. */
int gc_prune_expire(const struct lfs_config *config, const char *text, int64_t *seconds,
                    struct err *err);

#endif
