#include "codec/common/hmac.h"

#include <string.h>

enum { BLOCK = 64 }; /* bytes of a block of SHA-256 */

bool hmac_sha256(const void *key, size_t key_size, const void *message, size_t size,
                 struct oid *out)
{
	unsigned char pad[BLOCK] = { 0 };
	struct oid inner;
	struct sha256 *h = sha256_new();
	bool ok = h != NULL;

	if (ok && key_size > BLOCK)
		ok = sha256_of(key, key_size, (struct oid *)pad);
	else if (key_size)
		memcpy(pad, key, key_size);
	if (ok) {
		for (int i = 0; i < BLOCK; i++)
			pad[i] ^= 0x36;
		sha256_add(h, pad, BLOCK);
		sha256_add(h, message, size);
		sha256_finish(h, &inner);
		for (int i = 0; i < BLOCK; i++)
			pad[i] ^= 0x36 ^ 0x5c;
		sha256_add(h, pad, BLOCK);
		sha256_add(h, inner.bytes, sizeof(inner.bytes));
		sha256_finish(h, out);
	}
	explicit_bzero(pad, sizeof(pad));
	sha256_free(h);
	return ok;
}
