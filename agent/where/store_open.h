/* Opening the store that a URL names. */
#ifndef ZLLM_STORE_OPEN_H
#define ZLLM_STORE_OPEN_H

#include "agent/where/store_context.h"

struct err;
struct store;
struct store_url;

/* Opens the store and checks its format (store_format.h). The error says what to do:
 * "no store at /x: ...". */
int store_open(const struct store_url *u, const struct store_context *context,
               struct store **out, struct err *err);

/* The same for `init`: makes the store where it is missing, and its place too where the
 * kind can (store_kind.h): a folder; a bucket must exist. */
int store_open_or_make(const struct store_url *u, const struct store_context *context,
                       struct store **out, struct err *err);

#endif
