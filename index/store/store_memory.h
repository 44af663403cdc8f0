/* A store in memory: the smallest complete one, for tests and for reading. */
#ifndef ZLLM_STORE_MEMORY_H
#define ZLLM_STORE_MEMORY_H

struct err;
struct store;

int store_memory_new(struct store **out, struct err *err);

#endif
