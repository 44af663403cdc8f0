#include "codec/common/digest.h"

#include <stdlib.h>

#include <openssl/evp.h>

struct digest {
	EVP_MD_CTX *evp;
	const EVP_MD *type;
};

static const EVP_MD *type_of(enum digest_kind kind)
{
	return kind == DIGEST_SHA256 ? EVP_sha256() : EVP_md5();
}

struct digest *digest_new(enum digest_kind kind)
{
	struct digest *d = malloc(sizeof(*d));

	if (!d)
		return NULL;
	d->type = type_of(kind);
	d->evp = EVP_MD_CTX_new();
	if (!d->evp || EVP_DigestInit_ex(d->evp, d->type, NULL) != 1) {
		digest_free(d);
		return NULL;
	}
	return d;
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->evp);
	free(d);
}

/* libcrypto's update and re-init of a plain digest cannot fail once the
 * context exists; a wrong sum would be found by whoever compares it. */
void digest_add(struct digest *d, const void *bytes, size_t n)
{
	EVP_DigestUpdate(d->evp, bytes, n);
}

void digest_finish(struct digest *d, uint8_t *out)
{
	EVP_DigestFinal_ex(d->evp, out, NULL);
	EVP_DigestInit_ex(d->evp, d->type, NULL);
}

bool digest_of(enum digest_kind kind, const void *bytes, size_t n, uint8_t *out)
{
	return EVP_Digest(bytes, n, out, NULL, type_of(kind), NULL) == 1;
}

void digest_base64(const uint8_t *bytes, size_t n, char *text)
{
	EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
}
