#include "index/relatives.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cast.h"
#include "codec/common/err.h"
#include "index/base_hint.h"
#include "index/manifest.h"
#include "index/manifest_store.h"
#include "index/tensor_names.h"
#include "index/transfer.h"

/* A tensor of the object being pushed, and what was found for it. */
struct wanted {
	const struct extent *extent;
	struct relative likes[RELATIVES_LIKES_MAX];
	size_t count;
};

/* A blob of a relative that has a local copy. */
struct local_blob {
	const struct extent *extent;
	const char *path;
};

struct relatives {
	struct wanted *wanted; /* sorted by name */
	size_t wanted_count;
	size_t without; /* wanted that have found nothing yet */

	struct manifest *manifests; /* one for each hint that was read */
	size_t manifest_count;

	struct local_blob *locals; /* sorted by id */
	size_t local_count;
};

/* ---------------------------------------------------------------- likeness */

bool relatives_alike(const struct extent *x, const struct extent *base)
{
	if (x->dtype != base->dtype && !cast_exists(base->dtype, x->dtype))
		return false;
	if (x->dim_count != base->dim_count)
		return false;
	for (unsigned i = 1; i < x->dim_count; i++)
		if (x->dims[i] != base->dims[i])
			return false;
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return strcmp(x->extent->name, y->extent->name);
}

static struct wanted *find_wanted(const struct relatives *r, const struct extent *x)
{
	struct wanted key = { .extent = x };

	if (!x->name || !r->wanted_count)
		return NULL;
	return bsearch(&key, r->wanted, r->wanted_count, sizeof(key), by_name);
}

static bool already_there(const struct wanted *w, const struct tensor_relation *like)
{
	for (size_t i = 0; i < w->count; i++)
		if (record_basis_equal(&w->likes[i].relation.basis, &like->basis))
			return true;
	return false;
}

static int take_likes(struct relatives *r, const struct manifest *m,
                      const struct base_hint *hint, struct err *err)
{
	struct tensor_names *names;
	int rc = tensor_names_new(&m->extents, &names, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < r->wanted_count; i++) {
		struct wanted *w = &r->wanted[i];
		struct relative like = { .hint = hint };
		if (w->count == RELATIVES_LIKES_MAX ||
		    !tensor_names_relate(names, w->extent, &like.relation) ||
		    already_there(w, &like.relation))
			continue;
		if (w->count == 0)
			r->without--;
		w->likes[w->count++] = like;
	}
	tensor_names_free(names);
	return 0;
}

/* ---------------------------------------------------------------- loading */

static int prepare(struct relatives *r, const struct extent *const *wanted, size_t count,
                   const struct base_hints *hints, struct err *err)
{
	r->wanted = calloc(count ? count : 1, sizeof(*r->wanted));
	r->manifests = calloc(hints->count ? hints->count : 1, sizeof(*r->manifests));
	if (!r->wanted || !r->manifests)
		return err_nomem(err, "relatives");
	for (size_t i = 0; i < count; i++)
		if (wanted[i]->name)
			r->wanted[r->wanted_count++].extent = wanted[i];
	qsort(r->wanted, r->wanted_count, sizeof(*r->wanted), by_name);
	r->without = r->wanted_count;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct local_blob *x = a, *y = b;

	return oid_compare(&x->extent->id, &y->extent->id);
}

static int add_locals(struct relatives *r, const struct manifest *m, const char *path,
                      struct err *err)
{
	size_t count = r->local_count + m->extents.count;
	struct local_blob *list = realloc(r->locals, count * sizeof(*list));

	if (!list)
		return err_nomem(err, "relatives");
	r->locals = list;
	for (size_t i = 0; i < m->extents.count; i++)
		if (!m->extents.list[i].inlined)
			list[r->local_count++] = (struct local_blob){ &m->extents.list[i],
				                                      path };
	return 0;
}

/* One hint; what cannot be read is passed over, for it is only a hint. */
static int load_one(struct relatives *r, const struct transfer *t,
                    const struct base_hint *hint, struct err *err)
{
	struct manifest *m = &r->manifests[r->manifest_count];
	struct err ignored = ERR_INIT;

	if (manifest_get(t->store, &hint->oid, m, NULL, &ignored))
		return 0;
	r->manifest_count++;
	int rc = take_likes(r, m, hint, err);
	if (rc)
		return rc;
	if (hint->local_file && m->extents.count)
		return add_locals(r, m, hint->local_file, err);
	return 0;
}

int relatives_load(const struct transfer *t, const struct base_hints *hints,
                   const struct extent *const *wanted, size_t count,
                   struct relatives **out, struct err *err)
{
	struct relatives *r = calloc(1, sizeof(*r));

	if (!r)
		return err_nomem(err, "relatives");
	int rc = prepare(r, wanted, count, hints, err);
	for (size_t i = 0; i < hints->count && r->without && !rc; i++)
		rc = load_one(r, t, &hints->list[i], err);
	if (rc) {
		relatives_free(r);
		return rc;
	}
	if (r->local_count)
		qsort(r->locals, r->local_count, sizeof(*r->locals), by_id);
	*out = r;
	return 0;
}

void relatives_free(struct relatives *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->manifest_count; i++)
		manifest_wipe(&r->manifests[i]);
	free(r->manifests);
	free(r->wanted);
	free(r->locals);
	free(r);
}

/* ---------------------------------------------------------------- questions */

size_t relatives_like(const struct relatives *r, const struct extent *x,
                      struct relative out[RELATIVES_LIKES_MAX])
{
	const struct wanted *w = find_wanted(r, x);

	if (!w)
		return 0;
	memcpy(out, w->likes, w->count * sizeof(*out));
	return w->count;
}

int relatives_local(const struct relatives *r, const struct oid *id, const char **path,
                    uint64_t *offset, uint64_t *size)
{
	struct extent wanted = { .id = *id };
	struct local_blob key = { .extent = &wanted };
	const struct local_blob *found = NULL;

	if (r->local_count)
		found = bsearch(&key, r->locals, r->local_count, sizeof(key), by_id);
	if (!found)
		return 1;
	*path = found->path;
	*offset = found->extent->offset;
	*size = found->extent->size;
	return 0;
}
