#include "index/work/scratch_shelf.h"

#include <pthread.h>
#include <stdlib.h>

#include "codec/common/err.h"
#include "codec/frame_scratch.h"

/* More than this many at once are made and freed as needed. */
enum { SHELF_PLACES = 64 };

struct scratch_shelf {
	pthread_mutex_t lock; /* guards all below */
	unsigned count;
	struct frame_scratch *free_ones[SHELF_PLACES];
};

int scratch_shelf_new(struct scratch_shelf **out, struct err *err)
{
	struct scratch_shelf *s = calloc(1, sizeof(*s));

	if (!s)
		return err_nomem(err, "a shelf");
	pthread_mutex_init(&s->lock, NULL);
	*out = s;
	return 0;
}

void scratch_shelf_free(struct scratch_shelf *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->count; i++)
		frame_scratch_free(s->free_ones[i]);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int scratch_shelf_take(struct scratch_shelf *s, struct frame_scratch **out,
                       struct err *err)
{
	struct frame_scratch *scratch = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->count)
		scratch = s->free_ones[--s->count];
	pthread_mutex_unlock(&s->lock);
	if (!scratch)
		return frame_scratch_new(out, err);
	*out = scratch;
	return 0;
}

void scratch_shelf_put_back(struct scratch_shelf *s, struct frame_scratch *scratch)
{
	pthread_mutex_lock(&s->lock);
	if (s->count < SHELF_PLACES) {
		s->free_ones[s->count++] = scratch;
		scratch = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	frame_scratch_free(scratch);
}
