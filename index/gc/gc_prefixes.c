#include "index/gc/gc_prefixes.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"

static int order(const void *a, const void *b)
{
	return memcmp(a, b, KEY_BASE_PREFIX);
}

void gc_prefixes_add(struct gc_prefixes *set, const uint8_t *id)
{
	buf_add(&set->bytes, id, KEY_BASE_PREFIX);
}

int gc_prefixes_seal(struct gc_prefixes *set, struct err *err)
{
	struct gc_prefix *list = (void *)set->bytes.data;
	size_t count = set->bytes.size / sizeof(*list), kept = 0;

	if (set->bytes.failed)
		return err_nomem(err, "a set of ids");
	if (count)
		qsort(list, count, sizeof(*list), order);
	for (size_t i = 0; i < count; i++)
		if (!kept || order(&list[kept - 1], &list[i]))
			list[kept++] = list[i];
	set->bytes.size = kept * sizeof(*list);
	set->sorted = kept;
	return 0;
}

bool gc_prefixes_has(const struct gc_prefixes *set, const uint8_t *id)
{
	return set->sorted &&
	       bsearch(id, set->bytes.data, set->sorted, sizeof(struct gc_prefix), order);
}

void gc_prefixes_wipe(struct gc_prefixes *set)
{
	buf_wipe(&set->bytes);
	set->sorted = 0;
}
