/*
 * What `git zllm status` asks a store about its objects, many of them at once: the manifest
 * of each, whether it could be had again, and what its records cost.
 */
#ifndef ZLLM_STATUS_LOOK_H
#define ZLLM_STATUS_LOOK_H

#include <stddef.h>
#include <stdint.h>

#include "index/manifest/manifest.h"

struct err;
struct extent_cost;
struct lfs_object;
struct transfer;

struct status_look {
	enum { LOOK_MISSING, LOOK_DAMAGED, LOOK_WHOLE } state;
	char *why; /* of one that is damaged; else NULL */
	/* Of one that is whole: */
	struct manifest manifest;
	struct extent_cost *costs; /* one for each extent */
};

/* How many objects to look at next, after `last` (0: none yet) whose manifests had so many
 * extents: few at first, more while they are small, since all are in memory at once. */
size_t status_look_batch(size_t last, size_t extents);

/* Looks at `count` objects; *out[i] is that of objects[i]. The caller wipes them, also
 * after an error. 0 or negative. */
int status_look_run(const struct transfer *t, const struct lfs_object *objects,
                    size_t count, struct status_look *out, struct err *err);
void status_look_wipe(struct status_look *looks, size_t count);

#endif
