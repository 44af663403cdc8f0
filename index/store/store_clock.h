/*
 * What time it is where a store's times come from: a file server, a bucket's service. Ages
 * in a store are differences of its own times, so a machine whose clock is wrong neither
 * destroys anything early nor keeps it for ever.
 */
#ifndef ZLLM_STORE_CLOCK_H
#define ZLLM_STORE_CLOCK_H

#include <stdint.h>

struct err;
struct store;

/* Puts a value of no bytes under probe/, lists it, and takes it away again: *now is its
 * `since`, in whole seconds since 1970. ERR_IO when the store lists it without a time;
 * what put, list and remove say. One left by a killed process is in nobody's way. */
int store_clock_read(struct store *s, int64_t *now, struct err *err);

#endif
