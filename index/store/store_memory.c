/*
 * Keys in a sorted array, each with a value that its readers share:
 *
 *     entries -> [key, mtime, value] ... in byte order of the keys
 *     value   -> refs (the entry's and each reader's), bytes
 *
 * One lock guards the array and all reference counts; bytes never change.
 */
#include "index/store/store_memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

enum { MEMORY_INFLIGHT = 8 };

struct value {
	size_t refs;
	size_t size;
	uint8_t bytes[];
};

struct entry {
	char key[KEY_MAX];
	int64_t mtime;
	struct value *value;
};

struct memory {
	struct store base;
	pthread_mutex_t lock;
	struct entry *entries;
	size_t count, cap;
	const int64_t *clock; /* or NULL: the time of day */
};

struct memory_reader {
	struct store_reader base;
	struct memory *store;
	struct value *value;
};

struct memory_writer {
	struct store_writer base;
	struct memory *store;
	size_t head_size;
	struct buf body;
	char key[KEY_MAX];
};

/* The first entry that is not before `key`. Under the lock, as all below that
 * touch entries. */
static size_t entry_at(const struct memory *m, const char *key)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(m->entries[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *entry_find(const struct memory *m, const char *key)
{
	size_t i = entry_at(m, key);

	if (i == m->count || strcmp(m->entries[i].key, key) != 0)
		return NULL;
	return &m->entries[i];
}

static bool entry_add(struct memory *m, const char *key, struct value *value)
{
	if (m->count == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 16;
		struct entry *more = realloc(m->entries, cap * sizeof(*more));
		if (!more)
			return false;
		m->entries = more;
		m->cap = cap;
	}
	struct entry *e = &m->entries[entry_at(m, key)];
	memmove(e + 1, e, (size_t)(m->entries + m->count - e) * sizeof(*e));
	m->count++;
	memcpy(e->key, key, strlen(key) + 1);
	e->mtime = m->clock ? *m->clock : time(NULL);
	e->value = value;
	return true;
}

static void value_drop(struct value *v)
{
	if (--v->refs == 0)
		free(v);
}

static void entry_remove(struct memory *m, struct entry *e)
{
	value_drop(e->value);
	m->count--;
	memmove(e, e + 1, (size_t)(m->entries + m->count - e) * sizeof(*e));
}

static int memory_read(struct store_reader *reader, uint64_t offset, void *buf, size_t n,
                       struct err *err)
{
	const struct memory_reader *r = (const struct memory_reader *)reader;

	if (offset > r->value->size || n > r->value->size - offset)
		return err_set(err, ERR_DAMAGED,
		               "store %s: a value ends at byte %zu, read at %llu",
		               r->store->base.name, r->value->size,
		               (unsigned long long)offset);
	if (n)
		memcpy(buf, r->value->bytes + offset, n);
	return 0;
}

static void memory_reader_close(struct store_reader *reader)
{
	struct memory_reader *r = (struct memory_reader *)reader;

	pthread_mutex_lock(&r->store->lock);
	value_drop(r->value);
	pthread_mutex_unlock(&r->store->lock);
	free(r);
}

static const struct store_reader_ops memory_reader_ops = {
	.read = memory_read,
	.close = memory_reader_close,
};

static int memory_get(struct store *s, const char *key, size_t want,
                      struct store_reader **out, struct err *err)
{
	struct memory *m = (struct memory *)s;
	struct memory_reader *r = calloc(1, sizeof(*r));

	(void)want;
	if (!r)
		return err_nomem(err, "a reader");
	pthread_mutex_lock(&m->lock);
	struct entry *e = entry_find(m, key);
	if (e) {
		r->value = e->value;
		r->value->refs++;
	}
	pthread_mutex_unlock(&m->lock);
	if (!e) {
		free(r);
		return 1;
	}
	r->base = (struct store_reader){ &memory_reader_ops, r->value->size };
	r->store = m;
	*out = &r->base;
	return 0;
}

static int memory_write(struct store_writer *writer, const void *bytes, size_t n,
                        struct err *err)
{
	struct memory_writer *w = (struct memory_writer *)writer;

	buf_add(&w->body, bytes, n);
	return w->body.failed ? err_nomem(err, w->key) : 0;
}

static void memory_abort(struct store_writer *writer)
{
	struct memory_writer *w = (struct memory_writer *)writer;

	buf_wipe(&w->body);
	free(w);
}

static struct value *value_new(const struct memory_writer *w, const void *head)
{
	struct value *v = NULL;

	if (!w->body.failed)
		v = malloc(sizeof(*v) + w->head_size + w->body.size);
	if (!v)
		return NULL;
	v->refs = 1;
	v->size = w->head_size + w->body.size;
	if (w->head_size)
		memcpy(v->bytes, head, w->head_size);
	if (w->body.size)
		memcpy(v->bytes + w->head_size, w->body.data, w->body.size);
	return v;
}

static int memory_commit(struct store_writer *writer, const void *head, struct err *err)
{
	struct memory_writer *w = (struct memory_writer *)writer;
	struct memory *m = w->store;
	struct value *v = value_new(w, head);
	int rc = 0;

	if (!v) {
		rc = err_nomem(err, w->key);
		goto out;
	}
	pthread_mutex_lock(&m->lock);
	if (entry_find(m, w->key)) {
		if (w->base.existed)
			*w->base.existed = true;
		free(v);
	} else if (!entry_add(m, w->key, v)) {
		free(v);
		rc = err_nomem(err, w->key);
	}
	pthread_mutex_unlock(&m->lock);
out:
	memory_abort(writer);
	return rc;
}

static const struct store_writer_ops memory_writer_ops = {
	.write = memory_write,
	.commit = memory_commit,
	.abort = memory_abort,
};

static int memory_put(struct store *s, const char *key, size_t head_size,
                      struct store_writer **out, struct err *err)
{
	struct memory_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_nomem(err, "a writer");
	w->base.ops = &memory_writer_ops;
	w->store = (struct memory *)s;
	w->head_size = head_size;
	memcpy(w->key, key, strlen(key) + 1);
	*out = &w->base;
	return 0;
}

struct match {
	char key[KEY_MAX];
	struct store_entry entry;
};

/* Copies what matches, so that `each` is called without the lock and may use
 * the store itself. NULL when nothing matches (*n is 0) or memory ran out. */
static struct match *matches_copy(struct memory *m, const char *prefix, size_t *n)
{
	size_t prefix_size = strlen(prefix);
	struct match *list = NULL;

	pthread_mutex_lock(&m->lock);
	size_t first = entry_at(m, prefix), end = first;
	while (end < m->count && !strncmp(m->entries[end].key, prefix, prefix_size))
		end++;
	*n = end - first;
	if (*n)
		list = calloc(*n, sizeof(*list));
	for (size_t i = 0; list && i < *n; i++) {
		const struct entry *e = &m->entries[first + i];
		memcpy(list[i].key, e->key, KEY_MAX);
		list[i].entry = (struct store_entry){ list[i].key, e->value->size,
			                              e->mtime, e->mtime };
	}
	pthread_mutex_unlock(&m->lock);
	return list;
}

static int memory_list(struct store *s, const char *prefix, store_each_fn *each,
                       void *ctx, struct err *err)
{
	size_t n;
	int rc = 0;

	struct match *list = matches_copy((struct memory *)s, prefix, &n);
	if (!list && n)
		return err_nomem(err, "a listing");
	for (size_t i = 0; !rc && i < n; i++)
		rc = each(ctx, &list[i].entry);
	free(list);
	return rc;
}

static int memory_remove(struct store *s, const char *key, struct err *err)
{
	struct memory *m = (struct memory *)s;

	(void)err;
	pthread_mutex_lock(&m->lock);
	struct entry *e = entry_find(m, key);
	if (e)
		entry_remove(m, e);
	pthread_mutex_unlock(&m->lock);
	return e ? 0 : 1;
}

static int memory_set_aside(struct store *s, const char *key, const char *trash,
                            struct err *err)
{
	struct memory *m = (struct memory *)s;
	int rc = 1;

	pthread_mutex_lock(&m->lock);
	struct entry *e = entry_find(m, key);
	if (e) {
		struct value *v = e->value;
		v->refs++;
		rc = entry_add(m, trash, v) ? 0 : err_nomem(err, trash);
		if (rc)
			value_drop(v);
		else
			entry_remove(m, entry_find(m, key));
	}
	pthread_mutex_unlock(&m->lock);
	return rc;
}

static void memory_close(struct store *s)
{
	struct memory *m = (struct memory *)s;

	for (size_t i = 0; i < m->count; i++)
		value_drop(m->entries[i].value);
	free(m->entries);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static const struct store_ops memory_ops = {
	.get = memory_get,
	.put = memory_put,
	.list = memory_list,
	.remove = memory_remove,
	.set_aside = memory_set_aside,
	.close = memory_close,
};

void store_memory_clock(struct store *s, const int64_t *seconds)
{
	((struct memory *)s)->clock = seconds;
}

int store_memory_new(struct store **out, struct err *err)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (!m)
		return err_nomem(err, "a store in memory");
	pthread_mutex_init(&m->lock, NULL);
	m->base = (struct store){ &memory_ops, MEMORY_INFLIGHT, "memory", false, 0, 0,
		                  false };
	*out = &m->base;
	return 0;
}
