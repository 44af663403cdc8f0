/*
 * The store that a command works on: the one that --store names, or else that of the
 * repository of the current directory; open, with all that a transfer needs.
 */
#ifndef ZLLM_STORE_PLACE_H
#define ZLLM_STORE_PLACE_H

#include <stdint.h>

#include "agent/where/connection.h"

struct err;

/* To write, a store that --store names is made where there is none. */
enum store_place_use { STORE_PLACE_READ, STORE_PLACE_WRITE };

/* *out is a connection, and closed as one; its `paths` are empty where --store named the
 * store, and its url.repo_id may be. */
int store_place_open(const char *typed, enum store_place_use use, struct connection *out,
                     struct err *err);

#endif
