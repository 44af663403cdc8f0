#include "index/gc/gc_view.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/hex.h"
#include "index/store/trash_keys.h"

void gc_view_wipe(struct gc_view *v)
{
	struct buf *all[] = {
		&v->owners.bytes,  &v->owner_entries.bytes,  &v->traces.bytes,
		&v->objects.bytes, &v->object_entries.bytes, &v->needed.bytes,
		&v->records.bytes, &v->record_entries.bytes, &v->others
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_wipe(all[i]);
}

/* ---------------------------------------------------------------- orders */

static int compare_owner_keys(const void *a, const void *b)
{
	const struct gc_owner *x = a, *y = b;
	int by = oid_compare(&x->oid, &y->oid);

	return by ? by : memcmp(x->repo, y->repo, GC_REPO);
}

static int compare_owners(const void *a, const void *b)
{
	const struct gc_owner *x = a, *y = b;
	int by = compare_owner_keys(a, b);

	return by ? by : memcmp(x->nonce, y->nonce, GC_NONCE);
}

static int compare_object_keys(const void *a, const void *b)
{
	return oid_compare(&((const struct gc_object *)a)->oid,
	                   &((const struct gc_object *)b)->oid);
}

static int compare_objects(const void *a, const void *b)
{
	const struct gc_object *x = a, *y = b;
	int by = compare_object_keys(a, b);

	return by ? by : memcmp(x->nonce, y->nonce, GC_NONCE);
}

/* As the keys: the solo record first. */
static int compare_record_keys(const void *a, const void *b)
{
	const struct key_record *x = &((const struct gc_record *)a)->record;
	const struct key_record *y = &((const struct gc_record *)b)->record;
	unsigned bases = x->base_count < y->base_count ? x->base_count : y->base_count;
	int by = oid_compare(&x->id, &y->id);

	if (!by)
		by = memcmp(x->bases, y->bases, (size_t)bases * KEY_BASE_PREFIX);
	return by ? by : (int)x->base_count - (int)y->base_count;
}

static int compare_records(const void *a, const void *b)
{
	const struct gc_record *x = a, *y = b;
	int by = compare_record_keys(a, b);

	return by ? by : memcmp(x->nonce, y->nonce, GC_NONCE);
}

/* ---------------------------------------------------------------- sealing */

typedef int order_fn(const void *a, const void *b);

/* What sealing must know of a kind of thing. */
struct kind {
	size_t size;
	order_fn *by_key, *by_entry;
	size_t since, youngest; /* where they are */
};

static const struct kind owner_kind = { sizeof(struct gc_owner), compare_owner_keys,
	                                compare_owners, offsetof(struct gc_owner, since),
	                                offsetof(struct gc_owner, youngest) };
static const struct kind object_kind = { sizeof(struct gc_object), compare_object_keys,
	                                 compare_objects,
	                                 offsetof(struct gc_object, since),
	                                 offsetof(struct gc_object, youngest) };
static const struct kind record_kind = { sizeof(struct gc_record), compare_record_keys,
	                                 compare_records,
	                                 offsetof(struct gc_record, since),
	                                 offsetof(struct gc_record, youngest) };

/* Listings come sorted, mostly: sorting takes as much memory again. */
static void sort(struct buf *b, size_t size, order_fn *order)
{
	for (size_t at = size; at < b->size; at += size)
		if (order(b->data + at - size, b->data + at) > 0) {
			qsort(b->data, b->size / size, size, order);
			return;
		}
}

static int64_t *time_at(const struct buf *b, size_t at, size_t member)
{
	return (int64_t *)(void *)(b->data + at + member);
}

static void raise_to(int64_t *to, int64_t time)
{
	if (*to < time)
		*to = time;
}

/* Where the things of `live` begin that have the key of the one at `key`, going on from
 * `at`; both are sorted. */
static size_t skip_to(const struct kind *k, const struct buf *live, size_t at,
                      const void *key)
{
	while (at < live->size && k->by_key(live->data + at, key) < 0)
		at += k->size;
	return at;
}

/* Gives all entries of one key, and its live value, the time of the youngest of them. */
static void find_youngest(const struct kind *k, struct buf *live, struct buf *entries)
{
	size_t there = 0;

	for (size_t at = 0; at < live->size; at += k->size)
		*time_at(live, at, k->youngest) = *time_at(live, at, k->since);
	for (size_t at = 0, end; at < entries->size; at = end) {
		const void *key = entries->data + at;
		int64_t youngest = *time_at(entries, at, k->since);
		there = skip_to(k, live, there, key);
		bool lives = there < live->size && !k->by_key(live->data + there, key);
		if (lives)
			raise_to(&youngest, *time_at(live, there, k->since));
		for (end = at;
		     end < entries->size && !k->by_key(entries->data + end, key);
		     end += k->size)
			raise_to(&youngest, *time_at(entries, end, k->since));
		for (size_t i = at; i < end; i += k->size)
			*time_at(entries, i, k->youngest) = youngest;
		if (lives)
			*time_at(live, there, k->youngest) = youngest;
	}
}

static int seal(const struct kind *k, struct buf *live, struct buf *entries,
                struct err *err)
{
	if (live->failed || entries->failed)
		return err_nomem(err, "what a store holds");
	sort(live, k->size, k->by_key);
	sort(entries, k->size, k->by_entry);
	find_youngest(k, live, entries);
	return 0;
}

#define POINT_AT(array)                                                        \
	do {                                                                   \
		(array)->list = (void *)(array)->bytes.data;                   \
		(array)->count = (array)->bytes.size / sizeof(*(array)->list); \
	} while (0)

int gc_view_seal_owners(struct gc_view *v, struct err *err)
{
	struct buf none = BUF_INIT;
	int rc = seal(&owner_kind, &v->owners.bytes, &v->owner_entries.bytes, err);

	if (!rc)
		rc = seal(&owner_kind, &none, &v->traces.bytes, err);
	POINT_AT(&v->owners);
	POINT_AT(&v->owner_entries);
	POINT_AT(&v->traces);
	return rc;
}

int gc_view_seal_objects(struct gc_view *v, struct err *err)
{
	int rc = seal(&object_kind, &v->objects.bytes, &v->object_entries.bytes, err);

	POINT_AT(&v->objects);
	POINT_AT(&v->object_entries);
	return rc;
}

int gc_view_seal_records(struct gc_view *v, struct err *err)
{
	int rc = seal(&record_kind, &v->records.bytes, &v->record_entries.bytes, err);

	POINT_AT(&v->records);
	POINT_AT(&v->record_entries);
	return rc;
}

/* ---------------------------------------------------------------- finding */

/* A sorted array, each member of which begins with its id. */
struct sorted {
	const uint8_t *data;
	size_t count, size;
};

/* The first member whose id, as far as it is given, is `id`; NULL when there is none. */
static const void *find(struct sorted in, const uint8_t *id, size_t id_size)
{
	size_t low = 0, high = in.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (memcmp(in.data + middle * in.size, id, id_size) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == in.count || memcmp(in.data + low * in.size, id, id_size) != 0)
		return NULL;
	return in.data + low * in.size;
}

#define SORTED(in) \
	((struct sorted){ (const uint8_t *)(in)->list, (in)->count, sizeof(*(in)->list) })

const struct gc_owner *gc_owner_find(const struct gc_owners *in, const struct oid *oid)
{
	return find(SORTED(in), oid->bytes, SHA256_SIZE);
}

const struct gc_object *gc_object_find(const struct gc_objects *in, const struct oid *oid)
{
	return find(SORTED(in), oid->bytes, SHA256_SIZE);
}

const struct gc_blob *gc_blob_find(const struct gc_blobs *in, const struct oid *id)
{
	return find(SORTED(in), id->bytes, SHA256_SIZE);
}

const struct gc_record *gc_record_find(const struct gc_records *in, const struct oid *id)
{
	return find(SORTED(in), id->bytes, SHA256_SIZE);
}

const struct gc_record *gc_record_find_base(const struct gc_records *in,
                                            const uint8_t base[KEY_BASE_PREFIX])
{
	return find(SORTED(in), base, KEY_BASE_PREFIX);
}

const struct gc_record *gc_records_end(const struct gc_records *in)
{
	return in->count ? in->list + in->count : NULL;
}

/* ---------------------------------------------------------------- keys */

/* The entry's name, which holds the key, and the nonce. */
static void spell_entry(const char *key, const uint8_t nonce[GC_NONCE],
                        char trash[KEY_MAX])
{
	char digits[KEY_NONCE_HEX + 1];

	hex_format(nonce, GC_NONCE, digits);
	if (!key_trash(key, digits, trash))
		*trash = 0;
}

void gc_owner_key(const struct gc_owner *o, char key[KEY_MAX])
{
	char repo[REPO_ID_HEX + 1];

	hex_format(o->repo, GC_REPO, repo);
	key_owner(repo, &o->oid, key);
}

void gc_owner_trash(const struct gc_owner *o, char trash[KEY_MAX])
{
	char key[KEY_MAX];

	gc_owner_key(o, key);
	spell_entry(key, o->nonce, trash);
}

void gc_trace_trash(const struct gc_owner *o, char trash[KEY_MAX])
{
	char repo[REPO_ID_HEX + 1], digits[KEY_NONCE_HEX + 1];

	hex_format(o->repo, GC_REPO, repo);
	hex_format(o->nonce, GC_NONCE, digits);
	trash_key_expired(&o->oid, repo, digits, trash);
}

void gc_object_key(const struct gc_object *o, char key[KEY_MAX])
{
	key_object(&o->oid, key);
}

void gc_object_trash(const struct gc_object *o, char trash[KEY_MAX])
{
	char key[KEY_MAX];

	key_object(&o->oid, key);
	spell_entry(key, o->nonce, trash);
}

void gc_record_key(const struct gc_record *r, char key[KEY_MAX])
{
	key_record(&r->record, key);
}

void gc_record_trash(const struct gc_record *r, char trash[KEY_MAX])
{
	char key[KEY_MAX];

	key_record(&r->record, key);
	spell_entry(key, r->nonce, trash);
}
