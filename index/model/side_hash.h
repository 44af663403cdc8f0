/*
 * SHA-256 on a thread of its own, so that a reader can hash the same bytes in
 * another way at the same time. Where no thread can be had, side_hash_add()
 * hashes at once: slower, not wrong.
 * Thread rule: all calls from one thread.
 */
#ifndef ZLLM_SIDE_HASH_H
#define ZLLM_SIDE_HASH_H

#include <stddef.h>

struct oid;
struct side_hash;

struct side_hash *side_hash_new(void); /* NULL when memory ran out */

/* Waits for the thread; NULL is allowed. */
void side_hash_free(struct side_hash *h);

/* Hands over the next `n` bytes. They must stay as they are until the next call
 * on `h` has returned; those of the call before may change from now on. */
void side_hash_add(struct side_hash *h, const void *bytes, size_t n);

/* The hash of all bytes handed over so far; then it begins again with none. */
void side_hash_finish(struct side_hash *h, struct oid *out);

#endif
