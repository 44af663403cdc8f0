/* Values on their way into a bundle, one at a time, each where the one before it
 * ends; one that is given up is overwritten by the next. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/xxh128.h"
#include "index/store/bundle/store_bundle.h"
#include "index/store/bundle/store_bundle_private.h"
#include "index/store/store_keys.h"
#include "index/work/file_range.h"

struct bundle_writer {
	struct store_writer base;
	struct bundle *bundle;
	size_t head_size;
	uint64_t start, end;
	char key[KEY_MAX];
};

int bundle_pwrite(const struct bundle *b, uint64_t at, const void *src, size_t n,
                  struct err *err)
{
	int rc = file_range_write(b->fd, at, src, n, err);

	return rc ? err_context(err, "%s", b->name) : 0;
}

/* ---------------------------------------------------------------- one value */

static int writer_write(struct store_writer *writer, const void *bytes, size_t n,
                        struct err *err)
{
	struct bundle_writer *w = (struct bundle_writer *)writer;
	int rc = bundle_pwrite(w->bundle, w->end, bytes, n, err);

	if (!rc)
		w->end += n;
	return rc;
}

static void writer_abort(struct store_writer *writer)
{
	struct bundle_writer *w = (struct bundle_writer *)writer;

	pthread_mutex_lock(&w->bundle->lock);
	w->bundle->busy = false;
	pthread_cond_signal(&w->bundle->idle);
	pthread_mutex_unlock(&w->bundle->lock);
	free(w);
}

static bool make_room(struct bundle *b)
{
	if (b->count < b->cap)
		return true;
	size_t cap = b->cap ? 2 * b->cap : 16;
	struct bundle_entry *more = realloc(b->entries, cap * sizeof(*more));

	if (!more)
		return false;
	b->entries = more;
	b->cap = cap;
	return true;
}

/* Under the lock. */
static int add_entry(struct bundle *b, const struct bundle_writer *w, struct err *err)
{
	if (bundle_has(b, w->key)) {
		if (w->base.existed)
			*w->base.existed = true;
		return 0;
	}
	if (b->count == BUNDLE_ENTRIES_MAX)
		return err_set(err, ERR_INPUT, "%s: too many values for a bundle",
		               b->name);
	char *key = strdup(w->key);
	if (!key || !make_room(b)) {
		free(key);
		return err_nomem(err, w->key);
	}
	struct bundle_entry *e = &b->entries[bundle_entry_at(b, key)];
	memmove(e + 1, e, (size_t)(b->entries + b->count - e) * sizeof(*e));
	b->count++;
	*e = (struct bundle_entry){ key, w->start, w->end - w->start };
	b->end = w->end;
	return 0;
}

static int writer_commit(struct store_writer *writer, const void *head, struct err *err)
{
	struct bundle_writer *w = (struct bundle_writer *)writer;
	struct bundle *b = w->bundle;
	int rc = bundle_pwrite(b, w->start, head, w->head_size, err);

	if (!rc) {
		pthread_mutex_lock(&b->lock);
		rc = add_entry(b, w, err);
		pthread_mutex_unlock(&b->lock);
	}
	writer_abort(writer);
	return rc;
}

static const struct store_writer_ops writer_ops = {
	.write = writer_write,
	.commit = writer_commit,
	.abort = writer_abort,
};

int bundle_put(struct store *s, const char *key, size_t head_size,
               struct store_writer **out, struct err *err)
{
	struct bundle *b = (struct bundle *)s;
	struct bundle_writer *w;

	if (b->sealed)
		return err_set(err, ERR_INPUT, "%s: a whole bundle does not grow",
		               b->name);
	w = calloc(1, sizeof(*w));
	if (!w)
		return err_nomem(err, "a writer");
	pthread_mutex_lock(&b->lock);
	while (b->busy)
		pthread_cond_wait(&b->idle, &b->lock);
	b->busy = true;
	w->start = b->end;
	pthread_mutex_unlock(&b->lock);
	w->base.ops = &writer_ops;
	w->bundle = b;
	w->head_size = head_size;
	w->end = w->start + head_size;
	memcpy(w->key, key, strlen(key) + 1);
	*out = &w->base;
	return 0;
}

/* ---------------------------------------------------------------- the whole */

int store_bundle_create(int fd, const char *name, struct store **out, struct err *err)
{
	struct bundle *b;
	int rc = bundle_new(fd, name, &b, err);

	if (rc)
		return rc;
	rc = bundle_pwrite(b, 0, bundle_head, BUNDLE_HEAD_SIZE, err);
	if (rc) {
		bundle_free(b);
		return rc;
	}
	*out = &b->base;
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct bundle_entry *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return (x->size > y->size) - (x->size < y->size); /* empty values share a place */
}

static void add_table(const struct bundle_entry *entries, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(entries[i].key); /* below KEY_MAX, which is 256 */
		buf_add_u8(out, (uint8_t)n);
		buf_add(out, entries[i].key, n);
		buf_add_u64(out, entries[i].size);
	}
}

static int format_table(const struct bundle *b, struct buf *out, struct err *err)
{
	struct bundle_entry *list = malloc((b->count ? b->count : 1) * sizeof(*list));

	if (!list)
		return err_nomem(err, "a bundle's table");
	if (b->count)
		memcpy(list, b->entries, b->count * sizeof(*list));
	qsort(list, b->count, sizeof(*list), by_offset);
	add_table(list, b->count, out);
	free(list);
	if (out->size > BUNDLE_TABLE_MAX)
		return err_set(err, ERR_INPUT, "%s: too many values for a bundle",
		               b->name);
	buf_add_u64(out, out->size);
	buf_add_u32(out, (uint32_t)b->count);
	buf_add_u32(out, 0);
	struct xxh128 sum = xxh128_of(out->data, out->size);
	buf_add(out, sum.bytes, XXH128_SIZE);
	return out->failed ? err_nomem(err, "a bundle's table") : 0;
}

int store_bundle_finish(struct store *s, struct err *err)
{
	struct bundle *b = (struct bundle *)s;
	struct buf table = BUF_INIT;
	int rc = format_table(b, &table, err);

	if (!rc)
		rc = bundle_pwrite(b, b->end, table.data, table.size, err);
	/* A value given up may have gone further than the end. */
	if (!rc && ftruncate(b->fd, (off_t)(b->end + table.size)))
		rc = err_errno(err, "cannot write %s", b->name);
	if (!rc && fsync(b->fd))
		rc = err_errno(err, "cannot write %s", b->name);
	if (!rc)
		b->sealed = true;
	buf_wipe(&table);
	return rc;
}
