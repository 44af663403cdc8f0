/*
 * What the refs of a repository reach: those of every remote that its store knows of, and
 * what this clone names besides. A prune goes by nothing less, so whatever cannot be read is
 * an error, and nothing is done.
 */
#ifndef ZLLM_GC_REACH_H
#define ZLLM_GC_REACH_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct err;
struct gc_options;
struct gc_world;

struct gc_reach {
	struct oid *oids; /* in order, each once; owned */
	size_t count;
	size_t remotes, refs;
	size_t own; /* objects that this clone alone names */
	uint64_t own_bytes;
};

/* Reads the store's list of remotes, as --remotes-are and --forget change it, and all of
 * their refs. The store must know all remotes, and each must be one of this clone's (git
 * remote -v), or named. Remotes that cannot be read are named on standard error.
 * ERR_CONFIG, ERR_IO. The caller wipes, also after an error. */
int gc_reach_find(struct gc_world *w, const struct gc_options *options,
                  struct gc_reach *out, struct err *err);
void gc_reach_wipe(struct gc_reach *r);

#endif
