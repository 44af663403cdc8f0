#include "index/mirror/objects_wanted.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/mirror/trash_wanted.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/work/work_part.h"

struct oid_list {
	struct buf *oids;
	bool (*parse)(const char *key, struct oid *out);
};

static int note_oid(void *ctx, const struct store_entry *entry)
{
	struct oid_list *list = ctx;
	struct oid oid;

	if (list->parse(entry->key, &oid))
		buf_add(list->oids, &oid, sizeof(oid));
	return list->oids->failed ? ERR_NOMEM : 0;
}

static bool parse_owned(const char *key, struct oid *out)
{
	const char *name = strrchr(key, '/');

	return name && oid_parse(name + 1, out);
}

static int by_oid(const void *a, const void *b)
{
	return oid_compare(a, b);
}

/* Leaves those of the part, each once. */
static void make_unique(struct buf *oids, const struct work_part *part)
{
	struct oid *list = (struct oid *)(void *)oids->data;
	size_t count = oids->size / sizeof(*list), kept = 0;

	if (count)
		qsort(list, count, sizeof(*list), by_oid);
	for (size_t i = 0; i < count; i++)
		if ((!kept || !oid_equal(&list[i], &list[kept - 1])) &&
		    (!part || work_part_has(part, list[i].bytes)))
			list[kept++] = list[i];
	oids->size = kept * sizeof(*list);
}

int objects_wanted_list(const struct objects_wanted *w, struct buf *out, struct err *err)
{
	struct oid_list list = { out, *w->repo_id ? parse_owned : key_parse_object };
	char prefix[KEY_MAX] = "objects/";

	if (*w->repo_id)
		snprintf(prefix, sizeof(prefix), "owners/%.*s/", REPO_ID_HEX, w->repo_id);
	int rc = store_list(w->store, prefix, note_oid, &list, err);
	if (!rc)
		rc = trash_wanted_add(w->store, w->repo_id, out, err);
	if (!rc && *w->repo_id && !out->size)
		rc = err_set(err, ERR_INPUT, "store %s has nothing of repository %s",
		             w->store->name, w->repo_id);
	make_unique(out, w->part);
	return rc;
}
