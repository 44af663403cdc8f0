#include "agent/git/annex_link.h"

#include <string.h>

#include "agent/git/annex_key.h"
#include "agent/git/lfs_pointer.h"

#define OBJECTS "annex/objects/"

bool annex_link_parse(const char *text, size_t n, struct lfs_pointer *out)
{
	const char *line_end = memchr(text, '\n', n);
	const char *end = line_end ? line_end : text + n;
	const char *at = memmem(text, (size_t)(end - text), OBJECTS, strlen(OBJECTS));
	struct annex_key key;

	if (!at || at == text || at[-1] != '/')
		return false;
	at += strlen(OBJECTS);
	const char *last = memrchr(at, '/', (size_t)(end - at));
	at = last ? last + 1 : at;
	if (!annex_key_parse(at, (size_t)(end - at), &key) || !key.has_oid ||
	    !key.has_size)
		return false;
	*out = (struct lfs_pointer){ key.oid, key.size };
	return true;
}
