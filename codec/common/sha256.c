#include "codec/common/sha256.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/digest.h"
#include "codec/common/hex.h"

struct sha256 {
	struct digest *digest;
};

struct sha256 *sha256_new(void)
{
	struct sha256 *h = malloc(sizeof(*h));

	if (!h)
		return NULL;
	h->digest = digest_new(DIGEST_SHA256);
	if (!h->digest) {
		free(h);
		return NULL;
	}
	return h;
}

void sha256_free(struct sha256 *h)
{
	if (!h)
		return;
	digest_free(h->digest);
	free(h);
}

void sha256_add(struct sha256 *h, const void *bytes, size_t n)
{
	digest_add(h->digest, bytes, n);
}

void sha256_finish(struct sha256 *h, struct oid *out)
{
	digest_finish(h->digest, out->bytes);
}

bool sha256_of(const void *bytes, size_t n, struct oid *out)
{
	return digest_of(DIGEST_SHA256, bytes, n, out->bytes);
}

bool oid_equal(const struct oid *a, const struct oid *b)
{
	return oid_compare(a, b) == 0;
}

int oid_compare(const struct oid *a, const struct oid *b)
{
	return memcmp(a->bytes, b->bytes, SHA256_SIZE);
}

void oid_format(const struct oid *oid, char text[SHA256_HEX + 1])
{
	hex_format(oid->bytes, SHA256_SIZE, text);
}

bool oid_parse(const char *text, struct oid *out)
{
	return strlen(text) == SHA256_HEX && hex_parse(text, SHA256_SIZE, out->bytes);
}
