#include "agent/where/store_kind.h"

#include <string.h>

#define STORE_KIND_ROW(name) &store_kind_##name,

static const struct store_kind *const kinds[] = { STORE_KINDS(STORE_KIND_ROW) NULL };

const struct store_kind *store_kind_at(size_t i)
{
	size_t count = sizeof(kinds) / sizeof(kinds[0]) - 1;

	return i < count ? kinds[i] : NULL;
}

const struct store_kind *store_kind_find(const char *scheme, size_t n)
{
	for (size_t i = 0; kinds[i]; i++)
		if (strlen(kinds[i]->scheme) == n &&
		    memcmp(kinds[i]->scheme, scheme, n) == 0)
			return kinds[i];
	return NULL;
}
