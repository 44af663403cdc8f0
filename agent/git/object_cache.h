/*
 * Some of git's objects, kept in memory while they are asked for again and again: at most
 * so many bytes, the oldest forgotten first. It also remembers what is not there.
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_OBJECT_CACHE_H
#define ZLLM_OBJECT_CACHE_H

#include <stddef.h>

struct buf;
struct object_cache;

/* One that keeps at most `max` bytes of objects. NULL when memory ran out. */
struct object_cache *object_cache_new(size_t max);
void object_cache_free(struct object_cache *c);

enum cached { CACHED_NO, CACHED_YES, CACHED_ABSENT };

/* What is known of the object `hex`; appends its bytes to `out` when it is CACHED_YES. */
enum cached object_cache_get(const struct object_cache *c, const char *hex,
                             struct buf *out);

/* Remembers the `n` bytes of `hex`, where there is room; or that it is not there. */
void object_cache_put(struct object_cache *c, const char *hex, const void *bytes,
                      size_t n);
void object_cache_put_absent(struct object_cache *c, const char *hex);

#endif
