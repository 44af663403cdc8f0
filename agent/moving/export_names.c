#include "agent/moving/export_names.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "agent/moving/source_name.h"
#include "codec/common/err.h"
#include "index/batch/import_list.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_store.h"
#include "index/mirror/objects_wanted.h"
#include "index/store/store.h"
#include "index/work/lanes.h"

struct finding {
	const struct transfer *transfer;
	const char *name;
	struct buf oids; /* that the name owns */
	pthread_mutex_t lock;
	struct buf lists; /* of struct import_list */
};

/* ---------------------------------------------------------------- reading lists */

/* A list is an object without tensors, small enough to be in its manifest. */
static bool may_be_list(const struct transfer *t, const struct oid *oid)
{
	struct manifest_outline outline;
	struct err ignored = ERR_INIT;
	int rc = manifest_get_outline(t->store, oid, &outline, &ignored);

	/* One that is not at its key may be in trash. */
	return rc || (outline.model == MODEL_OPAQUE && outline.extents == 1 &&
	              outline.size <= IMPORT_LIST_MAX);
}

/* 0 with the list, 1 where the object is none. */
static int read_list(const struct finding *f, const struct oid *oid,
                     struct import_list *out, struct err *err)
{
	struct manifest m;
	struct oid own;
	int rc = may_be_list(f->transfer, oid) ? manifest_recall(f->transfer->store, oid,
	                                                         manifest_parse, &m, err)
	                                       : 1;

	if (rc)
		return rc;
	rc = m.inline_size != m.extents.size ||
	     !sha256_of(m.inline_bytes, (size_t)m.inline_size, &own) ||
	     !oid_equal(&own, oid);
	if (!rc)
		rc = import_list_parse(m.inline_bytes, (size_t)m.inline_size, out, err);
	manifest_wipe(&m);
	return rc;
}

static int look_at(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct finding *f = ctx;
	const struct oid *oid = (const struct oid *)(const void *)f->oids.data + i;
	struct import_list list = IMPORT_LIST_INIT;
	int rc = read_list(f, oid, &list, err);
	bool ours = !rc && strcmp(list.model, f->name) == 0;

	(void)lane;
	if (ours) {
		pthread_mutex_lock(&f->lock);
		buf_add(&f->lists, &list, sizeof(list));
		ours = !f->lists.failed;
		pthread_mutex_unlock(&f->lock);
	}
	if (!ours)
		import_list_wipe(&list);
	return rc < 0 ? rc : 0;
}

/* ---------------------------------------------------------------- which revision */

static size_t list_count(const struct finding *f)
{
	return f->lists.size / sizeof(struct import_list);
}

static struct import_list *list_at(const struct finding *f, size_t i)
{
	return (struct import_list *)(void *)f->lists.data + i;
}

static int64_t newest_of(const struct import_list *l)
{
	int64_t newest = -1;

	for (size_t i = 0; i < import_list_count(l); i++)
		if (import_list_at(l, i)->seconds > newest)
			newest = import_list_at(l, i)->seconds;
	return newest;
}

/* The list whose revision is meant; NULL: none. */
static const struct import_list *choose(const struct finding *f, const char *revision)
{
	const struct import_list *best = NULL;

	for (size_t i = 0; i < list_count(f); i++) {
		const struct import_list *one = list_at(f, i);
		if (revision && strncmp(one->revision, revision, strlen(revision)) != 0)
			continue;
		if (!best || newest_of(one) > newest_of(best) ||
		    (newest_of(one) == newest_of(best) &&
		     strcmp(one->revision, best->revision) > 0))
			best = one;
	}
	return best;
}

static int by_path(const void *a, const void *b)
{
	const struct import_entry *x = *(const struct import_entry *const *)a;
	const struct import_entry *y = *(const struct import_entry *const *)b;
	int order = strcmp(x->path, y->path);

	if (order)
		return order;
	if (x->seconds != y->seconds)
		return x->seconds > y->seconds ? -1 : 1;
	return oid_compare(&x->oid, &y->oid);
}

/* All entries of a revision, of each path the newest. */
static int join(const struct finding *f, const char *revision, struct buf *out,
                struct err *err)
{
	for (size_t i = 0; i < list_count(f); i++)
		for (size_t k = 0; k < import_list_count(list_at(f, i)); k++) {
			const struct import_entry *e = import_list_at(list_at(f, i), k);
			if (strcmp(list_at(f, i)->revision, revision) == 0)
				buf_add(out, &e, sizeof(e));
		}
	const struct import_entry **list =
		(const struct import_entry **)(void *)out->data;
	size_t count = out->size / sizeof(*list), kept = 0;
	if (count)
		qsort(list, count, sizeof(*list), by_path);
	for (size_t i = 0; i < count; i++)
		if (!kept || strcmp(list[i]->path, list[kept - 1]->path) != 0)
			list[kept++] = list[i];
	out->size = kept * sizeof(*list);
	return out->failed ? err_nomem(err, "a list of names") : 0;
}

static int take(const struct finding *f, const struct export_names *asked,
                struct import_list *out, struct err *err)
{
	const struct import_list *best = choose(f, asked->revision);
	struct buf entries = BUF_INIT;

	if (!best)
		return err_set(err, ERR_INPUT,
		               "the store has no %s of '%s' that was imported",
		               asked->revision ? "such revision" : "files", f->name);
	snprintf(out->model, sizeof(out->model), "%s", best->model);
	snprintf(out->revision, sizeof(out->revision), "%s", best->revision);
	int rc = join(f, best->revision, &entries, err);
	size_t count = entries.size / sizeof(struct import_entry *);
	for (size_t i = 0; i < count && !rc; i++) {
		struct import_entry copy = *(
			(struct import_entry **)(void *)entries.data)[i];
		copy.path = strdup(copy.path);
		if (copy.path)
			buf_add(&out->entries, &copy, sizeof(copy));
		if (!copy.path || out->entries.failed)
			rc = err_nomem(err, "a list of names");
	}
	buf_wipe(&entries);
	return rc;
}

/* ---------------------------------------------------------------- the whole */

int export_names_find(const struct export_names *asked, struct import_list *out,
                      struct err *err)
{
	struct model_name name;
	struct finding f = { .transfer = asked->transfer };
	char owner[REPO_ID_HEX + 1];

	*out = (struct import_list)IMPORT_LIST_INIT;
	source_name_make(asked->name, &name);
	source_owner_id(name.text, owner);
	f.name = name.text;
	const struct objects_wanted wanted = { asked->transfer->store, owner, NULL };
	int rc = objects_wanted_list(&wanted, &f.oids, err);
	if (rc == ERR_INPUT)
		err_set(err, rc, "nothing called '%s' was imported into store %s",
		        name.text, asked->transfer->store->name);
	struct lanes_work work = { .count = f.oids.size / sizeof(struct oid),
		                   .task = look_at,
		                   .ctx = &f };
	pthread_mutex_init(&f.lock, NULL);
	if (!rc)
		rc = lanes_run(asked->transfer->lanes, &work, err);
	if (!rc)
		rc = take(&f, asked, out, err);
	pthread_mutex_destroy(&f.lock);
	for (size_t i = 0; i < list_count(&f); i++)
		import_list_wipe(list_at(&f, i));
	buf_wipe(&f.lists);
	buf_wipe(&f.oids);
	return rc;
}
