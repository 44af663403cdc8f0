/* The last of an upload: what the object consists of, whose it is, and where each of its
 * blobs was found or put. */
#include <stdlib.h>

#include "codec/common/err.h"
#include "index/base/base_search.h"
#include "index/blob/blob_find.h"
#include "index/blob/blob_look.h"
#include "index/blob/record_map.h"
#include "index/blob/transfer.h"
#include "index/manifest/extent_key.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_model.h"
#include "index/store/store.h"
#include "index/upload_private.h"
#include "index/work/file_range.h"
#include "index/work/free_memory.h"

static int read_inline(struct upload *u, struct err *err)
{
	struct extents *x = &u->manifest.extents;
	uint64_t total = 0;

	for (size_t i = 0; i < x->count; i++)
		total += x->list[i].inlined ? x->list[i].size : 0;
	u->inline_bytes = malloc(total ? (size_t)total : 1);
	if (!u->inline_bytes)
		return err_nomem(err, "small extents");
	u->manifest.inline_bytes = u->inline_bytes;
	for (size_t i = 0; i < x->count; i++) {
		struct extent *one = &x->list[i];
		uint8_t *dst = u->inline_bytes + u->manifest.inline_size;
		struct oid id;
		if (!one->inlined)
			continue;
		int rc = file_range_read(u->fd, one->offset, dst, (size_t)one->size, err);
		if (rc)
			return rc;
		if (!sha256_of(dst, (size_t)one->size, &id) || !oid_equal(&id, &one->id))
			return err_set(err, ERR_MISMATCH,
			               "the file changed while it was being read");
		u->manifest.inline_size += one->size;
	}
	return 0;
}

/* The size of a base is left unknown where only a request to a bucket would tell it. */
static void remember_bases(const struct transfer *t, struct extent_finding *f)
{
	struct err ignored = ERR_INIT;

	for (unsigned i = 0; i < f->base_count; i++) {
		struct blob_place base;
		int rc = t->records ? record_map_find_base(t->records, f->bases[i], &base,
		                                           &ignored)
		                    : blob_look_base(t, f->bases[i], &base, &ignored);
		f->base_stored[i] = !rc && !base.record.base_count ? base.stored : 0;
	}
}

/* Extents remember where their records are, so that a reader need not list. */
static void remember_records(struct upload *u)
{
	struct extents *x = &u->manifest.extents;

	qsort(u->blobs, u->blob_count, sizeof(*u->blobs), upload_blob_by_id);
	for (size_t i = 0; i < x->count; i++) {
		struct upload_blob key = { .extent = &x->list[i] };
		const struct upload_blob *blob;
		if (x->list[i].inlined)
			continue;
		blob = bsearch(&key, u->blobs, u->blob_count, sizeof(key),
		               upload_blob_by_id);
		if (!blob)
			continue;
		extent_remember(&x->list[i], &blob->record);
		x->list[i].finding->stored = blob->record_size;
		remember_bases(u->transfer, x->list[i].finding);
	}
}

static void add_note(struct manifest *m, const char *key, const char *value)
{
	if (value && m->note_count < MANIFEST_NOTES_MAX)
		m->notes[m->note_count++] = (struct manifest_note){ key, value };
}

/* The hint, if any, that gave more bases than `most`, which becomes their number. */
static const struct base_hint *best_hint(const struct upload *u,
                                         const struct base_hints *hints, size_t *most)
{
	const struct base_hint *best = NULL;

	for (size_t i = 0; i < hints->count; i++) {
		size_t count = 0;
		for (size_t k = 0; k < u->blob_count; k++)
			count += u->blobs[k].hint == &hints->list[i];
		if (count > *most) {
			*most = count;
			best = &hints->list[i];
		}
	}
	return best;
}

/* Where the object comes from, and where most of its bases do. */
static void add_notes(struct upload *u)
{
	struct manifest *m = &u->manifest;
	size_t most = 0;
	const struct base_hint *best = best_hint(u, &u->hints, &most), *found = NULL;

	if (u->search)
		found = best_hint(u, base_search_found(u->search), &most);
	best = found ? found : best;
	add_note(m, "agent", "git-zllm " ZLLM_VERSION);
	add_note(m, MANIFEST_NOTE_FORMAT, manifest_model_note(m->extents.model));
	add_note(m, "path", u->hints.path);
	add_note(m, "commit", u->hints.commit);
	if (!best)
		return;
	oid_format(&best->oid, u->base_oid);
	add_note(m, "base.oid", u->base_oid);
	add_note(m, "base.source", base_source_name(best->source));
	add_note(m, "base.path", best->path);
	add_note(m, "base.commit", best->commit);
}

int upload_put_owner(const struct transfer *t, const struct oid *oid, struct err *err)
{
	char key[KEY_MAX];

	if (!*t->repo_id)
		return 0;
	key_owner(t->repo_id, oid, key);
	return store_put_all(t->store, key, NULL, 0, err);
}

enum { MANY_EXTENTS = 100000 }; /* whose manifest takes as much as they do */

int upload_commit(struct upload *u, struct err *err)
{
	int rc = read_inline(u, err);

	if (rc)
		return rc;
	if (u->manifest.extents.count >= MANY_EXTENTS)
		free_memory_return();
	remember_records(u);
	add_notes(u);
	rc = upload_put_owner(u->transfer, &u->request->oid, err);
	return rc ? rc : manifest_put_sure(u->transfer->store, &u->manifest, u->fd, err);
}
