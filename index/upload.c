#include "index/upload.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/base/base_marker.h"
#include "index/base/base_search.h"
#include "index/base/extents_sketch.h"
#include "index/base/kin_marker.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_look.h"
#include "index/blob/blob_rely.h"
#include "index/blob/record_check.h"
#include "index/blob/record_map.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/object_look.h"
#include "index/store/store.h"
#include "index/upload_private.h"
#include "index/work/lanes.h"
#include "index/work/turns.h"

static int tell_progress(void *ctx, struct err *err)
{
	struct upload *u = ctx;

	return work_meter_tell(&u->meter, err);
}

/* ---------------------------------------------------------------- the blobs */

int upload_blob_by_id(const void *a, const void *b)
{
	const struct upload_blob *x = a, *y = b;

	return oid_compare(&x->extent->id, &y->extent->id);
}

static int by_place(const void *a, const void *b)
{
	const struct upload_blob *x = a, *y = b;

	return x->extent->offset < y->extent->offset
	               ? -1
	               : x->extent->offset > y->extent->offset;
}

/* Makes the list of different blobs, in the order of the file. */
static int list_blobs(struct upload *u, struct err *err)
{
	struct extents *x = &u->manifest.extents;
	size_t n = 0;

	u->blobs = calloc(x->count ? x->count : 1, sizeof(*u->blobs));
	u->missing = calloc(x->count ? x->count : 1, sizeof(*u->missing));
	if (!u->blobs || !u->missing)
		return err_nomem(err, "a list of blobs");
	for (size_t i = 0; i < x->count; i++) {
		struct extent *one = &x->list[i];
		if (!one->inlined)
			u->blobs[n++] = (struct upload_blob){ .extent = one,
				                              .bytes = one->size };
		else
			work_meter_add(&u->meter, one->size * UNITS_STORE);
	}
	qsort(u->blobs, n, sizeof(*u->blobs), upload_blob_by_id);
	for (size_t i = 0; i < n; i++) {
		struct upload_blob *last = u->blob_count ? &u->blobs[u->blob_count - 1]
		                                         : NULL;
		if (last && upload_blob_by_id(last, &u->blobs[i]) == 0)
			last->bytes += u->blobs[i].bytes;
		else
			u->blobs[u->blob_count++] = u->blobs[i];
	}
	qsort(u->blobs, u->blob_count, sizeof(*u->blobs), by_place);
	return 0;
}

static int look_for_blob(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct upload *u = ctx;
	struct upload_blob *blob = &u->blobs[i];
	struct blob_place place;
	const struct extent *x = blob->extent;
	const struct blob_claim claim = { &x->id, x->size, &x->sum, NULL };
	int rc = blob_rely(u->transfer, &claim, &place, err);

	(void)lane;
	if (rc < 0)
		return rc;
	if (rc > 0)
		return 0;
	blob->there = true;
	blob->record = place.record;
	blob->record_size = place.stored;
	work_meter_add(&u->meter, blob->bytes * UNITS_STORE);
	return 0;
}

/* Asks the store which blobs it has. */
static int look(struct upload *u, struct err *err)
{
	struct lanes_work work = { u->blob_count, look_for_blob, tell_progress, u };
	int rc = 0;

	if (u->blob_count && u->transfer->records)
		rc = record_map_expect(u->transfer->records, &u->blobs[0].extent->id,
		                       u->blob_count, err);
	if (!rc)
		rc = lanes_run(u->transfer->lanes, &work, err);

	for (size_t i = 0; i < u->blob_count && !rc; i++)
		if (!u->blobs[i].there)
			u->missing[u->missing_count++] = &u->blobs[i];
	return rc;
}

static int search(struct upload *u, struct err *err)
{
	if (!u->missing_count)
		return 0;
	upload_find_hints(u);
	base_hints_mark_earlier(&u->hints);
	const struct extent **wanted = calloc(u->missing_count ? u->missing_count : 1,
	                                      sizeof(const struct extent *));
	if (!wanted)
		return err_nomem(err, "a list of tensors");
	for (size_t i = 0; i < u->missing_count; i++)
		wanted[i] = u->missing[i]->extent;
	/* `git zllm base none`: nothing is looked for. */
	struct base_search_request search = { &u->hints, wanted,
		                              u->hints.never ? 0 : u->missing_count };
	int rc = base_search_run(u->transfer, &search, &u->search, err);
	free(wanted);
	return rc;
}

/* ---------------------------------------------------------------- putting records */

static int put_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct upload *u = ctx;

	(void)lane;
	u->missing[i]->turn = i;
	int rc = upload_put_blob(u, u->missing[i], err);
	if (u->turns)
		turns_end(u->turns, i);
	return rc;
}

static int put_missing(struct upload *u, struct err *err)
{
	struct lanes_work work = { u->missing_count, put_one, tell_progress, u };
	int rc = u->transfer->in_order ? turns_new(&u->turns, err) : 0;

	return rc ? rc : lanes_run(u->transfer->lanes, &work, err);
}

/* The tensors that were put solo; returns how many. */
static size_t list_solos(const struct upload *u, const struct extent **solos)
{
	size_t count = 0;

	for (size_t i = 0; i < u->missing_count; i++)
		if (u->missing[i]->record.base_count == 0)
			solos[count++] = u->missing[i]->extent;
	return count;
}

/* So that others find what may now serve as their base: by its names, and by its values. */
static int put_markers(struct upload *u, struct err *err)
{
	const struct oid *oid = &u->request->oid;
	const struct extent **solos = calloc(u->missing_count ? u->missing_count : 1,
	                                     sizeof(const struct extent *));

	if (!solos)
		return err_nomem(err, "a list of tensors");
	size_t count = base_markers_choose(solos, list_solos(u, solos));
	int rc = base_markers_put(u->transfer, oid, solos, count, err);
	if (rc >= 0) {
		u->unmarked = count - (size_t)rc;
		count = kin_markers_sort(solos, list_solos(u, solos));
		count = count < KIN_MARKERS ? count : KIN_MARKERS;
		rc = kin_markers_put(u->transfer, oid, solos, count, err);
	}
	if (rc >= 0)
		u->unmarked += count - (size_t)rc;
	free(solos);
	return rc < 0 ? rc : 0;
}

/* ---------------------------------------------------------------- the whole */

static int have_it(struct upload *u, bool *have, struct err *err)
{
	const struct upload_request *request = u->request;
	struct object_asked asked = { &request->oid, request->path };
	struct err why = ERR_INIT;
	int rc = 0;

	*have = request->state == OBJECT_WHOLE || request->state == OBJECT_OURS;
	if (request->state == OBJECT_UNKNOWN)
		rc = object_look(u->transfer, &asked, have, &why, err);
	if (!rc && *have && request->state != OBJECT_OURS)
		rc = upload_put_owner(u->transfer, &request->oid, err);
	return rc;
}

static int store_it(struct upload *u, struct err *err)
{
	int rc = upload_open(u, err);

	if (!rc)
		rc = upload_scan(u, err);
	if (!rc)
		rc = list_blobs(u, err);
	if (!rc)
		rc = look(u, err);
	/* Tensors are found again by their sketches: by those who look for a base in the
	 * store, and by us, who ask how far a like is. */
	if (!rc)
		rc = extents_sketch(u->transfer, u->fd, &u->manifest.extents, err);
	if (!rc)
		rc = search(u, err);
	if (!rc)
		rc = put_missing(u, err);
	if (!rc && !(u->request->flags & UPLOAD_NO_MARKERS))
		rc = put_markers(u, err);
	return rc ? rc : upload_commit(u, err);
}

static void sum_up(const struct upload *u, struct upload_result *out)
{
	out->unmarked = u->unmarked;
	for (size_t i = 0; i < u->blob_count; i++) {
		const struct upload_blob *blob = &u->blobs[i];
		out->stored += blob->stored;
		out->known += blob->there ? blob->bytes : 0;
		if (!blob->there && blob->record.base_count)
			out->deltas++;
		else if (!blob->there)
			out->solos++;
	}
}

static void upload_wipe(struct upload *u)
{
	if (u->fd >= 0)
		close(u->fd);
	u->manifest.inline_bytes = NULL;
	manifest_wipe(&u->manifest);
	base_search_free(u->search);
	turns_free(u->turns);
	base_hints_wipe(&u->hints);
	free(u->inline_bytes);
	free(u->missing);
	free(u->blobs);
}

int upload_object(const struct transfer *t, const struct upload_request *request,
                  struct upload_result *out, struct err *err)
{
	struct upload u = {
		.transfer = t,
		.request = request,
		.fd = -1,
		.meter = { .per_byte = UNITS_PER_BYTE,
		           .size = request->size,
		           .progress = request->progress,
		           .ctx = request->ctx },
	};
	struct upload_result result = { 0 };
	bool have;
	int rc = have_it(&u, &have, err);

	if (!rc && !have)
		rc = store_it(&u, err);
	if (!rc) {
		if (have)
			result.known = request->size;
		else
			sum_up(&u, &result);
		*out = result;
	}
	upload_wipe(&u);
	return rc;
}
