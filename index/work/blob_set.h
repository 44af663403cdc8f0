/*
 * A set of blob ids: what was counted already, over any number of objects.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_BLOB_SET_H
#define ZLLM_BLOB_SET_H

#include <stdbool.h>

#include "codec/common/sha256.h"

struct blob_set;
struct err;

int blob_set_new(struct blob_set **out, struct err *err);
void blob_set_free(struct blob_set *s);

/* 1 when `id` was in the set already; 0 when it is now; or ERR_NOMEM. */
int blob_set_add(struct blob_set *s, const struct oid *id, struct err *err);

bool blob_set_has(const struct blob_set *s, const struct oid *id);

#endif
