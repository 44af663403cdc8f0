/*
 * A value's way into a bucket.
 *
 *     value:    head | first .............. | filling ... | ...
 *     parts:    \________ part 1 _________/ \__ part 2 __/
 *
 * The head is known last, and part 1 begins with it: so that much is held back. What
 * fits into `first` and `filling` goes with one PUT; more goes in parts.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/s3/store_s3_private.h"

enum {
	HINT_MS = 2000,        /* longer a hint is not repeated */
	HINT_ANSWER_MAX = 1024 /* bytes: no room for an answer that takes long */
};

struct s3_writer {
	struct store_writer base;
	struct s3_store *store;
	char key[KEY_MAX];
	size_t head_size;
	struct buf first; /* what follows the head, up to `first_max` bytes */
	size_t first_max;
	struct buf filling;       /* the part after what was sent */
	bool turn;                /* it is one of those with large values */
	bool hint;                /* nothing relies on it (store_put_hint) */
	struct s3_upload *upload; /* NULL: all so far is in memory */
};

/* ---------------------------------------------------------------- turns */

static void take_turn(struct s3_writer *w)
{
	if (w->turn)
		return;
	pthread_mutex_lock(&w->store->lock);
	while (w->store->turns == 0)
		pthread_cond_wait(&w->store->freed, &w->store->lock);
	w->store->turns--;
	pthread_mutex_unlock(&w->store->lock);
	w->turn = true;
}

static void s3_writer_free(struct s3_writer *w)
{
	if (w->turn) {
		pthread_mutex_lock(&w->store->lock);
		w->store->turns++;
		pthread_cond_signal(&w->store->freed);
		pthread_mutex_unlock(&w->store->lock);
	}
	s3_buffer_give(w->store, &w->first);
	s3_buffer_give(w->store, &w->filling);
	free(w);
}

/* ---------------------------------------------------------------- writing */

/* Room for another byte in `filling`: the first time, or by sending what is in it. */
static int make_room(struct s3_writer *w, struct err *err)
{
	int rc = 0;

	if (w->filling.size == S3_PART) {
		if (!w->upload)
			rc = s3_upload_begin(w->store, w->key, &w->upload, err);
		if (!rc)
			rc = s3_upload_part(w->upload, &w->filling, err);
	}
	if (!rc && !s3_buffer_take(w->store, &w->filling))
		rc = err_nomem(err, w->key);
	return rc;
}

static int s3_write(struct store_writer *writer, const void *bytes, size_t n,
                    struct err *err)
{
	struct s3_writer *w = (struct s3_writer *)writer;
	const uint8_t *at = bytes;

	while (n) {
		bool begins = w->first.size < w->first_max;
		int rc = begins ? 0 : make_room(w, err);
		if (rc)
			return rc;
		struct buf *b = begins ? &w->first : &w->filling;
		size_t room = (begins ? w->first_max : S3_PART) - b->size;
		size_t take = n < room ? n : room;
		if (b->size + take > S3_SMALL) {
			take_turn(w);
			if (!s3_buffer_take(w->store, b))
				return err_nomem(err, w->key);
		}
		buf_add(b, at, take);
		if (b->failed)
			return err_nomem(err, w->key);
		at += take;
		n -= take;
	}
	return 0;
}

static void s3_writer_abort(struct store_writer *writer)
{
	struct s3_writer *w = (struct s3_writer *)writer;

	s3_upload_abort(w->upload);
	s3_writer_free(w);
}

/* ---------------------------------------------------------------- one PUT */

static void describe_put(struct s3_call *call, const struct s3_writer *w,
                         const void *head)
{
	const struct http_piece pieces[3] = { { head, w->head_size },
		                              { w->first.data, w->first.size },
		                              { w->filling.data, w->filling.size } };

	*call = (struct s3_call){ .method = "PUT",
		                  .key = w->key,
		                  .permission = "s3:PutObject",
		                  .body_max = w->hint ? HINT_ANSWER_MAX : S3_SMALL,
		                  .repeat_ms = w->hint ? HINT_MS : 0 };
	for (unsigned i = 0; i < 3; i++)
		if (pieces[i].size)
			call->body[call->pieces++] = pieces[i];
}

static void note_existed(const struct s3_writer *w)
{
	if (w->base.existed)
		*w->base.existed = true;
}

/* 0; 1 when the service has no such request; or negative. A PUT whose answer was lost
 * and that was repeated may find its own value: that counts as another's. */
static int put_if_absent(const struct s3_writer *w, const void *head, struct err *err)
{
	struct s3_call call;

	describe_put(&call, w, head);
	call.fields[0] = "If-None-Match: *";
	call.answers = S3_OR_CHANGED | S3_OR_NO_SUPPORT;
	int rc = s3_call(w->store->client, &call, err);
	if (!rc && call.status == 501)
		rc = 1;
	if (!rc && call.status == 412)
		note_existed(w); /* and that is success */
	s3_call_wipe(&call);
	return rc;
}

/* Two who do this at once both succeed, with equal content. A hint has none that
 * could differ: it is not looked for. */
static int put_after_a_look(const struct s3_writer *w, const void *head, struct err *err)
{
	struct s3_call call;
	int rc = w->hint ? 1 : s3_store_look(w->store, w->key, err);

	if (rc == 0)
		note_existed(w);
	if (rc <= 0)
		return rc;
	describe_put(&call, w, head);
	rc = s3_call(w->store->client, &call, err);
	s3_call_wipe(&call);
	return rc;
}

/* Whether the service has PUT "if absent", as far as it is known; *ask when this PUT, of
 * `size` bytes, is the one to find out. The first small one is, and the others wait for
 * its answer: else each of those under way would be refused on its own. A large one
 * keeps nobody waiting. */
static enum s3_condition condition_for(struct s3_store *s, size_t size, bool *ask)
{
	pthread_mutex_lock(&s->lock);
	while (s->condition == S3_CONDITION_ASKED)
		pthread_cond_wait(&s->learned, &s->lock);
	enum s3_condition known = s->condition;
	*ask = known == S3_CONDITION_UNTRIED && size <= S3_SMALL;
	if (*ask)
		s->condition = S3_CONDITION_ASKED;
	pthread_mutex_unlock(&s->lock);
	return known;
}

bool s3_store_conditions(struct s3_store *s)
{
	pthread_mutex_lock(&s->lock);
	bool refused = s->condition == S3_CONDITION_REFUSED;
	pthread_mutex_unlock(&s->lock);
	return !refused;
}

/* A PUT that failed told nothing; but who waited tries for himself then, and not one
 * after the other. A refusal is final. */
static void learn_condition(struct s3_store *s, bool refused)
{
	pthread_mutex_lock(&s->lock);
	if (refused)
		s->condition = S3_CONDITION_REFUSED;
	else if (s->condition != S3_CONDITION_REFUSED)
		s->condition = S3_CONDITION_TAKEN;
	pthread_cond_broadcast(&s->learned);
	pthread_mutex_unlock(&s->lock);
}

static int put_whole(const struct s3_writer *w, const void *head, struct err *err)
{
	size_t size = w->head_size + w->first.size + w->filling.size;
	bool ask;
	enum s3_condition known = condition_for(w->store, size, &ask);

	if (known == S3_CONDITION_REFUSED)
		return put_after_a_look(w, head, err);
	int rc = put_if_absent(w, head, err);
	if (ask || known == S3_CONDITION_UNTRIED || rc > 0)
		learn_condition(w->store, rc > 0);
	return rc > 0 ? put_after_a_look(w, head, err) : rc;
}

/* ---------------------------------------------------------------- commit, put */

static int s3_commit(struct store_writer *writer, const void *head, struct err *err)
{
	struct s3_writer *w = (struct s3_writer *)writer;
	const struct http_piece first[2] = { { head, w->head_size },
		                             { w->first.data, w->first.size } };
	int rc = w->upload ? s3_upload_commit(w->upload, first, &w->filling, err)
	                   : put_whole(w, head, err);

	if (rc == S3_UPLOAD_EXISTED) {
		note_existed(w);
		rc = 0;
	}
	s3_writer_free(w);
	return rc;
}

static const struct store_writer_ops s3_writer_ops = {
	.write = s3_write,
	.commit = s3_commit,
	.abort = s3_writer_abort,
};

int s3_store_put(struct store *store, const char *key, size_t head_size,
                 struct store_writer **out, struct err *err)
{
	struct s3_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_nomem(err, "a writer");
	w->base.ops = &s3_writer_ops;
	w->store = (struct s3_store *)store;
	w->head_size = head_size;
	/* Some services want all parts but the last to be of one size. A head that is
	 * larger than a part makes part 1 larger. */
	w->first_max = head_size < S3_PART ? S3_PART - head_size : 0;
	memcpy(w->key, key, strlen(key) + 1);
	*out = &w->base;
	return 0;
}

/* ---------------------------------------------------------------- hints */

static bool spares_hints(struct s3_store *s)
{
	pthread_mutex_lock(&s->lock);
	bool spared = s->no_hints;
	pthread_mutex_unlock(&s->lock);
	return spared;
}

/* A push of many objects would wait for each of theirs. */
static void spare_hints(struct s3_store *s)
{
	pthread_mutex_lock(&s->lock);
	s->no_hints = true;
	pthread_mutex_unlock(&s->lock);
}

int s3_store_put_hint(struct store *store, const char *key, struct err *err)
{
	struct s3_writer w = { .store = (struct s3_store *)store, .hint = true };

	if (spares_hints(w.store))
		return err_set(err, ERR_IO, "store %s: %s: an earlier hint was not taken",
		               store->name, key);
	memcpy(w.key, key, strlen(key) + 1);
	int rc = put_whole(&w, NULL, err);
	if (rc)
		spare_hints(w.store);
	return rc;
}
