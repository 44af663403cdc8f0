#include "index/fsck/fsck_touch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/record_check.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/fsck/fsck_finding.h"
#include "index/fsck/fsck_listing.h"
#include "index/manifest/extent_key.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/store/store.h"
#include "index/work/blob_set.h"

/* A delta as its base has it. */
struct edge {
	uint8_t base[KEY_BASE_PREFIX];
	struct oid id; /* of the blob that stands on it */
};

static int by_base(const void *a, const void *b)
{
	return memcmp(a, b, KEY_BASE_PREFIX);
}

static int by_id(const void *a, const void *b)
{
	const struct fsck_use *x = a, *y = b;
	int order = oid_compare(&x->id, &y->id);

	return order ? order : (x->object > y->object) - (x->object < y->object);
}

static int by_oid(const void *a, const void *b)
{
	return oid_compare(a, b);
}

static int by_object(const void *a, const void *b)
{
	const struct fsck_use *x = *(const struct fsck_use *const *)a;
	const struct fsck_use *y = *(const struct fsck_use *const *)b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Things that begin with an id, in order of these. */
struct ordered {
	const void *list;
	size_t count, width; /* things; bytes of each */
};

/* The first that does not begin before the `n` bytes of `what`. */
static size_t first_from(const struct ordered *o, const uint8_t *what, size_t n)
{
	size_t low = 0, high = o->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (memcmp((const uint8_t *)o->list + middle * o->width, what, n) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Those that begin with the `n` bytes. */
static const void *range_of(const struct ordered *o, const uint8_t *what, size_t n,
                            size_t *count)
{
	size_t first = first_from(o, what, n), end = first;

	while (end < o->count &&
	       memcmp((const uint8_t *)o->list + end * o->width, what, n) == 0)
		end++;
	*count = end - first;
	return *count ? (const uint8_t *)o->list + first * o->width : NULL;
}

/* ---------------------------------------------------------------- the edges */

static int find_edges(struct fsck_touch *t, const struct fsck_listing *l, struct err *err)
{
	for (size_t i = 0; i < l->record_count; i++)
		for (unsigned k = 0; k < l->records[i].what.base_count; k++) {
			struct edge edge = { .id = l->records[i].what.id };
			memcpy(edge.base, l->records[i].what.bases[k], KEY_BASE_PREFIX);
			buf_add(&t->edges, &edge, sizeof(edge));
		}
	if (t->edges.failed)
		return err_nomem(err, "what stands on what");
	if (t->edges.size)
		qsort(t->edges.data, t->edges.size / sizeof(struct edge),
		      sizeof(struct edge), by_base);
	return 0;
}

static const struct edge *edges_of(const struct fsck_touch *t, const uint8_t *base,
                                   size_t *count)
{
	const struct ordered edges = { t->edges.data, t->edges.size / sizeof(struct edge),
		                       sizeof(struct edge) };

	return range_of(&edges, base, KEY_BASE_PREFIX, count);
}

int fsck_is_base(const struct fsck_touch *t, const uint8_t prefix[KEY_BASE_PREFIX])
{
	size_t count;

	return edges_of(t, prefix, &count) != NULL;
}

/* A blob, and all that stand on it, by the part of the id that keys have: no deeper than a
 * reader goes. Adds to `list` those that `seen` has not. */
static int add_standing(const struct fsck_touch *t, const uint8_t *prefix,
                        struct blob_set *seen, struct buf *list, struct err *err)
{
	size_t from = list->size, end;
	struct oid one = { { 0 } };

	memcpy(one.bytes, prefix, KEY_BASE_PREFIX);
	int rc = blob_set_add(seen, &one, err);
	if (rc)
		return rc < 0 ? rc : 0;
	buf_add(list, &one, sizeof(one));
	for (unsigned depth = 1; depth < BLOB_DEPTH_MAX && from < list->size; depth++) {
		for (end = list->size; from < end; from += sizeof(one)) {
			size_t count;
			memcpy(&one, list->data + from, sizeof(one));
			const struct edge *edges = edges_of(t, one.bytes, &count);
			for (size_t i = 0; i < count; i++) {
				struct oid next = { { 0 } };
				memcpy(next.bytes, edges[i].id.bytes, KEY_BASE_PREFIX);
				rc = blob_set_add(seen, &next, err);
				if (rc < 0)
					return rc;
				if (rc == 0)
					buf_add(list, &next, sizeof(next));
			}
		}
	}
	return list->failed ? err_nomem(err, "a list of blobs") : 0;
}

/* ---------------------------------------------------------------- the objects */

struct scan {
	struct fsck_touch *touch;
	struct blob_set *wanted; /* by the part of the id that keys have */
};

static bool is_wanted(const struct scan *s, const struct oid *id)
{
	struct oid one = { { 0 } };

	memcpy(one.bytes, id->bytes, KEY_BASE_PREFIX);
	return blob_set_has(s->wanted, &one);
}

static int add_use(struct fsck_touch *t, const struct extent *x, struct err *err)
{
	struct blob_memory memory;

	if (t->use_count == t->use_cap) {
		size_t cap = t->use_cap ? 2 * t->use_cap : 64;
		struct fsck_use *more = realloc(t->uses, cap * sizeof(*more));
		if (!more)
			return err_nomem(err, "a list of tensors");
		t->uses = more;
		t->use_cap = cap;
	}
	extent_recall(x, &memory);
	struct fsck_use use = { .id = x->id,
		                .object = fsck_touched_count(t),
		                .offset = x->offset,
		                .size = x->size,
		                .sum = x->sum,
		                .dtype = x->dtype,
		                .remembered = memory.record };
	if (x->name && !(use.tensor = strdup(x->name)))
		return err_nomem(err, "a list of tensors");
	t->uses[t->use_count++] = use;
	return 0;
}

static int add_object(struct fsck_touch *t, const struct oid *oid, uint64_t size,
                      struct err *err)
{
	struct fsck_touched one = { *oid, size };

	buf_add(&t->objects, &one, sizeof(one));
	return t->objects.failed ? err_nomem(err, "a list of objects") : 0;
}

static int scan_object(const struct scan *s, const struct transfer *t,
                       const struct oid *oid, struct err *err)
{
	struct fsck_touch *touch = s->touch;
	size_t before = touch->use_count;
	struct manifest m;
	struct err ignored = ERR_INIT;
	int rc = 0;

	if (manifest_recall(t->store, oid, manifest_parse_places, &m, &ignored))
		return 0;
	for (size_t i = 0; i < m.extents.count && !rc; i++)
		if (!m.extents.list[i].inlined && is_wanted(s, &m.extents.list[i].id) &&
		    touch->use_count < FSCK_USES_MAX)
			rc = add_use(touch, &m.extents.list[i], err);
	if (!rc && touch->use_count > before)
		rc = add_object(touch, oid, m.extents.size, err);
	manifest_wipe(&m);
	return rc;
}

static int scan_objects(const struct scan *s, const struct fsck_scope *scope,
                        struct err *err)
{
	size_t count = scope->named ? scope->named_count
	                            : fsck_object_count(scope->listing);
	int rc = 0;

	for (size_t i = 0; i < count && !rc; i++) {
		struct oid oid = scope->named ? scope->named[i]
		                              : fsck_object(scope->listing, i);
		rc = scan_object(s, scope->transfer, &oid, err);
	}
	if (s->touch->use_count)
		qsort(s->touch->uses, s->touch->use_count, sizeof(*s->touch->uses),
		      by_id);
	return rc;
}

/* What is wrong with an object itself touches that one. */
static int add_objects_of(struct fsck_touch *t, const struct fsck_findings *f,
                          struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < f->count && !rc; i++)
		if (f->list[i].is_object)
			rc = add_object(t, &f->list[i].id, UINT64_MAX, err);
	return rc;
}

/* ---------------------------------------------------------------- the owners */

struct owned {
	struct fsck_touch *touch;
	struct oid *oids; /* in order */
	size_t count;
};

static int note_owner(void *ctx, const struct store_entry *entry)
{
	struct owned *o = ctx;
	struct fsck_owner owner;

	if (!key_parse_owner(entry->key, owner.repo, &owner.oid) ||
	    !bsearch(&owner.oid, o->oids, o->count, sizeof(*o->oids), by_oid))
		return 0;
	buf_add(&o->touch->owners, &owner, sizeof(owner));
	return o->touch->owners.failed ? ERR_NOMEM : 0;
}

static int find_owners(struct fsck_touch *t, struct store *s, struct err *err)
{
	struct owned owned = { t, NULL, fsck_touched_count(t) };
	struct err ignored = ERR_INIT;

	if (!owned.count)
		return 0;
	owned.oids = calloc(owned.count, sizeof(*owned.oids));
	if (!owned.oids)
		return err_nomem(err, "a list of objects");
	for (size_t i = 0; i < owned.count; i++)
		owned.oids[i] = fsck_touched(t, i)->oid;
	qsort(owned.oids, owned.count, sizeof(*owned.oids), by_oid);
	/* Who owns what helps; nothing stops for want of it. */
	int rc = store_list(s, "owners/", note_owner, &owned, &ignored);
	free(owned.oids);
	if (t->owners.size)
		qsort(t->owners.data, t->owners.size / sizeof(struct fsck_owner),
		      sizeof(struct fsck_owner), by_oid);
	return rc == ERR_NOMEM ? err_nomem(err, "a list of owners") : 0;
}

/* ---------------------------------------------------------------- the whole */

static bool is_of_blob(const struct fsck_finding *f)
{
	return !f->is_object && f->id_size;
}

static int want_blobs(struct scan *s, const struct fsck_findings *f, struct err *err)
{
	struct buf list = BUF_INIT;
	int rc = 0;

	for (size_t i = 0; i < f->count && !rc; i++)
		if (is_of_blob(&f->list[i]))
			rc = add_standing(s->touch, f->list[i].id.bytes, s->wanted, &list,
			                  err);
	buf_wipe(&list);
	return rc;
}

int fsck_touch_find(struct fsck_touch *t, const struct fsck_scope *scope,
                    const struct fsck_findings *findings, struct err *err)
{
	struct scan scan = { .touch = t };
	size_t blobs = 0;
	int rc = find_edges(t, scope->listing, err);

	for (size_t i = 0; i < findings->count; i++)
		blobs += is_of_blob(&findings->list[i]);
	if (!rc)
		rc = blob_set_new(&scan.wanted, err);
	if (!rc)
		rc = want_blobs(&scan, findings, err);
	if (!rc && blobs)
		rc = scan_objects(&scan, scope, err);
	if (!rc)
		rc = add_objects_of(t, findings, err);
	if (!rc)
		rc = find_owners(t, scope->transfer->store, err);
	blob_set_free(scan.wanted);
	return rc;
}

void fsck_touch_wipe(struct fsck_touch *t)
{
	for (size_t i = 0; i < t->use_count; i++)
		free(t->uses[i].tensor);
	free(t->uses);
	buf_wipe(&t->objects);
	buf_wipe(&t->owners);
	buf_wipe(&t->edges);
	*t = (struct fsck_touch)FSCK_TOUCH_INIT;
}

size_t fsck_touched_count(const struct fsck_touch *t)
{
	return t->objects.size / sizeof(struct fsck_touched);
}

const struct fsck_touched *fsck_touched(const struct fsck_touch *t, size_t object)
{
	return (const struct fsck_touched *)(const void *)t->objects.data + object;
}

const struct fsck_use *fsck_uses_of(const struct fsck_touch *t, const uint8_t *id,
                                    size_t n, size_t *count)
{
	const struct ordered uses = { t->uses, t->use_count, sizeof(*t->uses) };

	return range_of(&uses, id, n, count);
}

const struct fsck_owner *fsck_owners_of(const struct fsck_touch *t, const struct oid *oid,
                                        size_t *count)
{
	const struct ordered owners = { t->owners.data,
		                        t->owners.size / sizeof(struct fsck_owner),
		                        sizeof(struct fsck_owner) };

	return range_of(&owners, oid->bytes, SHA256_SIZE, count);
}

int fsck_touched_by(const struct fsck_touch *t, const struct fsck_finding *one,
                    struct buf *uses, struct err *err)
{
	struct buf ids = BUF_INIT;
	struct blob_set *seen = NULL;
	int rc = is_of_blob(one) ? blob_set_new(&seen, err) : 0;

	if (!rc && is_of_blob(one))
		rc = add_standing(t, one->id.bytes, seen, &ids, err);
	for (size_t at = 0; at < ids.size && !rc; at += sizeof(struct oid)) {
		size_t count;
		const struct fsck_use *list = fsck_uses_of(t, ids.data + at,
		                                           KEY_BASE_PREFIX, &count);
		for (size_t i = 0; i < count; i++) {
			const struct fsck_use *use = &list[i];
			buf_add(uses, &use, sizeof(const struct fsck_use *));
		}
	}
	if (!rc && uses->failed)
		rc = err_nomem(err, "a list of tensors");
	if (!rc && uses->size)
		qsort(uses->data, uses->size / sizeof(const struct fsck_use *),
		      sizeof(const struct fsck_use *), by_object);
	blob_set_free(seen);
	buf_wipe(&ids);
	return rc;
}
