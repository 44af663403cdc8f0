/* A blob in memory: one that a manifest holds itself. */
#ifndef ZLLM_MEMORY_SOURCE_H
#define ZLLM_MEMORY_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct blob_source;
struct err;

/* The `size` bytes at `bytes`, which outlive the source, as does `name`: what holds them,
 * for messages. */
int memory_source_open(const uint8_t *bytes, size_t size, const char *name,
                       struct blob_source **out, struct err *err);

#endif
