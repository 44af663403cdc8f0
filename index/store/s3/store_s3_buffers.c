/* Buffers for parts, kept for the next value. */
#include "codec/common/buf.h"
#include "index/store/s3/store_s3_private.h"

bool s3_buffer_take(struct s3_store *s, struct buf *b)
{
	struct buf kept = BUF_INIT;

	if (b->cap >= S3_PART)
		return true;
	pthread_mutex_lock(&s->lock);
	if (s->buffer_count)
		kept = s->buffers[--s->buffer_count];
	pthread_mutex_unlock(&s->lock);
	if (!buf_reserve(&kept, S3_PART))
		return false;
	buf_add(&kept, b->data, b->size);
	buf_wipe(b);
	*b = kept;
	return true;
}

void s3_buffer_give(struct s3_store *s, struct buf *b)
{
	bool kept = false;

	/* A head that is larger than a part made this one larger: not for long. */
	if (b->cap >= S3_PART && b->cap <= 2 * (size_t)S3_PART && !b->failed) {
		pthread_mutex_lock(&s->lock);
		kept = s->buffer_count < S3_BUFFERS;
		b->size = 0;
		if (kept)
			s->buffers[s->buffer_count++] = *b;
		pthread_mutex_unlock(&s->lock);
	}
	if (!kept)
		buf_wipe(b);
	*b = (struct buf)BUF_INIT;
}

void s3_buffers_free(struct s3_store *s)
{
	while (s->buffer_count)
		buf_wipe(&s->buffers[--s->buffer_count]);
}
