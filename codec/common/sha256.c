#include "codec/common/sha256.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "codec/common/hex.h"
#include "codec/common/md5.h"

struct sha256 {
	EVP_MD_CTX *evp;
};

struct sha256 *sha256_new(void)
{
	struct sha256 *h = malloc(sizeof(*h));
	if (!h)
		return NULL;
	h->evp = EVP_MD_CTX_new();
	if (!h->evp || EVP_DigestInit_ex(h->evp, EVP_sha256(), NULL) != 1) {
		sha256_free(h);
		return NULL;
	}
	return h;
}

void sha256_free(struct sha256 *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->evp);
	free(h);
}

/* libcrypto's update and re-init of a plain digest cannot fail once the
 * context exists; a wrong sum would be found by whoever compares it. */
void sha256_add(struct sha256 *h, const void *bytes, size_t n)
{
	EVP_DigestUpdate(h->evp, bytes, n);
}

void sha256_finish(struct sha256 *h, struct oid *out)
{
	EVP_DigestFinal_ex(h->evp, out->bytes, NULL);
	EVP_DigestInit_ex(h->evp, EVP_sha256(), NULL);
}

bool sha256_of(const void *bytes, size_t n, struct oid *out)
{
	return EVP_Digest(bytes, n, out->bytes, NULL, EVP_sha256(), NULL) == 1;
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

bool md5_base64(const struct md5_piece *pieces, size_t count, char text[MD5_BASE64 + 1])
{
	EVP_MD_CTX *evp = EVP_MD_CTX_new();
	uint8_t sum[MD5_SIZE];
	bool ok = evp && EVP_DigestInit_ex(evp, EVP_md5(), NULL) == 1;

	for (size_t i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(evp, pieces[i].bytes, pieces[i].size) == 1;
	ok = ok && EVP_DigestFinal_ex(evp, sum, NULL) == 1 &&
	     EVP_EncodeBlock((unsigned char *)text, sum, MD5_SIZE) == MD5_BASE64;
	EVP_MD_CTX_free(evp);
	return ok;
}
