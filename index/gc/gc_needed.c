/*
 * Manifests are read on lanes, and what they list is added to one array under a lock. Forks
 * list the same blobs again and again, so whenever the array has doubled it is sorted, and
 * each blob stays once: it never takes more than twice what is needed.
 */
#include "index/gc/gc_needed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/blob/transfer.h"
#include "index/gc/gc_run.h"
#include "index/gc/gc_view.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_store.h"
#include "index/store/store.h"
#include "index/work/lanes.h"

enum {
	FOLD_MIN = 64 * 1024, /* blobs */
	ROUNDS = 3
};

struct reading {
	struct gc_view *view;
	const struct transfer *transfer;
	const struct work_watch *watch;
	pthread_mutex_t lock; /* guards the view */
	size_t folded;        /* blobs that were left when it was sorted last */
};

/* ---------------------------------------------------------------- each blob once */

static int by_id(const void *a, const void *b)
{
	return oid_compare(&((const struct gc_blob *)a)->id,
	                   &((const struct gc_blob *)b)->id);
}

static bool agree(const struct gc_blob *a, const struct gc_blob *b)
{
	return a->size == b->size && xxh128_equal(&a->sum, &b->sum);
}

/* One of two manifests that disagree is false; which one is not known here. */
static void fold(struct gc_blobs *blobs)
{
	struct gc_blob *list = (void *)blobs->bytes.data;
	size_t count = blobs->bytes.size / sizeof(*list), kept = 0;

	if (count)
		qsort(list, count, sizeof(*list), by_id);
	for (size_t i = 0; i < count; i++) {
		if (!kept || !oid_equal(&list[kept - 1].id, &list[i].id))
			list[kept++] = list[i];
		else if (!agree(&list[kept - 1], &list[i]))
			list[kept - 1].size = UINT64_MAX;
	}
	blobs->bytes.size = kept * sizeof(*list);
	blobs->list = list;
	blobs->count = kept;
}

static int add_blobs(struct reading *r, const struct manifest *m, struct err *err)
{
	struct gc_blobs *needed = &r->view->needed;

	for (size_t i = 0; i < m->extents.count; i++) {
		const struct extent *x = &m->extents.list[i];
		const struct gc_blob blob = { x->id, x->size, x->sum };
		if (!x->inlined)
			buf_add(&needed->bytes, &blob, sizeof(blob));
	}
	if (needed->bytes.failed)
		return err_nomem(err, "the blobs that manifests list");
	if (needed->bytes.size / sizeof(struct gc_blob) > 2 * r->folded + FOLD_MIN) {
		fold(needed);
		r->folded = needed->count;
	}
	return 0;
}

/* ---------------------------------------------------------------- one manifest */

static void note_blind(struct reading *r, const struct err *why)
{
	if (!r->view->blind_count++)
		r->view->blind = *why;
}

/* A live manifest that was moved since it was listed is in trash, or live again. One that
 * is damaged is not replaced here by what trash has: that would hide it. */
static int read_live(struct reading *r, const struct gc_object *o, struct manifest *m,
                     struct err *err)
{
	struct store *s = r->transfer->store;
	int rc = manifest_get(s, &o->oid, manifest_parse_places, m, err);
	char key[KEY_MAX];

	for (int rounds = 0; rc == 1 && rounds < ROUNDS; rounds++)
		rc = manifest_recall(s, &o->oid, manifest_parse_places, m, err);
	gc_object_key(o, key);
	return rc == 1 ? err_set(err, ERR_MISSING,
	                         "store %s: manifest %s was removed while it was read; "
	                         "run 'git zllm gc' again",
	                         s->name, key)
	               : rc;
}

static int read_entry(struct reading *r, const struct gc_object *o, struct manifest *m,
                      struct err *err)
{
	const struct manifest_query q = { r->transfer->store, &o->oid,
		                          manifest_parse_places, NULL };
	char trash[KEY_MAX];

	gc_object_trash(o, trash);
	return manifest_get_at(&q, trash, m, err);
}

/* An entry that is gone was given back or is not needed; a damaged one is of use to nobody.
 * Whatever else cannot be read may list what must stay. */
static void note_unread(struct reading *r, struct gc_object *o, int rc,
                        const struct err *why)
{
	const struct gc_objects *entries = &r->view->object_entries;
	bool entry = entries->count && o >= entries->list &&
	             o < entries->list + entries->count;

	o->unreadable = true;
	if (!entry || (rc != 1 && rc != ERR_DAMAGED))
		note_blind(r, why);
}

static int read_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct reading *r = ctx;
	size_t live = r->view->objects.count;
	struct gc_object *o = i < live ? &r->view->objects.list[i]
	                               : &r->view->object_entries.list[i - live];
	struct err why = ERR_INIT;
	struct manifest m;
	int rc = i < live ? read_live(r, o, &m, &why) : read_entry(r, o, &m, &why);

	(void)lane;
	if (rc == ERR_NOMEM)
		return *err = why, rc;
	pthread_mutex_lock(&r->lock);
	int added = 0;
	if (rc)
		note_unread(r, o, rc, &why);
	else
		added = add_blobs(r, &m, err);
	pthread_mutex_unlock(&r->lock);
	work_watch_came(r->watch, o->stored);
	if (!rc)
		manifest_wipe(&m);
	return added;
}

/* Bytes of all of them, as they were listed. */
static uint64_t bytes_of(const struct gc_view *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->objects.count; i++)
		sum += v->objects.list[i].stored;
	for (size_t i = 0; i < v->object_entries.count; i++)
		sum += v->object_entries.list[i].stored;
	return sum;
}

int gc_needed_read(struct gc_view *v, struct gc_run *run, struct err *err)
{
	const struct transfer *t = run->transfer;
	struct reading r = { .view = v, .transfer = t, .watch = run->watch };
	struct lanes_work work = { .count = v->objects.count + v->object_entries.count,
		                   .task = read_one,
		                   .ctx = &r };

	gc_run_part(run, "reading manifests", WORK_BYTES, bytes_of(v));
	pthread_mutex_init(&r.lock, NULL);
	int rc = lanes_run(t->lanes, &work, err);
	pthread_mutex_destroy(&r.lock);
	if (!rc)
		fold(&v->needed);
	return rc;
}
