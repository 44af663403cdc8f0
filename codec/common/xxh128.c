#include "codec/common/xxh128.h"

#include <string.h>

/* Where the library is linked, and has kernels for more than the least x86-64, it asks
 * the CPU. */
#if defined(__x86_64__) && !defined(XXH_INLINE_ALL) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

static struct xxh128 canonical(XXH128_hash_t hash)
{
	XXH128_canonical_t form;
	struct xxh128 out;

	XXH128_canonicalFromHash(&form, hash);
	memcpy(out.bytes, form.digest, XXH128_SIZE);
	return out;
}

struct xxh128 xxh128_of(const void *bytes, size_t n)
{
	return canonical(XXH3_128bits(bytes, n));
}

bool xxh128_equal(const struct xxh128 *a, const struct xxh128 *b)
{
	return memcmp(a->bytes, b->bytes, XXH128_SIZE) == 0;
}

struct xxh128_state *xxh128_new(void)
{
	XXH3_state_t *state = XXH3_createState();
	if (state)
		XXH3_128bits_reset(state);
	return (struct xxh128_state *)state;
}

void xxh128_free(struct xxh128_state *s)
{
	XXH3_freeState((XXH3_state_t *)s);
}

void xxh128_add(struct xxh128_state *s, const void *bytes, size_t n)
{
	XXH3_128bits_update((XXH3_state_t *)s, bytes, n);
}

struct xxh128 xxh128_finish(struct xxh128_state *s)
{
	struct xxh128 out = canonical(XXH3_128bits_digest((XXH3_state_t *)s));

	XXH3_128bits_reset((XXH3_state_t *)s);
	return out;
}
