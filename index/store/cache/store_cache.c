#include "index/store/cache/store_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/cache/store_cache_private.h"
#include "index/store/store.h"
#include "index/store/store_format.h"
#include "index/store/store_keys.h"
#include "index/work/file_range.h"

enum {
	FETCH_MIN = 1024 * 1024,     /* bytes of one request, at least */
	FETCH_MAX = 4 * 1024 * 1024, /* and at most: each lane has them in memory */
	PART_OF_LIMIT = 8            /* a record larger than that part is not kept */
};

/* A record that a thread is fetching; lives on that thread's stack. */
struct fetch {
	struct oid id;
	const char *key;
	size_t piece; /* bytes of one request */
	char *path;   /* of its entry */
	struct fetch *next;
};

struct cache {
	struct store base;
	struct store *inner;
	char *folder;
	uint64_t limit; /* bytes */

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t fetched;
	struct fetch *fetches;
	char store_id[STORE_ID_HEX + 1]; /* "" until it is asked for */
	bool broken;                     /* it cannot be written: do not try again */

	pthread_mutex_t evicting; /* guards `room` */
	uint64_t room;            /* bytes that may come before the next look around */
};

struct cache_reader {
	struct store_reader base;
	int fd;
};

/* ---------------------------------------------------------------- an entry */

static int cache_read(struct store_reader *reader, uint64_t offset, void *dst, size_t n,
                      struct err *err)
{
	const struct cache_reader *r = (const struct cache_reader *)reader;
	struct err ignored = ERR_INIT;

	if (file_range_read(r->fd, offset, dst, n, &ignored))
		return err_set(err, ERR_DAMAGED, "an entry of the cache is cut");
	return 0;
}

static void cache_reader_close(struct store_reader *reader)
{
	close(((struct cache_reader *)reader)->fd);
	free(reader);
}

static const struct store_reader_ops cache_reader_ops = {
	.read = cache_read,
	.close = cache_reader_close,
};

/* A reader of the file, which it takes over; NULL when it is none to read. */
static struct store_reader *reader_of(int fd)
{
	struct stat st;
	struct cache_reader *r = malloc(sizeof(*r));

	if (!r || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		free(r);
		close(fd);
		return NULL;
	}
	*r = (struct cache_reader){ { &cache_reader_ops, (uint64_t)st.st_size }, fd };
	return &r->base;
}

/* "<folder>/<store id>/<aa>/<blob id>"; NULL when memory ran out. */
static char *entry_path(const struct cache *c, const struct oid *id)
{
	char hex[SHA256_HEX + 1], *path;

	oid_format(id, hex);
	int n = asprintf(&path, "%s/%s/%.2s/%s", c->folder, c->store_id, hex, hex);
	return n < 0 ? NULL : path;
}

static struct store_reader *open_entry(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return NULL;
	(void)futimens(fd, NULL); /* used just now */
	return reader_of(fd);
}

/* ---------------------------------------------------------------- fetching */

/* Makes the folders above `path`, those of the cache included. */
static bool make_folders(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
		*p = '/';
		if (!made && errno != EISDIR)
			return false;
	}
	return true;
}

static bool write_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t done = write(fd, bytes, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes += done;
		n -= (size_t)done;
	}
	return true;
}

enum { NOT_KEPT = 1 };

/* Copies the value into `fd`. NOT_KEPT when the disk would not have it. */
static int copy_value(struct store_reader *from, size_t piece, int fd, struct err *err)
{
	uint8_t *window = malloc(piece);
	int rc = window ? 0 : NOT_KEPT;

	for (uint64_t at = 0; at < from->size && !rc;) {
		size_t n = from->size - at < piece ? (size_t)(from->size - at) : piece;
		rc = store_read(from, at, window, n, err);
		if (!rc && !write_all(fd, window, n))
			rc = NOT_KEPT;
		at += n;
	}
	free(window);
	return rc;
}

/* A cache takes no more than half of what is free: the models that it is read for have
 * to go somewhere, too. True where there is no folder yet. */
static bool disk_has_room(const struct cache *c, uint64_t size)
{
	struct statvfs disk;

	return statvfs(c->folder, &disk) != 0 || !disk.f_blocks ||
	       (uint64_t)disk.f_bavail * disk.f_frsize / 2 > size;
}

static bool has_room(struct cache *c, uint64_t size)
{
	if (size > c->limit / PART_OF_LIMIT || !disk_has_room(c, size))
		return false;
	pthread_mutex_lock(&c->evicting);
	if (c->room < size)
		c->room = store_cache_make_room(c->folder, c->limit, size);
	bool room = c->room >= size;
	if (room)
		c->room -= size;
	pthread_mutex_unlock(&c->evicting);
	return room;
}

static int new_file(const struct cache *c, char **path)
{
	if (asprintf(path, "%s/%s/" CACHE_NEW "XXXXXX", c->folder, c->store_id) < 0) {
		*path = NULL;
		return -1;
	}
	return mkostemp(*path, O_CLOEXEC);
}

/* Brings the value that `from` reads to its entry, and gives a reader of it. NOT_KEPT
 * when that cannot be done. */
static int keep(struct cache *c, const struct fetch *f, struct store_reader *from,
                struct store_reader **out, struct err *err)
{
	char *temp = NULL;
	int fd = make_folders(f->path) ? new_file(c, &temp) : -1;
	int rc = NOT_KEPT;

	if (fd >= 0)
		rc = copy_value(from, f->piece, fd, err);
	if (!rc && rename(temp, f->path) < 0)
		rc = NOT_KEPT;
	if (!rc) {
		*out = reader_of(fd);
		fd = -1;
		rc = *out ? 0 : NOT_KEPT;
	} else if (temp) {
		unlink(temp);
	}
	if (fd >= 0)
		close(fd);
	free(temp);
	return rc;
}

static size_t piece_size(size_t want)
{
	if (want < FETCH_MIN)
		return FETCH_MIN;
	return want > FETCH_MAX ? FETCH_MAX : want;
}

/* From the store into the cache, and out of it; out of the store alone where the
 * cache will not do. */
static int fetch_value(struct cache *c, const struct fetch *f, struct store_reader **out,
                       struct err *err)
{
	struct store_reader *from = NULL;
	int rc = store_get(c->inner, f->key, f->piece, &from, err);

	if (rc)
		return rc;
	rc = NOT_KEPT;
	if (has_room(c, from->size)) {
		rc = keep(c, f, from, out, err);
		if (rc == NOT_KEPT) {
			pthread_mutex_lock(&c->lock);
			c->broken = true;
			pthread_mutex_unlock(&c->lock);
		}
	}
	if (rc == NOT_KEPT) {
		*out = from;
		return 0;
	}
	store_reader_close(from);
	return rc;
}

/* ---------------------------------------------------------------- one at a time */

static bool is_under_way(const struct cache *c, const struct oid *id)
{
	for (const struct fetch *f = c->fetches; f; f = f->next)
		if (oid_equal(&f->id, id))
			return true;
	return false;
}

static void fetch_begin(struct cache *c, struct fetch *f)
{
	pthread_mutex_lock(&c->lock);
	while (is_under_way(c, &f->id))
		pthread_cond_wait(&c->fetched, &c->lock);
	f->next = c->fetches;
	c->fetches = f;
	pthread_mutex_unlock(&c->lock);
}

static void fetch_end(struct cache *c, struct fetch *f)
{
	struct fetch **at = &c->fetches;

	pthread_mutex_lock(&c->lock);
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	pthread_cond_broadcast(&c->fetched);
	pthread_mutex_unlock(&c->lock);
}

/* Whether there is a cache to use. Its folder is the store's, by its id, which is
 * asked for once. */
static bool usable(struct cache *c)
{
	struct err ignored = ERR_INIT;

	pthread_mutex_lock(&c->lock);
	if (!c->broken && !*c->store_id)
		c->broken = store_format_check(c->inner, c->store_id, &ignored) != 0;
	bool yes = !c->broken;
	pthread_mutex_unlock(&c->lock);
	return yes;
}

static bool is_solo(const char *key, struct oid *id)
{
	struct key_record record;

	if (!key_parse_record(key, &record) || record.base_count)
		return false;
	*id = record.id;
	return true;
}

static int cache_get(struct store *s, const char *key, size_t want,
                     struct store_reader **out, struct err *err)
{
	struct cache *c = (struct cache *)s;
	struct fetch fetch = { .key = key, .piece = piece_size(want) };
	int rc = 0;

	if (!is_solo(key, &fetch.id) || !usable(c))
		return store_get(c->inner, key, want, out, err);
	fetch.path = entry_path(c, &fetch.id);
	if (!fetch.path)
		return err_nomem(err, "a path");
	*out = open_entry(fetch.path);
	if (!*out) {
		fetch_begin(c, &fetch);
		*out = open_entry(fetch.path);
		if (!*out)
			rc = fetch_value(c, &fetch, out, err);
		fetch_end(c, &fetch);
	}
	free(fetch.path);
	return rc;
}

/* ---------------------------------------------------------------- the store */

static int cache_put(struct store *s, const char *key, size_t head_size,
                     struct store_writer **out, struct err *err)
{
	return store_put(((struct cache *)s)->inner, key, head_size, out, err);
}

static int cache_list(struct store *s, const char *prefix, store_each_fn *each, void *ctx,
                      struct err *err)
{
	return store_list(((struct cache *)s)->inner, prefix, each, ctx, err);
}

static int cache_remove(struct store *s, const char *key, struct err *err)
{
	return store_remove(((struct cache *)s)->inner, key, err);
}

static int cache_set_aside(struct store *s, const char *key, const char *trash,
                           struct err *err)
{
	store_cache_drop(s, key);
	return store_move_aside(((struct cache *)s)->inner, key, trash, err);
}

static int cache_restore(struct store *s, const char *trash, const char *key,
                         struct err *err)
{
	return store_restore(((struct cache *)s)->inner, trash, key, err);
}

static void cache_close(struct store *s)
{
	struct cache *c = (struct cache *)s;

	pthread_mutex_destroy(&c->evicting);
	pthread_cond_destroy(&c->fetched);
	pthread_mutex_destroy(&c->lock);
	free(c->folder);
	free(c);
}

static const struct store_ops cache_ops = {
	.get = cache_get,
	.put = cache_put,
	.list = cache_list,
	.remove = cache_remove,
	.set_aside = cache_set_aside,
	.restore = cache_restore,
	.close = cache_close,
};

int store_cache_new(struct store *inner, const char *folder, uint64_t limit,
                    struct store **out, struct err *err)
{
	struct cache *c = calloc(1, sizeof(*c));
	char *copy = strdup(folder);

	if (!c || !copy) {
		free(c);
		free(copy);
		return err_nomem(err, "a cache");
	}
	c->base = (struct store){ &cache_ops,    inner->inflight, inner->name,
		                  inner->remote, inner->name_max, inner->step_limit,
		                  false };
	c->inner = inner;
	c->folder = copy;
	c->limit = limit;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->fetched, NULL);
	pthread_mutex_init(&c->evicting, NULL);
	*out = &c->base;
	return 0;
}

void store_cache_drop(struct store *s, const char *key)
{
	struct cache *c = (struct cache *)s;
	struct oid id;

	if (!is_solo(key, &id) || !usable(c))
		return;
	char *path = entry_path(c, &id);
	if (path)
		unlink(path);
	free(path);
}
