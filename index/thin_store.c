#include "index/thin_store.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/manifest/manifest.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/survey/local_model.h"

struct thin_blob {
	struct oid id;
	uint64_t size;
};

struct thin_store {
	struct store base;
	struct store *below;
	char key[KEY_MAX]; /* of the model's manifest; "" where it does not show */
	struct buf manifest;
	struct thin_blob *blobs; /* by id, which is the order of their keys */
	size_t count;
};

struct thin_reader {
	struct store_reader base;
	const struct buf *bytes;
};

/* ---------------------------------------------------------------- the verbs */

static int thin_read(struct store_reader *reader, uint64_t offset, void *dst, size_t n,
                     struct err *err)
{
	const struct thin_reader *r = (const struct thin_reader *)reader;

	if (offset > r->bytes->size || n > r->bytes->size - offset)
		return err_set(err, ERR_DAMAGED, "a manifest ends at byte %zu",
		               r->bytes->size);
	if (n)
		memcpy(dst, r->bytes->data + offset, n);
	return 0;
}

static void thin_reader_close(struct store_reader *reader)
{
	free(reader);
}

static const struct store_reader_ops thin_reader_ops = {
	.read = thin_read,
	.close = thin_reader_close,
};

static int thin_get(struct store *s, const char *key, size_t want,
                    struct store_reader **out, struct err *err)
{
	const struct thin_store *t = (const struct thin_store *)s;

	if (strcmp(key, t->key) != 0)
		return store_get(t->below, key, want, out, err);
	struct thin_reader *r = calloc(1, sizeof(*r));
	if (!r)
		return err_nomem(err, "a reader");
	r->base = (struct store_reader){ &thin_reader_ops, t->manifest.size };
	r->bytes = &t->manifest;
	*out = &r->base;
	return 0;
}

static int thin_put(struct store *s, const char *key, size_t head_size,
                    struct store_writer **out, struct err *err)
{
	return store_put(((struct thin_store *)s)->below, key, head_size, out, err);
}

/* The first blob whose key is not before `prefix`. */
static size_t first_blob(const struct thin_store *t, const char *prefix)
{
	size_t low = 0, high = t->count;
	char key[KEY_MAX];

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		key_blob(&t->blobs[middle].id, key);
		if (strcmp(key, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int thin_list(struct store *s, const char *prefix, store_each_fn *each, void *ctx,
                     struct err *err)
{
	const struct thin_store *t = (const struct thin_store *)s;
	int rc = 0;

	for (size_t i = first_blob(t, prefix); i < t->count && !rc; i++) {
		char key[KEY_MAX];
		struct store_entry entry = { key, t->blobs[i].size, 0, 0 };
		key_blob(&t->blobs[i].id, key);
		if (strncmp(key, prefix, strlen(prefix)) != 0)
			break;
		rc = each(ctx, &entry);
	}
	return rc ? rc : store_list(t->below, prefix, each, ctx, err);
}

static int thin_remove(struct store *s, const char *key, struct err *err)
{
	return store_remove(((struct thin_store *)s)->below, key, err);
}

static int thin_set_aside(struct store *s, const char *key, const char *trash,
                          struct err *err)
{
	return store_move_aside(((struct thin_store *)s)->below, key, trash, err);
}

static void thin_close(struct store *s)
{
	struct thin_store *t = (struct thin_store *)s;

	buf_wipe(&t->manifest);
	free(t->blobs);
	free(t);
}

static const struct store_ops thin_ops = {
	.get = thin_get,
	.put = thin_put,
	.list = thin_list,
	.remove = thin_remove,
	.set_aside = thin_set_aside,
	.close = thin_close,
};

/* ---------------------------------------------------------------- the model */

/* The model's manifest as if nothing were inline: small extents are at hand, too. */
static int make_manifest(struct thin_store *t, const struct local_model *model,
                         struct err *err)
{
	struct manifest m = { .oid = model->oid, .extents = model->extents };
	size_t count = m.extents.count;

	m.extents.list = malloc((count ? count : 1) * sizeof(*m.extents.list));
	if (!m.extents.list)
		return err_nomem(err, "a manifest");
	for (size_t i = 0; i < count; i++) {
		m.extents.list[i] = model->extents.list[i];
		m.extents.list[i].inlined = m.extents.list[i].size == 0;
	}
	int rc = manifest_format(&m, &t->manifest, err);
	free(m.extents.list);
	if (!rc)
		key_object(&model->oid, t->key);
	return rc;
}

static int by_id(const void *a, const void *b)
{
	const struct thin_blob *x = a, *y = b;

	return oid_compare(&x->id, &y->id);
}

static int list_blobs(struct thin_store *t, const struct local_model *model,
                      struct err *err)
{
	const struct extents *x = &model->extents;

	t->blobs = calloc(x->count ? x->count : 1, sizeof(*t->blobs));
	if (!t->blobs)
		return err_nomem(err, "a list of blobs");
	for (size_t i = 0; i < x->count; i++)
		if (x->list[i].size)
			t->blobs[t->count++] = (struct thin_blob){ x->list[i].id,
				                                   x->list[i].size };
	qsort(t->blobs, t->count, sizeof(*t->blobs), by_id);
	return 0;
}

int thin_store_new(struct store *below, const struct local_model *model,
                   const struct oid *object, struct store **out, struct err *err)
{
	struct thin_store *t = calloc(1, sizeof(*t));

	if (!t)
		return err_nomem(err, "a store");
	t->base = (struct store){ &thin_ops,     below->inflight, below->name,
		                  below->remote, below->name_max, below->step_limit,
		                  false };
	t->below = below;
	int rc = list_blobs(t, model, err);
	if (!rc && !oid_equal(&model->oid, object))
		rc = make_manifest(t, model, err);
	if (rc)
		thin_close(&t->base);
	else
		*out = &t->base;
	return rc;
}
