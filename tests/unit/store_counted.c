#include "tests/unit/store_counted.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/common/err.h"
#include "index/store/store.h"

enum { GATHER_SECONDS = 20 };

struct counted {
	struct store base;
	struct store *inner;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t gathered;
	struct store_counts counts;
	unsigned inside; /* requests under way */
	unsigned delay;  /* milliseconds */
	const char *prefix;
	unsigned wanted, waiting; /* gets to gather */
};

struct counted_reader {
	struct store_reader base;
	struct counted *store;
	struct store_reader *inner;
	size_t want; /* bytes that came with the get */
};

struct counted_writer {
	struct store_writer base;
	struct counted *store;
	struct store_writer *inner;
};

/* ---------------------------------------------------------------- counting */

static void request_begin(struct counted *c, uint64_t *count)
{
	pthread_mutex_lock(&c->lock);
	++*count;
	if (++c->inside > c->counts.peak)
		c->counts.peak = c->inside;
	struct timespec left = { c->delay / 1000, (long)(c->delay % 1000) * 1000000 };
	pthread_mutex_unlock(&c->lock);
	while ((left.tv_sec || left.tv_nsec) && nanosleep(&left, &left) && errno == EINTR)
		;
}

static void request_end(struct counted *c, uint64_t bytes)
{
	pthread_mutex_lock(&c->lock);
	c->inside--;
	c->counts.bytes_read += bytes;
	pthread_mutex_unlock(&c->lock);
}

/* Waits until enough gets are under way. */
static int gather(struct counted *c, const char *key, struct err *err)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += GATHER_SECONDS;
	pthread_mutex_lock(&c->lock);
	if (c->wanted && strncmp(key, c->prefix, strlen(c->prefix)) == 0) {
		if (++c->waiting == c->wanted) {
			c->wanted = 0;
			pthread_cond_broadcast(&c->gathered);
		}
		while (c->wanted && !rc)
			rc = pthread_cond_timedwait(&c->gathered, &c->lock, &until);
	}
	pthread_mutex_unlock(&c->lock);
	return rc ? err_set(err, ERR_IO, "%s was asked for alone", key) : 0;
}

/* ---------------------------------------------------------------- readers */

static int counted_read(struct store_reader *reader, uint64_t offset, void *dst, size_t n,
                        struct err *err)
{
	struct counted_reader *r = (struct counted_reader *)reader;

	if (offset <= r->want && n <= r->want - offset)
		return store_read(r->inner, offset, dst, n, err);
	request_begin(r->store, &r->store->counts.reads);
	int rc = store_read(r->inner, offset, dst, n, err);
	request_end(r->store, n);
	return rc;
}

static void counted_reader_close(struct store_reader *reader)
{
	struct counted_reader *r = (struct counted_reader *)reader;

	store_reader_close(r->inner);
	free(r);
}

static const struct store_reader_ops counted_reader_ops = {
	.read = counted_read,
	.close = counted_reader_close,
};

static int counted_get(struct store *s, const char *key, size_t want,
                       struct store_reader **out, struct err *err)
{
	struct counted *c = (struct counted *)s;
	struct counted_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return err_nomem(err, "a reader");
	request_begin(c, &c->counts.gets);
	int rc = gather(c, key, err);
	if (!rc)
		rc = store_get(c->inner, key, want, &r->inner, err);
	if (!rc) {
		r->base = (struct store_reader){ &counted_reader_ops, r->inner->size };
		r->store = c;
		r->want = want < r->inner->size ? want : (size_t)r->inner->size;
	}
	request_end(c, r->want);
	if (rc)
		free(r);
	else
		*out = &r->base;
	return rc;
}

/* ---------------------------------------------------------------- writers */

static int counted_write(struct store_writer *writer, const void *bytes, size_t n,
                         struct err *err)
{
	return store_write(((struct counted_writer *)writer)->inner, bytes, n, err);
}

static int commit_inner(struct counted_writer *w, const void *head, struct err *err)
{
	w->inner->existed = w->base.existed;
	return store_commit(w->inner, head, err);
}

static int counted_commit(struct store_writer *writer, const void *head, struct err *err)
{
	struct counted_writer *w = (struct counted_writer *)writer;

	request_begin(w->store, &w->store->counts.puts);
	int rc = commit_inner(w, head, err);
	request_end(w->store, 0);
	free(w);
	return rc;
}

static void counted_abort(struct store_writer *writer)
{
	store_abort(((struct counted_writer *)writer)->inner);
	free(writer);
}

static const struct store_writer_ops counted_writer_ops = {
	.write = counted_write,
	.commit = counted_commit,
	.abort = counted_abort,
};

static int counted_put(struct store *s, const char *key, size_t head_size,
                       struct store_writer **out, struct err *err)
{
	struct counted *c = (struct counted *)s;
	struct counted_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_nomem(err, "a writer");
	*w = (struct counted_writer){ { .ops = &counted_writer_ops }, c, NULL };
	int rc = store_put(c->inner, key, head_size, &w->inner, err);
	if (rc)
		free(w);
	else
		*out = &w->base;
	return rc;
}

/* ---------------------------------------------------------------- the store */

static int counted_list(struct store *s, const char *prefix, store_each_fn *each,
                        void *ctx, struct err *err)
{
	struct counted *c = (struct counted *)s;

	request_begin(c, &c->counts.lists);
	int rc = store_list(c->inner, prefix, each, ctx, err);
	request_end(c, 0);
	return rc;
}

static int counted_remove(struct store *s, const char *key, struct err *err)
{
	struct counted *c = (struct counted *)s;

	request_begin(c, &c->counts.removes);
	int rc = store_remove(c->inner, key, err);
	request_end(c, 0);
	return rc;
}

/* As in a bucket: a look, a copy, and a removal. */
static int counted_set_aside(struct store *s, const char *key, const char *trash,
                             struct err *err)
{
	struct counted *c = (struct counted *)s;

	request_begin(c, &c->counts.gets);
	request_end(c, 0);
	request_begin(c, &c->counts.puts);
	request_end(c, 0);
	request_begin(c, &c->counts.removes);
	int rc = store_move_aside(c->inner, key, trash, err);
	request_end(c, 0);
	return rc;
}

static void counted_close(struct store *s)
{
	struct counted *c = (struct counted *)s;

	pthread_cond_destroy(&c->gathered);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static const struct store_ops counted_ops = {
	.get = counted_get,
	.put = counted_put,
	.list = counted_list,
	.remove = counted_remove,
	.set_aside = counted_set_aside,
	.close = counted_close,
};

int store_counted_new(struct store *inner, unsigned inflight, struct store **out,
                      struct err *err)
{
	struct counted *c = calloc(1, sizeof(*c));
	pthread_condattr_t attr;

	if (!c)
		return err_nomem(err, "a store that counts");
	c->base = (struct store){ &counted_ops,    inflight,          inner->name, true,
		                  inner->name_max, inner->step_limit, false };
	c->inner = inner;
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->gathered, &attr);
	pthread_condattr_destroy(&attr);
	*out = &c->base;
	return 0;
}

struct store_counts store_counted_get(const struct store *s)
{
	struct counted *c = (struct counted *)(uintptr_t)s;

	pthread_mutex_lock(&c->lock);
	struct store_counts counts = c->counts;
	pthread_mutex_unlock(&c->lock);
	return counts;
}

uint64_t store_counted_total(const struct store *s)
{
	struct store_counts n = store_counted_get(s);

	return n.gets + n.reads + n.puts + n.lists + n.removes;
}

void store_counted_reset(struct store *s)
{
	struct counted *c = (struct counted *)s;

	pthread_mutex_lock(&c->lock);
	c->counts = (struct store_counts){ 0 };
	pthread_mutex_unlock(&c->lock);
}

void store_counted_delay(struct store *s, unsigned milliseconds)
{
	struct counted *c = (struct counted *)s;

	pthread_mutex_lock(&c->lock);
	c->delay = milliseconds;
	pthread_mutex_unlock(&c->lock);
}

void store_counted_gather(struct store *s, const char *prefix, unsigned n)
{
	struct counted *c = (struct counted *)s;

	pthread_mutex_lock(&c->lock);
	c->prefix = prefix;
	c->wanted = n;
	c->waiting = 0;
	pthread_mutex_unlock(&c->lock);
}
