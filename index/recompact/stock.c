#include "index/recompact/stock.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "index/base/base_marker.h"
#include "index/gc/gc_view.h"
#include "index/manifest/manifest.h"
#include "index/model/tensor_name.h"
#include "index/recompact/base_plan.h"
#include "index/recompact/delta_cost.h"

enum {
	SHAPES_LOOKED_AT = 64 /* back, for one that is equal */
};

void stock_init(struct stock *s)
{
	*s = (struct stock){ .blobs = BUF_INIT };
}

void stock_wipe(struct stock *s)
{
	buf_wipe(&s->blobs);
	buf_wipe(&s->records);
	buf_wipe(&s->dims);
	buf_wipe(&s->objects);
	free(s->by_id);
	free(s->starts);
	stock_init(s);
}

static size_t blob_count(const struct stock *s)
{
	return s->blobs.size / sizeof(struct stock_blob);
}

static struct stock_blob *blob_at(const struct stock *s, size_t i)
{
	return (struct stock_blob *)(void *)s->blobs.data + i;
}

const struct stock_blob *stock_blob_at(const struct stock *s, size_t i)
{
	return blob_at(s, i);
}

static size_t record_count(const struct stock *s)
{
	return s->records.size / sizeof(struct stock_record);
}

static const struct stock_record *record_at(const struct stock *s, size_t i)
{
	return (const struct stock_record *)(const void *)s->records.data + i;
}

const struct oid *stock_object(const struct stock *s, uint32_t i)
{
	return (const struct oid *)(const void *)s->objects.data + i;
}

/* ---------------------------------------------------------------- adding */

/* Where these dimensions stand: most tensors of a model have one of a few shapes. */
static uint32_t shape_of(struct stock *s, const struct extent *x)
{
	size_t n = x->dim_count, count = s->dims.size / sizeof(uint64_t);
	const uint64_t *all = (const uint64_t *)(const void *)s->dims.data;

	for (size_t back = n; n && back <= count && back < n + SHAPES_LOOKED_AT; back++)
		if (memcmp(all + count - back, x->dims, n * sizeof(uint64_t)) == 0)
			return (uint32_t)(count - back);
	buf_add(&s->dims, x->dims, n * sizeof(uint64_t));
	return (uint32_t)count;
}

/* Whether every codec that this program has for such a tensor was tried: those that need
 * a base where it was stored on one. */
static bool was_tried(const struct extent *x)
{
	const struct extent_finding *f = extent_finding(x);
	const struct codec *codec;

	for (unsigned i = 0; (codec = codec_at(i)) != NULL; i++) {
		bool found = !codec->takes(x->dtype) ||
		             (codec->needs_base && !f->base_count);
		for (unsigned k = 0; k < f->tried_count; k++)
			found = found || f->tried[k].codec == (unsigned)codec->id;
		if (!found)
			return false;
	}
	return true;
}

static void add_tensor(struct stock *s, const struct extent *x, uint32_t object)
{
	struct stock_blob b = {
		.id = x->id,
		.size = x->size,
		.name = tensor_name_key(x),
		.remembered = extent_finding(x)->stored,
		.object = object,
		.shape = shape_of(s, x),
		.solo = (uint16_t)solo_cost_permille(x),
		.dtype = (uint8_t)x->dtype,
		.dim_count = (uint8_t)x->dim_count,
		.flags = (uint8_t)(STOCK_NEEDED | (was_tried(x) ? STOCK_TRIED : 0)),
		.sketch = extent_finding(x)->sketch,
	};

	buf_add(&s->blobs, &b, sizeof(b));
}

int stock_add_manifest(struct stock *s, const struct manifest *m, struct err *err)
{
	uint32_t object = (uint32_t)(s->objects.size / sizeof(struct oid));

	buf_add(&s->objects, &m->oid, sizeof(m->oid));
	for (size_t i = 0; i < m->extents.count; i++)
		if (base_marker_fits(&m->extents.list[i]))
			add_tensor(s, &m->extents.list[i], object);
	return s->objects.failed || s->blobs.failed || s->dims.failed
	               ? err_nomem(err, "the stock of a store")
	               : 0;
}

int stock_add_record(struct stock *s, const struct key_record *record, uint64_t stored,
                     struct err *err)
{
	struct stock_record r = { *record, stored };

	buf_add(&s->records, &r, sizeof(r));
	return s->records.failed ? err_nomem(err, "the stock of a store") : 0;
}

/* ---------------------------------------------------------------- order */

static int by_id(const void *a, const void *b)
{
	const struct stock_blob *x = a, *y = b;
	int order = oid_compare(&x->id, &y->id);

	if (order)
		return order;
	return x->object < y->object ? -1 : x->object > y->object;
}

static int by_record(const void *a, const void *b)
{
	const struct stock_record *x = a, *y = b;
	int order = oid_compare(&x->record.id, &y->record.id);

	if (order)
		return order;
	if (x->record.base_count != y->record.base_count)
		return x->record.base_count < y->record.base_count ? -1 : 1;
	return memcmp(x->record.bases, y->record.bases, sizeof(x->record.bases));
}

static int by_group(const void *a, const void *b)
{
	const struct stock_blob *x = a, *y = b;

	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	if (x->sketch.band != y->sketch.band)
		return x->sketch.band < y->sketch.band ? -1 : 1;
	return oid_compare(&x->id, &y->id);
}

/* Each blob once, by id: what the first object that holds it says. */
static void sort_blobs(struct stock *s)
{
	size_t kept = 0;

	if (!s->blobs.size)
		return;
	qsort(s->blobs.data, blob_count(s), sizeof(struct stock_blob), by_id);
	for (size_t i = 0; i < blob_count(s); i++)
		if (!kept || !oid_equal(&blob_at(s, kept - 1)->id, &blob_at(s, i)->id))
			*blob_at(s, kept++) = *blob_at(s, i);
	s->blobs.size = kept * sizeof(struct stock_blob);
}

/* ---------------------------------------------------------------- finding */

/* The number of the first of `count` things whose id is not below `prefix`. */
struct id_search {
	const void *list;
	size_t count;
	const struct oid *(*id)(const void *list, size_t i);
};

static size_t first_not_below(const struct id_search *in, const void *prefix, size_t n)
{
	size_t low = 0, high = in->count;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		if (memcmp(in->id(in->list, at)->bytes, prefix, n) < 0)
			low = at + 1;
		else
			high = at;
	}
	return low;
}

static const struct oid *id_of_record(const void *list, size_t i)
{
	return &record_at(list, i)->record.id;
}

/* Before blobs are in groups, and after. */
static const struct oid *id_of_blob(const void *list, size_t i)
{
	return &blob_at(list, i)->id;
}

static const struct oid *id_of_grouped(const void *list, size_t i)
{
	const struct stock *s = list;

	return &blob_at(s, s->by_id[i])->id;
}

size_t stock_records_of(const struct stock *s, const struct oid *id,
                        const struct stock_record **first)
{
	const struct id_search in = { s, record_count(s), id_of_record };
	size_t at = first_not_below(&in, id->bytes, SHA256_SIZE), end = at;

	while (end < in.count && oid_equal(id_of_record(s, end), id))
		end++;
	*first = record_at(s, at);
	return end - at;
}

bool stock_records_at(const struct stock *s, size_t at, const struct stock_record **first,
                      size_t *count)
{
	size_t end = at + 1;

	if (at >= record_count(s))
		return false;
	while (end < record_count(s) &&
	       oid_equal(id_of_record(s, end), id_of_record(s, at)))
		end++;
	*first = record_at(s, at);
	*count = end - at;
	return true;
}

bool stock_has(const struct stock *s, const struct oid *id)
{
	const struct id_search in = { s, blob_count(s), id_of_grouped };
	size_t at = first_not_below(&in, id->bytes, SHA256_SIZE);

	return at < in.count && oid_equal(id_of_grouped(s, at), id);
}

/* ---------------------------------------------------------------- bases without a manifest */

const struct stock_record *stock_solo(const struct stock *s,
                                      const uint8_t base[KEY_BASE_PREFIX])
{
	const struct id_search in = { s, record_count(s), id_of_record };

	for (size_t i = first_not_below(&in, base, KEY_BASE_PREFIX);
	     i < in.count &&
	     memcmp(id_of_record(s, i)->bytes, base, KEY_BASE_PREFIX) == 0;
	     i++)
		if (!record_at(s, i)->record.base_count)
			return record_at(s, i);
	return NULL;
}

/* Adds the base of `r` to the group of `client`, which stands on it, unless a manifest
 * lists it. */
static void add_ghost(struct stock *s, const struct stock_record *r,
                      const struct stock_blob *client, const struct id_search *known)
{
	const uint8_t *base = r->record.bases[0];
	size_t at = first_not_below(known, base, KEY_BASE_PREFIX);
	const struct stock_record *solo = stock_solo(s, base);

	if (!solo || (at < known->count &&
	              memcmp(id_of_blob(s, at)->bytes, base, KEY_BASE_PREFIX) == 0))
		return;
	struct stock_blob ghost = { .id = solo->record.id,
		                    .name = client->name,
		                    .object = UINT32_MAX,
		                    .dtype = DTYPE_BYTES };
	ghost.sketch.band = client->sketch.band;
	buf_add(&s->blobs, &ghost, sizeof(ghost));
}

static int add_ghosts(struct stock *s, struct err *err)
{
	const struct id_search known = { s, blob_count(s), id_of_blob };

	for (size_t i = 0; i < record_count(s) && !s->blobs.failed; i++) {
		const struct stock_record *r = record_at(s, i);
		size_t at = first_not_below(&known, r->record.id.bytes, SHA256_SIZE);
		struct stock_blob client;
		if (r->record.base_count != 1 || at == known.count ||
		    !oid_equal(id_of_blob(s, at), &r->record.id))
			continue;
		client = *blob_at(s, at); /* the list may move */
		add_ghost(s, r, &client, &known);
	}
	if (s->blobs.failed)
		return err_nomem(err, "the stock of a store");
	sort_blobs(s);
	return 0;
}

/* ---------------------------------------------------------------- groups and pins */

static int make_groups(struct stock *s, struct err *err)
{
	size_t count = blob_count(s), in_group = 0;

	if (count)
		qsort(s->blobs.data, count, sizeof(struct stock_blob), by_group);
	s->starts = calloc(count + 1, sizeof(*s->starts));
	if (!s->starts)
		return err_nomem(err, "the stock of a store");
	for (size_t i = 0; i < count; i++) {
		struct stock_blob *b = blob_at(s, i);
		if (!i || b[-1].name != b->name || in_group == BASE_PLAN_MAX) {
			s->starts[s->groups++] = (uint32_t)i;
			in_group = 0;
		}
		b->group = (uint32_t)s->groups - 1;
		in_group++;
	}
	s->starts[s->groups] = (uint32_t)count;
	return 0;
}

struct numbered {
	const struct oid *id;
	uint32_t number;
};

static int by_number(const void *a, const void *b)
{
	return oid_compare(((const struct numbered *)a)->id,
	                   ((const struct numbered *)b)->id);
}

static int number_by_id(struct stock *s, struct err *err)
{
	size_t count = blob_count(s);
	struct numbered *list = calloc(count + 1, sizeof(*list));

	s->by_id = calloc(count + 1, sizeof(*s->by_id));
	if (!list || !s->by_id) {
		free(list);
		return err_nomem(err, "the stock of a store");
	}
	for (size_t i = 0; i < count; i++)
		list[i] = (struct numbered){ &blob_at(s, i)->id, (uint32_t)i };
	qsort(list, count, sizeof(*list), by_number);
	for (size_t i = 0; i < count; i++)
		s->by_id[i] = list[i].number;
	free(list);
	return 0;
}

/* Every blob whose id begins so: an edge says no more. */
static void pin_base(struct stock *s, const uint8_t base[KEY_BASE_PREFIX],
                     const struct stock_blob *client)
{
	const struct id_search in = { s, blob_count(s), id_of_grouped };

	for (size_t i = first_not_below(&in, base, KEY_BASE_PREFIX);
	     i < in.count &&
	     memcmp(id_of_grouped(s, i)->bytes, base, KEY_BASE_PREFIX) == 0;
	     i++) {
		struct stock_blob *b = blob_at(s, s->by_id[i]);
		if (!client || client->group != b->group)
			b->flags |= STOCK_PINNED;
	}
}

static void pin_bases(struct stock *s)
{
	const struct id_search in = { s, blob_count(s), id_of_grouped };

	for (size_t i = 0; i < record_count(s); i++) {
		const struct key_record *r = &record_at(s, i)->record;
		size_t at = first_not_below(&in, r->id.bytes, SHA256_SIZE);
		const struct stock_blob *client = NULL;
		if (at < in.count && oid_equal(id_of_grouped(s, at), &r->id) &&
		    r->base_count == 1)
			client = blob_at(s, s->by_id[at]);
		for (unsigned k = 0; k < r->base_count; k++)
			pin_base(s, r->bases[k], client);
	}
}

/* They come from a listing, in order but for a few: sorting a million takes memory. */
static void sort_records(struct stock *s)
{
	size_t i = 1, count = record_count(s);

	while (i < count && by_record(record_at(s, i - 1), record_at(s, i)) <= 0)
		i++;
	if (i < count)
		qsort(s->records.data, count, sizeof(struct stock_record), by_record);
}

int stock_close(struct stock *s, struct err *err)
{
	sort_blobs(s);
	sort_records(s);
	int rc = add_ghosts(s, err);
	if (!rc)
		rc = make_groups(s, err);
	if (!rc)
		rc = number_by_id(s, err);
	if (!rc)
		pin_bases(s);
	return rc;
}

void stock_mark_needed(struct stock *s, const struct gc_blobs *needed)
{
	for (size_t i = 0; i < blob_count(s); i++)
		if (gc_blob_find(needed, &blob_at(s, i)->id))
			blob_at(s, i)->flags |= STOCK_NEEDED;
}

uint64_t stock_bytes(const struct stock *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < record_count(s); i++)
		sum += record_at(s, i)->stored;
	return sum;
}

size_t stock_group(const struct stock *s, size_t group, size_t *first)
{
	*first = s->starts[group];
	return s->starts[group + 1] - s->starts[group];
}

void stock_extent(const struct stock *s, const struct stock_blob *b, struct extent *x,
                  struct extent_finding *finding)
{
	*finding = (struct extent_finding){ .sketch = b->sketch };
	*x = (struct extent){
		.size = b->size,
		.name = "",
		.dims = (const uint64_t *)(const void *)s->dims.data + b->shape,
		.finding = finding,
		.id = b->id,
		.kind = EXTENT_TENSOR,
		.dtype = b->dtype,
		.dim_count = b->dim_count,
	};
}
