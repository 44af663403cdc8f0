#include "index/download_proof.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/model/extent.h"
#include "index/work/file_range.h"

enum {
	WINDOW = 1024 * 1024, /* bytes read and hashed at a time */
	THREAD_MIN = 4 * 1024 *
	             1024, /* smaller files are hashed when they are complete */
};

struct download_proof {
	const struct transfer *transfer;
	const struct extents *extents;
	int fd;
	struct sha256 *hash;
	uint8_t *window;
	bool threaded;
	pthread_t thread;
	int rc; /* of the thread, once it has ended */
	struct err err;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	uint64_t *written; /* of each extent, bytes */
	bool stop;
};

/* ---------------------------------------------------------------- hashing */

/* How much of extent `i` is there beyond `at`; waits for some of it. 0 when it is told
 * to stop. */
static uint64_t wait_for(struct download_proof *p, size_t i, uint64_t at)
{
	pthread_mutex_lock(&p->lock);
	while (p->written[i] <= at && !p->stop)
		pthread_cond_wait(&p->changed, &p->lock);
	uint64_t more = p->stop ? 0 : p->written[i] - at;
	pthread_mutex_unlock(&p->lock);
	return more;
}

static int hash_extent(struct download_proof *p, size_t i, struct err *err)
{
	const struct extent *x = &p->extents->list[i];
	int rc = 0;

	for (uint64_t at = 0; at < x->size && !rc;) {
		uint64_t more = wait_for(p, i, at);
		size_t n = more < WINDOW ? (size_t)more : WINDOW;
		if (!n)
			return err_set(err, ERR_INTERRUPTED, "told to stop");
		rc = transfer_go_on(p->transfer, err);
		if (!rc)
			rc = file_range_read(p->fd, x->offset + at, p->window, n, err);
		if (!rc)
			sha256_add(p->hash, p->window, n);
		at += n;
	}
	return rc;
}

static int hash_all(struct download_proof *p, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < p->extents->count && !rc; i++)
		rc = hash_extent(p, i, err);
	return rc;
}

static void *thread_main(void *arg)
{
	struct download_proof *p = arg;

	p->rc = hash_all(p, &p->err);
	return NULL;
}

/* ---------------------------------------------------------------- the calls */

int download_proof_new(const struct transfer *t, int fd, const struct extents *x,
                       struct download_proof **out, struct err *err)
{
	struct download_proof *p = calloc(1, sizeof(*p));

	if (!p)
		return err_nomem(err, "a proof");
	p->transfer = t;
	p->extents = x;
	p->fd = fd;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	p->hash = sha256_new();
	p->window = malloc(WINDOW);
	p->written = calloc(x->count ? x->count : 1, sizeof(*p->written));
	if (!p->hash || !p->window || !p->written) {
		download_proof_free(p);
		return err_nomem(err, "a proof");
	}
	/* Without a thread the file is hashed at the end. */
	p->threaded = x->size >= THREAD_MIN &&
	              pthread_create(&p->thread, NULL, thread_main, p) == 0;
	*out = p;
	return 0;
}

static void join(struct download_proof *p)
{
	if (p->threaded)
		pthread_join(p->thread, NULL);
	p->threaded = false;
}

void download_proof_free(struct download_proof *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	join(p);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	sha256_free(p->hash);
	free(p->window);
	free(p->written);
	free(p);
}

void download_proof_written(struct download_proof *p, size_t i, uint64_t bytes)
{
	pthread_mutex_lock(&p->lock);
	p->written[i] = bytes;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

int download_proof_finish(struct download_proof *p, struct oid *out, struct err *err)
{
	bool threaded = p->threaded;

	join(p);
	int rc = threaded ? p->rc : hash_all(p, err);
	if (rc && threaded)
		*err = p->err;
	if (!rc)
		sha256_finish(p->hash, out);
	return rc;
}
