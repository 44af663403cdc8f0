/* Groups of a known size, copied in and out, become vectors on any CPU. */
#include "codec/ulp_integer.h"

#include <string.h>

#include "codec/kernel/ulp_token.h"

enum { GROUP = 32 };

void ulp_integer_split(const uint8_t *src, const uint8_t *base, size_t n,
                       uint16_t *tokens)
{
	size_t i = 0;

	for (; i + GROUP <= n; i += GROUP) {
		uint8_t v[GROUP], b[GROUP];
		uint16_t t[GROUP];
		memcpy(v, src + i, GROUP);
		memcpy(b, base + i, GROUP);
		for (int k = 0; k < GROUP; k++)
			v[k] = (uint8_t)(v[k] - b[k]);
		for (int k = 0; k < GROUP; k++)
			v[k] = (uint8_t)((v[k] + v[k]) ^ (v[k] > 0x7f ? 0xff : 0));
		for (int k = 0; k < GROUP; k++)
			t[k] = v[k];
		memcpy(tokens + i, t, sizeof(t));
	}
	for (; i < n; i++)
		tokens[i] = integer8_distance(src[i], base[i]);
}

void ulp_integer_merge(const uint16_t *tokens, const uint8_t *base, size_t n,
                       uint8_t *dst)
{
	size_t i = 0;

	for (; i + GROUP <= n; i += GROUP) {
		uint8_t b[GROUP], v[GROUP];
		uint16_t t[GROUP];
		memcpy(t, tokens + i, sizeof(t));
		memcpy(b, base + i, GROUP);
		for (int k = 0; k < GROUP; k++)
			t[k] = (uint16_t)((t[k] & 0xff) >> 1 ^ (0 - (t[k] & 1)));
		for (int k = 0; k < GROUP; k++)
			v[k] = (uint8_t)t[k];
		for (int k = 0; k < GROUP; k++)
			v[k] = (uint8_t)(v[k] + b[k]);
		memcpy(dst + i, v, GROUP);
	}
	for (; i < n; i++)
		dst[i] = integer8_value((uint8_t)tokens[i], base[i]);
}
