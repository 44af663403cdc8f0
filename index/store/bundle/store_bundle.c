/* The bundle as a store: what it holds, reading it, and opening one from outside. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/checked.h"
#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/common/xxh128.h"
#include "index/store/bundle/store_bundle.h"
#include "index/store/bundle/store_bundle_private.h"
#include "index/store/store_keys.h"
#include "index/work/file_range.h"

const uint8_t bundle_head[BUNDLE_HEAD_SIZE] = { 'Z', 'L', 'L', 'M',           'B',
	                                        'U', 'N', 0,   BUNDLE_VERSION };

enum { MAGIC_SIZE = 8, BUNDLE_INFLIGHT = 4 };

struct bundle_reader {
	struct store_reader base;
	const struct bundle *bundle;
	uint64_t offset;
};

/* ---------------------------------------------------------------- the file */

int bundle_pread(const struct bundle *b, uint64_t at, void *dst, size_t n,
                 struct err *err)
{
	int rc = file_range_read(b->fd, at, dst, n, err);

	if (rc == ERR_MISMATCH)
		return err_set(err, ERR_DAMAGED, "%s is cut short", b->name);
	return rc ? err_context(err, "%s", b->name) : 0;
}

/* ---------------------------------------------------------------- entries */

size_t bundle_entry_at(const struct bundle *b, const char *key)
{
	size_t low = 0, high = b->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(b->entries[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool bundle_has(const struct bundle *b, const char *key)
{
	size_t i = bundle_entry_at(b, key);

	return i < b->count && strcmp(b->entries[i].key, key) == 0;
}

/* ---------------------------------------------------------------- get and list */

static int bundle_read(struct store_reader *reader, uint64_t offset, void *buf, size_t n,
                       struct err *err)
{
	const struct bundle_reader *r = (const struct bundle_reader *)reader;

	if (offset > r->base.size || n > r->base.size - offset)
		return err_set(err, ERR_DAMAGED,
		               "%s: a value ends at byte %llu, read at %llu",
		               r->bundle->name, (unsigned long long)r->base.size,
		               (unsigned long long)offset);
	return bundle_pread(r->bundle, r->offset + offset, buf, n, err);
}

static void bundle_reader_close(struct store_reader *reader)
{
	free(reader);
}

static const struct store_reader_ops bundle_reader_ops = {
	.read = bundle_read,
	.close = bundle_reader_close,
};

static int bundle_get(struct store *s, const char *key, size_t want,
                      struct store_reader **out, struct err *err)
{
	struct bundle *b = (struct bundle *)s;
	struct bundle_reader *r = calloc(1, sizeof(*r));

	(void)want;
	if (!r)
		return err_nomem(err, "a reader");
	pthread_mutex_lock(&b->lock);
	bool there = bundle_has(b, key);
	if (there) {
		const struct bundle_entry *e = &b->entries[bundle_entry_at(b, key)];
		r->base = (struct store_reader){ &bundle_reader_ops, e->size };
		r->offset = e->offset;
		r->bundle = b;
	}
	pthread_mutex_unlock(&b->lock);
	if (!there) {
		free(r);
		return 1;
	}
	*out = &r->base;
	return 0;
}

/* Copies entry `i` where its key begins with `prefix`; the key itself stays as long
 * as the bundle. */
static bool entry_copy(struct bundle *b, size_t i, const char *prefix,
                       struct store_entry *out)
{
	pthread_mutex_lock(&b->lock);
	bool match = i < b->count &&
	             strncmp(b->entries[i].key, prefix, strlen(prefix)) == 0;
	if (match)
		*out = (struct store_entry){ b->entries[i].key, b->entries[i].size, 0,
			                     0 };
	pthread_mutex_unlock(&b->lock);
	return match;
}

static size_t entry_after(struct bundle *b, const char *key, size_t step)
{
	pthread_mutex_lock(&b->lock);
	size_t i = bundle_entry_at(b, key) + step;
	pthread_mutex_unlock(&b->lock);
	return i;
}

static int bundle_list(struct store *s, const char *prefix, store_each_fn *each,
                       void *ctx, struct err *err)
{
	struct bundle *b = (struct bundle *)s;
	struct store_entry entry;
	int rc = 0;

	(void)err;
	for (size_t i = entry_after(b, prefix, 0);
	     !rc && entry_copy(b, i, prefix, &entry); i = entry_after(b, entry.key, 1))
		rc = each(ctx, &entry);
	return rc;
}

static int bundle_remove(struct store *s, const char *key, struct err *err)
{
	return err_set(err, ERR_INPUT, "%s: nothing can be removed from a bundle (%s)",
	               s->name, key);
}

/* ---------------------------------------------------------------- new and free */

static void bundle_close(struct store *s)
{
	bundle_free((struct bundle *)s);
}

static const struct store_ops bundle_ops = {
	.get = bundle_get,
	.put = bundle_put,
	.list = bundle_list,
	.remove = bundle_remove,
	.close = bundle_close,
};

int bundle_new(int fd, const char *name, struct bundle **out, struct err *err)
{
	struct bundle *b = calloc(1, sizeof(*b));

	if (b)
		b->name = strdup(name);
	if (!b || !b->name) {
		free(b);
		return err_nomem(err, "a bundle");
	}
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->idle, NULL);
	b->fd = fd;
	b->end = BUNDLE_HEAD_SIZE;
	b->base = (struct store){ &bundle_ops, BUNDLE_INFLIGHT, b->name, false, 0, 0,
		                  false };
	*out = b;
	return 0;
}

void bundle_free(struct bundle *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->count; i++)
		free(b->entries[i].key);
	free(b->entries);
	free(b->name);
	pthread_cond_destroy(&b->idle);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* ---------------------------------------------------------------- opening */

struct tail {
	uint64_t table_size;
	uint32_t count;
};

static int check_head(const struct bundle *b, uint64_t size, struct err *err)
{
	uint8_t bytes[BUNDLE_HEAD_SIZE];

	if (size < BUNDLE_HEAD_SIZE)
		return err_set(err, ERR_INPUT, "%s is not a bundle", b->name);
	int rc = bundle_pread(b, 0, bytes, sizeof(bytes), err);
	if (rc)
		return rc;
	if (memcmp(bytes, bundle_head, MAGIC_SIZE) != 0)
		return err_set(err, ERR_INPUT, "%s is not a bundle", b->name);
	if (memcmp(bytes, bundle_head, sizeof(bytes)) != 0)
		return err_set(err, ERR_FORMAT,
		               "%s was written by a newer git-zllm; upgrade this one",
		               b->name);
	if (size < BUNDLE_HEAD_SIZE + BUNDLE_TAIL_SIZE)
		return err_set(err, ERR_DAMAGED, "%s is cut short", b->name);
	return 0;
}

/* Reads the table and the tail behind it into *out, and checks their sum. */
static int read_table(const struct bundle *b, uint64_t size, uint8_t **out,
                      struct tail *tail, struct err *err)
{
	uint8_t bytes[BUNDLE_TAIL_SIZE];
	int rc = bundle_pread(b, size - sizeof(bytes), bytes, sizeof(bytes), err);

	if (rc)
		return rc;
	*tail = (struct tail){ le64_load(bytes), le32_load(bytes + 8) };
	if (tail->table_size > BUNDLE_TABLE_MAX ||
	    tail->table_size > size - BUNDLE_HEAD_SIZE - BUNDLE_TAIL_SIZE ||
	    tail->count > tail->table_size / BUNDLE_ENTRY_MIN ||
	    tail->count > BUNDLE_ENTRIES_MAX)
		return err_set(err, ERR_DAMAGED, "%s: its table cannot be that long",
		               b->name);
	size_t n = (size_t)tail->table_size + BUNDLE_TAIL_SIZE;
	uint8_t *table = malloc(n);
	if (!table)
		return err_nomem(err, "a bundle's table");
	rc = bundle_pread(b, size - n, table, n, err);
	struct xxh128 sum = xxh128_of(table, n - XXH128_SIZE);
	if (!rc && memcmp(sum.bytes, table + n - XXH128_SIZE, XXH128_SIZE) != 0)
		rc = err_set(err, ERR_DAMAGED, "%s: its table fails its checksum",
		             b->name);
	if (!rc && le32_load(bytes + 12) != 0)
		rc = err_set(err, ERR_FORMAT,
		             "%s was written by a newer git-zllm; upgrade this one",
		             b->name);
	if (rc)
		free(table);
	else
		*out = table;
	return rc;
}

/* The next entry, whose value begins at b->end. */
static int take_entry(struct bundle *b, struct cursor *c, struct err *err)
{
	struct bundle_entry *e = &b->entries[b->count];
	size_t n = cursor_u8(c);
	const uint8_t *key = cursor_take(c, n);

	e->size = cursor_u64(c);
	e->offset = b->end;
	if (!cursor_ok(c) || checked_add(b->end, e->size, &b->end))
		return err_set(err, ERR_DAMAGED, "%s: its table is cut short", b->name);
	e->key = strndup((const char *)key, n);
	if (!e->key)
		return err_nomem(err, "a bundle's table");
	b->count++;
	if (strlen(e->key) != n || !key_valid(e->key))
		return err_set(err, ERR_DAMAGED, "%s holds what is not a key", b->name);
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct bundle_entry *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static int parse_table(struct bundle *b, const uint8_t *bytes, const struct tail *tail,
                       uint64_t size, struct err *err)
{
	struct cursor c = cursor_over(bytes, (size_t)tail->table_size);
	int rc = 0;

	b->entries = calloc(tail->count ? tail->count : 1, sizeof(*b->entries));
	if (!b->entries)
		return err_nomem(err, "a bundle's table");
	for (uint32_t i = 0; i < tail->count && !rc; i++)
		rc = take_entry(b, &c, err);
	if (rc)
		return rc;
	if (c.left || b->end != size - BUNDLE_TAIL_SIZE - tail->table_size)
		return err_set(err, ERR_DAMAGED, "%s: its table does not fit its values",
		               b->name);
	qsort(b->entries, b->count, sizeof(*b->entries), by_key);
	for (size_t i = 1; i < b->count; i++)
		if (by_key(&b->entries[i - 1], &b->entries[i]) == 0)
			return err_set(err, ERR_DAMAGED, "%s holds %s twice", b->name,
			               b->entries[i].key);
	return 0;
}

int store_bundle_open(int fd, const char *name, struct store **out, struct err *err)
{
	struct bundle *b;
	struct stat st;
	struct tail tail;
	uint8_t *table = NULL;

	if (fstat(fd, &st))
		return err_errno(err, "cannot read %s", name);
	uint64_t size = (uint64_t)st.st_size;
	int rc = bundle_new(fd, name, &b, err);
	if (rc)
		return rc;
	b->sealed = true;
	rc = check_head(b, size, err);
	if (!rc)
		rc = read_table(b, size, &table, &tail, err);
	if (!rc)
		rc = parse_table(b, table, &tail, size, err);
	free(table);
	if (rc) {
		bundle_free(b);
		return rc;
	}
	*out = &b->base;
	return 0;
}
