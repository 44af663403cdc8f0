/*
 * Reading ahead. A record is read frame by frame; each would be a request of its own.
 * A reader that goes on where it left off gets a larger piece, and the next reads are
 * served from it. Few readers at once may, so that memory stays within bounds; the
 * others read as they are asked.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "index/store/s3/store_s3_private.h"

struct s3_ahead {
	struct s3_store *store;
	pthread_mutex_t lock; /* guards the rest */
	uint64_t next;        /* where the last read ended */
	uint8_t *bytes;       /* S3_AHEAD of room; NULL: not allowed, or not yet */
	uint64_t start;       /* of what is in `bytes` */
	size_t size;
};

struct s3_ahead *s3_ahead_new(struct s3_store *s, uint64_t next)
{
	struct s3_ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->store = s;
	a->next = next;
	pthread_mutex_init(&a->lock, NULL);
	return a;
}

void s3_ahead_free(struct s3_ahead *a)
{
	if (!a)
		return;
	if (a->bytes) {
		pthread_mutex_lock(&a->store->lock);
		a->store->aheads++;
		pthread_mutex_unlock(&a->store->lock);
	}
	free(a->bytes);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* Whether this reader may hold a piece. */
static bool get_room(struct s3_ahead *a)
{
	bool may;

	if (a->bytes)
		return true;
	pthread_mutex_lock(&a->store->lock);
	may = a->store->aheads > 0;
	if (may)
		a->store->aheads--;
	pthread_mutex_unlock(&a->store->lock);
	if (may && !(a->bytes = malloc(S3_AHEAD))) {
		pthread_mutex_lock(&a->store->lock);
		a->store->aheads++;
		pthread_mutex_unlock(&a->store->lock);
	}
	return a->bytes != NULL;
}

/* Copies what the piece has of [offset, offset + n) from its front; that many bytes. */
static size_t take(const struct s3_ahead *a, uint64_t offset, uint8_t *buf, size_t n)
{
	if (offset < a->start || offset >= a->start + a->size)
		return 0;
	size_t have = a->size - (size_t)(offset - a->start);
	if (n > have)
		n = have;
	memcpy(buf, a->bytes + (offset - a->start), n);
	return n;
}

static int fetch(struct s3_reader *r, uint64_t offset, struct err *err)
{
	struct s3_ahead *a = r->ahead;
	uint64_t left = r->base.size - offset;

	a->size = 0;
	size_t n = left < S3_AHEAD ? (size_t)left : S3_AHEAD;
	int rc = s3_read_ranges(r, offset, a->bytes, n, err);
	if (rc)
		return rc;
	a->start = offset;
	a->size = n;
	return 0;
}

/* Under the lock. */
static int read_on(struct s3_reader *r, uint64_t offset, uint8_t *buf, size_t n,
                   struct err *err)
{
	struct s3_ahead *a = r->ahead;
	bool goes_on = offset == a->next;

	a->next = offset + n;
	size_t done = a->bytes ? take(a, offset, buf, n) : 0;
	offset += done;
	buf += done;
	n -= done;
	if (!n)
		return 0;
	if (!goes_on || n >= S3_AHEAD || !get_room(a))
		return s3_read_ranges(r, offset, buf, n, err);
	int rc = fetch(r, offset, err);
	if (!rc)
		take(a, offset, buf, n);
	return rc;
}

/* Several threads on one reader: one of them reads ahead, the others as asked. */
int s3_ahead_read(struct s3_reader *r, uint64_t offset, uint8_t *buf, size_t n,
                  struct err *err)
{
	struct s3_ahead *a = r->ahead;

	if (pthread_mutex_trylock(&a->lock) != 0)
		return s3_read_ranges(r, offset, buf, n, err);
	int rc = read_on(r, offset, buf, n, err);
	pthread_mutex_unlock(&a->lock);
	return rc;
}
