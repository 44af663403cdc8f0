/*
 * Small objects of a push, stored before git-lfs offers them: of those that travel in
 * their manifest as a whole each takes two small puts, one after the other, and git-lfs
 * offers the next only when both are through. Here many are under way at once.
 *
 * Thread rule: any thread.
 */
#ifndef ZLLM_PUSH_SMALL_H
#define ZLLM_PUSH_SMALL_H

#include <stdint.h>

#include "codec/common/sha256.h"

struct err;
struct git_paths;
struct transfer;

enum { PUSH_SMALL_MAX = 1024 * 1024 }; /* bytes of an object that may be one */

/* Stores the object, which the store lacks: 0 when it is durable, with the mark that it
 * is ours. 1 when it is none of the small ones, or is not in git-lfs's storage. */
int push_small_store(const struct transfer *t, const struct git_paths *paths,
                     const struct oid *oid, uint64_t size, struct err *err);

#endif
