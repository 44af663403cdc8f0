#include "index/model/side_hash.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "codec/common/sha256.h"

struct side_hash {
	struct sha256 *sha; /* the thread's while n > 0, else the caller's */
	bool threaded;
	pthread_t thread;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	const void *bytes;
	size_t n; /* bytes handed over and not yet hashed */
	bool closing;
};

static void *thread_main(void *arg)
{
	struct side_hash *h = arg;

	pthread_mutex_lock(&h->lock);
	for (;;) {
		while (!h->n && !h->closing)
			pthread_cond_wait(&h->changed, &h->lock);
		if (!h->n)
			break;
		pthread_mutex_unlock(&h->lock);
		sha256_add(h->sha, h->bytes, h->n);
		pthread_mutex_lock(&h->lock);
		h->n = 0;
		pthread_cond_broadcast(&h->changed);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

struct side_hash *side_hash_new(void)
{
	struct side_hash *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->sha = sha256_new();
	if (!h->sha) {
		free(h);
		return NULL;
	}
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	h->threaded = pthread_create(&h->thread, NULL, thread_main, h) == 0;
	return h;
}

void side_hash_free(struct side_hash *h)
{
	if (!h)
		return;
	if (h->threaded) {
		pthread_mutex_lock(&h->lock);
		h->closing = true;
		pthread_cond_broadcast(&h->changed);
		pthread_mutex_unlock(&h->lock);
		pthread_join(h->thread, NULL);
	}
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
	sha256_free(h->sha);
	free(h);
}

/* Waits until the thread is idle, and hands it `n` bytes. */
static void hand_over(struct side_hash *h, const void *bytes, size_t n)
{
	pthread_mutex_lock(&h->lock);
	while (h->n)
		pthread_cond_wait(&h->changed, &h->lock);
	h->bytes = bytes;
	h->n = n;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

void side_hash_add(struct side_hash *h, const void *bytes, size_t n)
{
	if (h->threaded)
		hand_over(h, bytes, n);
	else
		sha256_add(h->sha, bytes, n);
}

void side_hash_finish(struct side_hash *h, struct oid *out)
{
	if (h->threaded)
		hand_over(h, NULL, 0);
	sha256_finish(h->sha, out);
}
