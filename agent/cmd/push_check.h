/*
 * Whether a store has the LFS objects that a push (or any revision) needs: what
 * `git zllm hook` and `git zllm verify` share. It reads the manifest of each, and looks
 * whether the records that it needs are there and sound by their sizes or heads
 * (object_look.h); their bytes are fsck's work.
 */
#ifndef ZLLM_PUSH_CHECK_H
#define ZLLM_PUSH_CHECK_H

#include <stdbool.h>

#include "agent/git/lfs_objects.h"
#include "agent/where/endpoint.h"

struct err;
struct lfs_config;
struct store;

/* Opens the store that transfers in `direction` with `remote` (a name, a URL, or NULL) use. ERR_CONFIG when it is none of ours. */
int push_check_open(const struct lfs_config *config, enum endpoint_direction direction,
                    const char *remote, struct store **out, struct err *err);

/* Adds to `missing` those of `needed` that `store` does not have, or not whole; of these
 * it says on standard error what is wrong. Many are looked at at once. */
int push_check_run(struct store *store, const struct lfs_objects *needed,
                   struct lfs_objects *missing, struct err *err);

/* The same by name: where there are many in a bucket, those that its listing names are
 * there, and the others are looked at. For what a push only carries on, since the remote has
 * the commits that brought it, and who wants it quick. Whether the objects are whole is
 * `git zllm verify`'s question. */
int push_check_names(struct store *store, const struct lfs_objects *needed,
                     struct lfs_objects *missing, struct err *err);

/* Says on standard error which are missing, at most 20 of them. */
void push_check_report(const struct store *store, const struct lfs_objects *missing);

#endif
