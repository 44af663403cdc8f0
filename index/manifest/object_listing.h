/*
 * Which of many objects a remote store lists: a request names a thousand manifests, where a
 * look at an object is a request for each. It says that a manifest has the name and is long
 * enough to be one; whether it and its records are whole is object_look.h's to say.
 *
 * A store may have a million objects where a hundred are asked for: one of the 256 parts of
 * objects/ tells how many there are, and where looking is cheaper nothing more is listed.
 */
#ifndef ZLLM_OBJECT_LISTING_H
#define ZLLM_OBJECT_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "codec/common/sha256.h"

struct err;
struct store;

struct object_listed {
	struct oid oid;
	size_t at; /* the caller's: the list is sorted */
	bool is;   /* the answer */
};

/* Requests that a listing may take for `count` objects. */
size_t object_listing_most(size_t count);

/* Fills `is` of each of the `count` at `list`, which is sorted by oid on the way. 0; 1 when
 * that would take more than object_listing_most() requests, or the store is not remote:
 * then nothing is said; or negative. */
int object_listing_fill(struct store *s, struct object_listed *list, size_t count,
                        struct err *err);

#endif
