#include "index/work/turns.h"

#include <pthread.h>
#include <stdlib.h>

#include "codec/common/err.h"

struct turns {
	pthread_mutex_t lock; /* guards the number below */
	pthread_cond_t moved;
	size_t next; /* the first task that has not ended */
};

int turns_new(struct turns **out, struct err *err)
{
	struct turns *t = calloc(1, sizeof(*t));

	if (!t)
		return err_nomem(err, "turns");
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->moved, NULL);
	*out = t;
	return 0;
}

void turns_free(struct turns *t)
{
	if (!t)
		return;
	pthread_cond_destroy(&t->moved);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static void wait_under_lock(struct turns *t, size_t i)
{
	while (t->next < i)
		pthread_cond_wait(&t->moved, &t->lock);
}

void turns_wait(struct turns *t, size_t i)
{
	pthread_mutex_lock(&t->lock);
	wait_under_lock(t, i);
	pthread_mutex_unlock(&t->lock);
}

void turns_end(struct turns *t, size_t i)
{
	pthread_mutex_lock(&t->lock);
	wait_under_lock(t, i);
	t->next = i + 1;
	pthread_cond_broadcast(&t->moved);
	pthread_mutex_unlock(&t->lock);
}
