#include "index/survey/store_census.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/work/blob_set.h"
#include "index/work/lanes.h"

/* A blob as the manifests know it, and later as a record is found for it. */
struct counted_blob {
	struct oid id;
	uint64_t size;
};

struct counted_object {
	struct oid oid;
	uint64_t size;
	uint64_t owners;
};

struct census {
	const struct transfer *transfer;
	pthread_mutex_t lock; /* guards all below while lanes read manifests */
	struct buf objects;   /* of struct counted_object, sorted by oid: listings are */
	struct buf blobs;     /* of struct counted_blob */
	struct blob_set *seen;
	struct store_census sum;
};

static size_t object_count(const struct census *c)
{
	return c->objects.size / sizeof(struct counted_object);
}

static struct counted_object *object_at(const struct census *c, size_t i)
{
	return (struct counted_object *)(void *)c->objects.data + i;
}

/* ---------------------------------------------------------------- manifests */

static int note_object(void *ctx, const struct store_entry *entry)
{
	struct census *c = ctx;
	struct counted_object object = { 0 };

	if (key_parse_object(entry->key, &object.oid))
		buf_add(&c->objects, &object, sizeof(object));
	return c->objects.failed ? ERR_NOMEM : 0;
}

static int count_extent(struct census *c, const struct extent *x, struct err *err)
{
	struct counted_blob blob = { x->id, x->size };

	if (x->inlined) {
		c->sum.blob_bytes += x->size;
		c->sum.solo_raw += x->size;
		return 0;
	}
	int rc = blob_set_add(c->seen, &x->id, err);
	if (rc)
		return rc < 0 ? rc : 0;
	c->sum.blob_bytes += x->size;
	buf_add(&c->blobs, &blob, sizeof(blob));
	return c->blobs.failed ? err_nomem(err, "a census") : 0;
}

static int count_manifest(struct census *c, struct counted_object *object,
                          const struct manifest *m, struct err *err)
{
	int rc = 0;

	object->size = m->extents.size;
	c->sum.objects++;
	c->sum.object_bytes += m->extents.size;
	c->sum.stored_bytes += m->stored;
	c->sum.solo_stored += m->stored;
	for (size_t i = 0; i < m->extents.count && !rc; i++)
		rc = count_extent(c, &m->extents.list[i], err);
	return rc;
}

static int read_manifest(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct census *c = ctx;
	struct counted_object *object = object_at(c, i);
	struct manifest m;
	int rc = manifest_get(c->transfer->store, &object->oid, manifest_parse_places, &m,
	                      err);

	(void)lane;
	if (rc > 0)
		return 0;
	if (rc && rc != ERR_DAMAGED)
		return rc;
	pthread_mutex_lock(&c->lock);
	if (rc == ERR_DAMAGED)
		c->sum.damaged++;
	else
		rc = count_manifest(c, object, &m, err);
	pthread_mutex_unlock(&c->lock);
	if (rc == ERR_DAMAGED)
		return 0;
	manifest_wipe(&m);
	return rc;
}

/* ---------------------------------------------------------------- records, owners */

static int by_blob_id(const void *a, const void *b)
{
	return oid_compare(&((const struct counted_blob *)a)->id,
	                   &((const struct counted_blob *)b)->id);
}

static int count_record(void *ctx, const struct store_entry *entry)
{
	struct census *c = ctx;
	struct key_record record;

	if (!key_parse_record(entry->key, &record))
		return 0;
	size_t count = c->blobs.size / sizeof(struct counted_blob);
	const struct counted_blob *blob = count ? bsearch(&record.id, c->blobs.data,
	                                                  count, sizeof(*blob),
	                                                  by_blob_id)
	                                        : NULL;
	uint64_t raw = blob ? blob->size : 0; /* no manifest needs it: pure cost */

	c->sum.records++;
	c->sum.stored_bytes += entry->size;
	if (record.base_count) {
		c->sum.deltas++;
		c->sum.delta_raw += raw;
		c->sum.delta_stored += entry->size;
	} else {
		c->sum.solo_raw += raw;
		c->sum.solo_stored += entry->size;
	}
	return 0;
}

static int by_object_oid(const void *a, const void *b)
{
	return oid_compare(&((const struct counted_object *)a)->oid,
	                   &((const struct counted_object *)b)->oid);
}

static int count_owner(void *ctx, const struct store_entry *entry)
{
	struct census *c = ctx;
	struct counted_object key;
	const char *name = strrchr(entry->key, '/');

	if (!name || !oid_parse(name + 1, &key.oid) || !object_count(c))
		return 0;
	struct counted_object *object = bsearch(&key, c->objects.data, object_count(c),
	                                        sizeof(*object), by_object_oid);
	if (object)
		object->owners++;
	return 0;
}

/* An object that no repository says it pushed was pushed once all the same. */
static void count_pushed(struct census *c)
{
	for (size_t i = 0; i < object_count(c); i++) {
		const struct counted_object *object = object_at(c, i);
		c->sum.pushed_bytes += object->size *
		                       (object->owners ? object->owners : 1);
	}
}

/* ---------------------------------------------------------------- the whole */

static int take(struct census *c, struct err *err)
{
	struct store *store = c->transfer->store;
	int rc = store_list(store, "objects/", note_object, c, err);

	if (rc)
		return rc;
	struct lanes_work work = { .count = object_count(c),
		                   .task = read_manifest,
		                   .ctx = c };
	rc = lanes_run(c->transfer->lanes, &work, err);
	if (rc)
		return rc;
	if (c->blobs.size)
		qsort(c->blobs.data, c->blobs.size / sizeof(struct counted_blob),
		      sizeof(struct counted_blob), by_blob_id);
	rc = store_list(store, "blobs/", count_record, c, err);
	if (!rc)
		rc = store_list(store, "owners/", count_owner, c, err);
	if (!rc)
		count_pushed(c);
	return rc;
}

int store_census_take(const struct transfer *t, struct store_census *out, struct err *err)
{
	struct census c = { .transfer = t, .objects = BUF_INIT, .blobs = BUF_INIT };
	int rc = blob_set_new(&c.seen, err);

	if (rc)
		return rc;
	pthread_mutex_init(&c.lock, NULL);
	rc = take(&c, err);
	pthread_mutex_destroy(&c.lock);
	blob_set_free(c.seen);
	buf_wipe(&c.objects);
	buf_wipe(&c.blobs);
	if (!rc)
		*out = c.sum;
	return rc;
}
