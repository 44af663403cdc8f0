#include "index/base/base_marker_rebuild.h"

#include <stdlib.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/base/base_marker.h"
#include "index/base/kin_key.h"
#include "index/base/kin_marker.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_source.h"
#include "index/blob/record_source.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/model/tensor_sketch.h"
#include "index/store/store.h"
#include "index/work/blob_set.h"
#include "index/work/lanes.h"

struct rebuild {
	const struct transfer *transfer;
	const struct marker_known *known;
	struct blob_set *marked; /* blobs that have a marker by name */
	struct blob_set *kin;    /* and by values */
	struct buf objects;      /* of struct oid */
	struct manifest manifest;
	struct marker_rebuild sum;
};

/* ---------------------------------------------------------------- what there is */

static int note_marker(void *ctx, const struct store_entry *entry)
{
	struct rebuild *r = ctx;
	struct key_marker marker;

	if (!key_parse_marker(entry->key, &marker) ||
	    (r->known && !r->known->has_solo(r->known->ctx, &marker.id)))
		return 0;
	int rc = blob_set_add(kin_key_fits(marker.name) ? r->kin : r->marked, &marker.id,
	                      NULL);
	return rc < 0 ? rc : 0;
}

static int note_object(void *ctx, const struct store_entry *entry)
{
	struct rebuild *r = ctx;
	struct oid oid;

	if (key_parse_object(entry->key, &oid))
		buf_add(&r->objects, &oid, sizeof(oid));
	return r->objects.failed ? ERR_NOMEM : 0;
}

/* ---------------------------------------------------------------- one object */

static int read_source(void *ctx, uint64_t offset, void *dst, size_t n, struct err *err)
{
	return blob_source_read(ctx, offset, n, dst, err);
}

/* Leaves the sketch unknown where there is no solo record, or it cannot be read. */
static int sketch_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct rebuild *r = ctx;
	struct extent *x = &r->manifest.extents.list[i];
	struct blob_source *source = NULL;
	struct blob_place place;
	struct err ignored = ERR_INIT;

	(void)lane;
	(void)err;
	if (x->kind != EXTENT_TENSOR || x->inlined || extent_finding(x)->base_count ||
	    extent_finding(x)->sketch.known)
		return 0;
	if (!blob_find(r->transfer->store, &x->id, &place, &ignored) &&
	    place.record.base_count == 0 &&
	    !record_source_open_base(r->transfer, &x->id, &source, &ignored))
		tensor_sketch_make(x, read_source, source, &x->finding->sketch, &ignored);
	blob_source_close(source);
	return 0;
}

/* Whether the blob still has to get a marker: it has none, and its record is solo. One
 * that gets it is noted. */
static int lacks_marker(struct rebuild *r, struct blob_set *marked,
                        const struct extent *x, struct err *err)
{
	struct blob_place place;
	struct err ignored = ERR_INIT;
	int rc = blob_set_add(marked, &x->id, err);

	if (rc)
		return rc < 0 ? rc : 0;
	if (r->known && !r->known->has_solo(r->known->ctx, &x->id))
		return 0; /* without a listing for each that recompaction made a delta */
	return !blob_find(r->transfer->store, &x->id, &place, &ignored) &&
	       place.record.base_count == 0;
}

/* Those of the first `count` that lack a marker, in front; how many, or negative. */
static int choose_lacking(struct rebuild *r, struct blob_set *marked,
                          const struct extent **list, size_t count, struct err *err)
{
	int lacking = 0;

	for (size_t i = 0; i < count; i++) {
		int rc = lacks_marker(r, marked, list[i], err);
		if (rc < 0)
			return rc;
		if (rc)
			list[lacking++] = list[i];
	}
	r->sum.known += count - (size_t)lacking;
	return lacking;
}

static size_t list_solos(const struct rebuild *r, const struct extent **list)
{
	const struct extents *all = &r->manifest.extents;
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		if (!extent_finding(&all->list[i])->base_count)
			list[count++] = &all->list[i];
	return count;
}

static int mark_by_name(struct rebuild *r, const struct extent **list, struct err *err)
{
	size_t count = base_markers_choose(list, list_solos(r, list));
	int lacking = choose_lacking(r, r->marked, list, count, err);

	return lacking < 0 ? lacking
	                   : base_markers_put(r->transfer, &r->manifest.oid, list,
	                                      (size_t)lacking, err);
}

static int mark_by_values(struct rebuild *r, const struct extent **list, struct err *err)
{
	size_t count = kin_markers_sort(list, list_solos(r, list));
	int lacking = choose_lacking(r, r->kin, list,
	                             count < KIN_MARKERS ? count : KIN_MARKERS, err);

	return lacking < 0 ? lacking
	                   : kin_markers_put(r->transfer, &r->manifest.oid, list,
	                                     (size_t)lacking, err);
}

static int mark_extents(struct rebuild *r, const struct extent **list, struct err *err)
{
	int made = mark_by_name(r, list, err);

	if (made < 0)
		return made;
	r->sum.made += (size_t)made;
	made = mark_by_values(r, list, err);
	if (made < 0)
		return made;
	r->sum.made += (size_t)made;
	return 0;
}

static int mark_object(struct rebuild *r, const struct oid *oid, struct err *err)
{
	struct err ignored = ERR_INIT;

	if (manifest_get(r->transfer->store, oid, manifest_parse, &r->manifest, &ignored))
		return 0;
	size_t count = r->manifest.extents.count;
	const struct extent **list = calloc(count + 1, sizeof(const struct extent *));
	struct lanes_work work = { .count = count, .task = sketch_one, .ctx = r };
	int rc = list ? extents_add_findings(&r->manifest.extents, err)
	              : err_nomem(err, "a list of tensors");
	if (!rc)
		rc = lanes_run(r->transfer->lanes, &work, err);
	if (!rc)
		rc = mark_extents(r, list, err);
	r->sum.objects++;
	free(list);
	manifest_wipe(&r->manifest);
	return rc;
}

/* ---------------------------------------------------------------- the whole */

int base_markers_rebuild(const struct transfer *t, const struct marker_known *known,
                         struct marker_rebuild *out, struct err *err)
{
	struct rebuild r = { .transfer = t, .known = known, .objects = BUF_INIT };
	int rc = blob_set_new(&r.marked, err);

	if (!rc)
		rc = blob_set_new(&r.kin, err);
	if (!rc)
		rc = store_list(t->store, "bases/", note_marker, &r, err);
	if (!rc)
		rc = store_list(t->store, "objects/", note_object, &r, err);
	for (size_t at = 0; at < r.objects.size && !rc; at += sizeof(struct oid))
		rc = mark_object(
			&r, (const struct oid *)(const void *)(r.objects.data + at), err);
	if (!rc)
		*out = r.sum;
	blob_set_free(r.marked);
	blob_set_free(r.kin);
	buf_wipe(&r.objects);
	return rc;
}
