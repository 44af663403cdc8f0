#include "index/survey/base_names.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/model/extent.h"

struct base_names {
	struct manifest manifest;
	const struct extent **list; /* tensors with a record, sorted by id; owned */
	size_t count;
};

static int by_id(const void *a, const void *b)
{
	const struct extent *x = *(const struct extent *const *)a;
	const struct extent *y = *(const struct extent *const *)b;
	int order = memcmp(x->id.bytes, y->id.bytes, EXTENT_BASE_PREFIX);

	if (order)
		return order;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int list_tensors(struct base_names *n, struct err *err)
{
	const struct extents *x = &n->manifest.extents;

	n->list = calloc(x->count + 1, sizeof(const struct extent *));
	if (!n->list)
		return err_nomem(err, "the names of bases");
	for (size_t i = 0; i < x->count; i++)
		if (!x->list[i].inlined && x->list[i].name && *x->list[i].name)
			n->list[n->count++] = &x->list[i];
	if (n->count)
		qsort(n->list, n->count, sizeof(const struct extent *), by_id);
	return 0;
}

int base_names_new(const struct transfer *t, const char *oid, struct base_names **out,
                   struct err *err)
{
	struct base_names *n = calloc(1, sizeof(*n));
	struct err ignored = ERR_INIT;
	struct oid id;

	if (!n)
		return err_nomem(err, "the names of bases");
	if (oid && oid_parse(oid, &id))
		manifest_recall(t->store, &id, manifest_parse, &n->manifest, &ignored);
	int rc = list_tensors(n, err);
	if (rc)
		base_names_free(n);
	else
		*out = n;
	return rc;
}

void base_names_free(struct base_names *n)
{
	if (!n)
		return;
	manifest_wipe(&n->manifest);
	free(n->list);
	free(n);
}

const char *base_names_find(const struct base_names *n, const uint8_t *base)
{
	size_t low = 0, high = n->count;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		if (memcmp(n->list[at]->id.bytes, base, EXTENT_BASE_PREFIX) < 0)
			low = at + 1;
		else
			high = at;
	}
	return low < n->count && memcmp(n->list[low]->id.bytes, base,
	                                EXTENT_BASE_PREFIX) == 0
	               ? n->list[low]->name
	               : NULL;
}
