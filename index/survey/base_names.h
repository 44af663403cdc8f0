/*
 * How the tensors of an object are called, by the ids of their blobs: so that what is a base
 * to another can be named. One that cannot be read has no names.
 *
 * Constant once made; any thread.
 */
#ifndef ZLLM_BASE_NAMES_H
#define ZLLM_BASE_NAMES_H

#include <stdint.h>

struct base_names;
struct err;
struct transfer;

/* Of the object `oid`, in hex; NULL, or what is no oid: no names. */
int base_names_new(const struct transfer *t, const char *oid, struct base_names **out,
                   struct err *err);
void base_names_free(struct base_names *n); /* NULL is fine */

/* The name of the tensor whose id begins so (EXTENT_BASE_PREFIX bytes), of several the
 * first in the file; NULL: there is none, or it has none. */
const char *base_names_find(const struct base_names *n, const uint8_t *base);

#endif
