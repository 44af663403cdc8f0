/* A store in memory: the smallest complete one, for tests and for reading. */
#ifndef ZLLM_STORE_MEMORY_H
#define ZLLM_STORE_MEMORY_H

#include <stdint.h>

struct err;
struct store;

int store_memory_new(struct store **out, struct err *err);

/* What comes from now on gets its time from *seconds, which outlives the store: so a test
 * lets days pass. NULL: the time of day, as at first. */
void store_memory_clock(struct store *s, const int64_t *seconds);

#endif
