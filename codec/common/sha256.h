/*
 * SHA-256 (FIPS 180-4): the identity of objects and
 * blobs. Nothing else is trusted as an identity.
 * Thread rule: a context belongs to one thread at a time.
 */
#ifndef ZLLM_SHA256_H
#define ZLLM_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_HEX = 64 };

/* The SHA-256 of an object or a blob. */
struct oid {
	uint8_t bytes[SHA256_SIZE];
};

struct sha256;

/* A context ready for bytes, or NULL when memory ran out. */
struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *h);

void sha256_add(struct sha256 *h, const void *bytes, size_t n);

/* The hash of all bytes since the last finish; the context is ready again. */
void sha256_finish(struct sha256 *h, struct oid *out);

/* The hash of `n` bytes at once; false when memory ran out. */
bool sha256_of(const void *bytes, size_t n, struct oid *out);

bool oid_equal(const struct oid *a, const struct oid *b);

/* memcmp() order, for sorting. */
int oid_compare(const struct oid *a, const struct oid *b);

/* 64 digits and a NUL. */
void oid_format(const struct oid *oid, char text[SHA256_HEX + 1]);

/* `text` must be exactly 64 lower-case digits and a NUL. */
bool oid_parse(const char *text, struct oid *out);

#endif
