/*
 * XXH3-128 (by the xxHash library): a fast check for damage in frames, records
 * and manifests. Never an identity: collisions can be made at will.
 */
#ifndef ZLLM_XXH128_H
#define ZLLM_XXH128_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { XXH128_SIZE = 16 };

/* The sum in the library's canonical form (big-endian, high half first). */
struct xxh128 {
	uint8_t bytes[XXH128_SIZE];
};

struct xxh128 xxh128_of(const void *bytes, size_t n);
bool xxh128_equal(const struct xxh128 *a, const struct xxh128 *b);

/* The same over bytes that come in pieces. */
struct xxh128_state;
struct xxh128_state *xxh128_new(void); /* NULL when memory ran out */
void xxh128_free(struct xxh128_state *s);
void xxh128_add(struct xxh128_state *s, const void *bytes, size_t n);
struct xxh128 xxh128_finish(struct xxh128_state *s); /* and starts anew */

#endif
