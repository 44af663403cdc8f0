/*
 * What the command does about recompaction (index/recompact): the memory of trials, kept in
 * the cache's folder, and what is said of it at the end.
 */
#ifndef ZLLM_GC_RECOMPACT_H
#define ZLLM_GC_RECOMPACT_H

#include "index/recompact/mark_recompact.h"

struct effort;
struct err;
struct gc_request;
struct json;
struct lfs_config;

struct gc_recompact {
	struct mark_recompact work;
	char *path; /* of the memory; NULL: there is no place for one; owned */
};

/* Reads the memory of trials of that effort, and fills in what gc() is to call. A memory that cannot be read is an
 * empty one. 0, or ERR_NOMEM. */
int gc_recompact_begin(struct gc_recompact *r, const struct lfs_config *config,
                       const struct effort *effort, struct gc_request *out,
                       struct err *err);

/* Writes it and frees. One that cannot be written is said, and that is all. */
void gc_recompact_end(struct gc_recompact *r);

/* A line for people, where recompaction ran; and the same for programs. */
void gc_recompact_report(const struct gc_recompact *r);
void gc_recompact_json(const struct gc_recompact *r, struct json *to);

#endif
