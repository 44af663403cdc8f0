#include "index/manifest/object_listing.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/manifest/manifest.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

enum {
	PARTS = 256,        /* objects/<aa>/ */
	PAGE = 1000,        /* keys that one request lists */
	PAGES_FREE = 6,     /* that nobody minds, */
	OBJECTS_A_PAGE = 50 /* and one more for so many looks that it saves */
};

enum { TOO_MANY = 1 };

struct listing {
	struct object_listed *list;
	size_t count;
	size_t seen, most; /* keys */
};

size_t object_listing_most(size_t count)
{
	return PAGES_FREE + count / OBJECTS_A_PAGE;
}

static int by_oid(const void *a, const void *b)
{
	const struct object_listed *x = a, *y = b;

	return oid_compare(&x->oid, &y->oid);
}

static int take_entry(void *ctx, const struct store_entry *entry)
{
	struct listing *l = ctx;
	struct object_listed key = { .is = false };

	if (++l->seen > l->most)
		return TOO_MANY;
	if (!l->count || entry->size < MANIFEST_OUTLINE_SIZE ||
	    !key_parse_object(entry->key, &key.oid))
		return 0;
	struct object_listed *found = bsearch(&key, l->list, l->count, sizeof(key),
	                                      by_oid);
	/* Callers may ask for one object twice. */
	for (; found && found > l->list && by_oid(found - 1, &key) == 0; found--)
		;
	for (; found && found < l->list + l->count && by_oid(found, &key) == 0; found++)
		found->is = true;
	return 0;
}

/* Ids are evenly spread: one part tells how many keys all have. */
static int estimate(struct store *s, const struct listing *l, size_t pages,
                    struct err *err)
{
	struct listing part = { .most = pages * PAGE / PARTS + 1 };
	char prefix[KEY_MAX];

	key_object(&l->list[0].oid, prefix);
	prefix[strlen("objects/aa/")] = 0;
	return store_list(s, prefix, take_entry, &part, err);
}

int object_listing_fill(struct store *s, struct object_listed *list, size_t count,
                        struct err *err)
{
	size_t pages = object_listing_most(count) - 1; /* one tells how many there are */
	struct listing l = { list, count, 0, pages * PAGE };

	if (!s->remote || !count)
		return 1;
	qsort(list, count, sizeof(*list), by_oid);
	for (size_t i = 0; i < count; i++)
		list[i].is = false;
	int rc = estimate(s, &l, pages, err);
	return rc ? rc : store_list(s, "objects/", take_entry, &l, err);
}
