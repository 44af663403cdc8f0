/*
 * Digests, by OpenSSL's libcrypto; the one file that includes it. sha256.h and md5.h
 * say what each is for.
 * Thread rule: a context belongs to one thread at a time.
 */
#ifndef ZLLM_DIGEST_H
#define ZLLM_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum digest_kind { DIGEST_SHA256, DIGEST_MD5 };

struct digest;

/* A context ready for bytes, or NULL when memory ran out or the machine does not offer
 * that digest (MD5 under FIPS). */
struct digest *digest_new(enum digest_kind kind);
void digest_free(struct digest *d); /* NULL is fine */

void digest_add(struct digest *d, const void *bytes, size_t n);

/* The digest of all bytes since the last finish, to `out`, which has room for it; the
 * context is ready again. */
void digest_finish(struct digest *d, uint8_t *out);

/* The digest of `n` bytes at once; false where digest_new() would give NULL. */
bool digest_of(enum digest_kind kind, const void *bytes, size_t n, uint8_t *out);

/* `n` bytes in base64, and a NUL: 4 characters for each 3 bytes begun. */
void digest_base64(const uint8_t *bytes, size_t n, char *text);

#endif
