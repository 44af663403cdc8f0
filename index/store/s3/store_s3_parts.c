/*
 * A value in parts: begun, parts under way at the same time, completed or aborted.
 *
 * An upload owns one buffer, and borrows others from the store as long as there are
 * any: so every upload can always go on, and all together stay within bounds.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/s3/store_s3_private.h"

enum {
	UPLOAD_ID_MAX = 1024,
	ABORT_MS = 10000 /* what is not dropped by then a rule of the bucket drops */
};

/* A part on its way. */
struct part {
	struct s3_call call;
	struct buf query;
	struct buf bytes;
	unsigned number;
	bool under_way;
};

struct s3_upload {
	struct s3_store *store;
	char key[KEY_MAX];
	char id[3 * UPLOAD_ID_MAX]; /* encoded */
	struct part parts[S3_SPARES];
	unsigned spares; /* buffers borrowed, each under way or in `idle` */
	struct buf idle[S3_SPARES];
	unsigned idle_count;
	unsigned next;              /* number of the next part, from 2 */
	char (*etags)[S3_ETAG_MAX]; /* of part i + 1 */
	unsigned etags_room;
	struct buf query; /* of the call that is made now, parts have their own */
};

/* ---------------------------------------------------------------- begin */

static int post_upload(struct s3_upload *u, struct err *err)
{
	char id[UPLOAD_ID_MAX];
	struct buf encoded = BUF_INIT;
	struct s3_call call = { .method = "POST",
		                .key = u->key,
		                .query = "uploads=",
		                .permission = "s3:PutObject",
		                .body_max = S3_SMALL };
	int rc = s3_call(u->store->client, &call, err);

	if (!rc && !s3_upload_id_parse(call.reply->body.data, call.reply->body.size, id,
	                               sizeof(id)))
		rc = err_set(err, ERR_IO,
		             "store %s: %s: the service begins an upload without a name",
		             u->store->base.name, u->key);
	if (!rc) {
		s3_encode(id, &encoded);
		if (encoded.failed)
			rc = err_nomem(err, u->key);
		else
			strcpy(u->id, buf_text(&encoded));
	}
	s3_call_wipe(&call);
	buf_wipe(&encoded);
	return rc;
}

static void upload_free(struct s3_upload *u)
{
	if (u->spares) {
		pthread_mutex_lock(&u->store->lock);
		u->store->spares += u->spares;
		pthread_mutex_unlock(&u->store->lock);
	}
	for (unsigned i = 0; i < S3_SPARES; i++) {
		s3_buffer_give(u->store, &u->parts[i].bytes);
		buf_wipe(&u->parts[i].query);
	}
	while (u->idle_count)
		s3_buffer_give(u->store, &u->idle[--u->idle_count]);
	buf_wipe(&u->query);
	free(u->etags);
	free(u);
}

int s3_upload_begin(struct s3_store *s, const char *key, struct s3_upload **out,
                    struct err *err)
{
	struct s3_upload *u = calloc(1, sizeof(*u));

	if (!u)
		return err_nomem(err, "an upload");
	u->store = s;
	u->next = 2;
	strcpy(u->key, key);
	int rc = post_upload(u, err);
	if (rc) {
		upload_free(u);
		return rc;
	}
	*out = u;
	return 0;
}

/* ---------------------------------------------------------------- parts */

static int keep_etag(struct s3_upload *u, unsigned number, const struct s3_call *call,
                     struct err *err)
{
	char etag[S3_ETAG_MAX];

	if (!http_reply_field(call->reply, "etag", etag, sizeof(etag)) || !etag[0] ||
	    strpbrk(etag, "<>&"))
		return err_set(
			err, ERR_IO,
			"store %s: %s: the service took part %u, but names no ETag",
			u->store->base.name, u->key, number);
	if (number > u->etags_room) {
		unsigned room = number + 64;
		void *more = realloc(u->etags, room * sizeof(*u->etags));
		if (!more)
			return err_nomem(err, u->key);
		u->etags = more;
		u->etags_room = room;
	}
	strcpy(u->etags[number - 1], etag);
	return 0;
}

/* Fills `call` for part `number`; the query is in `query`, the bytes are the
 * caller's to add. */
static void describe_part(const struct s3_upload *u, unsigned number, struct buf *query,
                          struct s3_call *call)
{
	query->size = 0;
	buf_addf(query, "partNumber=%u&uploadId=%s", number, u->id);
	*call = (struct s3_call){ .method = "PUT",
		                  .key = u->key,
		                  .query = buf_text(query),
		                  .permission = "s3:PutObject",
		                  .body_max = S3_SMALL };
}

static int send_now(struct s3_upload *u, unsigned number, const struct http_piece *pieces,
                    unsigned count, struct err *err)
{
	struct s3_call call;

	describe_part(u, number, &u->query, &call);
	memcpy(call.body, pieces, count * sizeof(*pieces));
	call.pieces = count;
	int rc = s3_call(u->store->client, &call, err);
	if (!rc)
		rc = keep_etag(u, number, &call, err);
	s3_call_wipe(&call);
	return rc;
}

/* Waits for a part; its buffer is then idle. */
static int reap(struct s3_upload *u, struct part *p, struct err *err)
{
	int rc = s3_finish(u->store->client, &p->call, err);

	if (!rc)
		rc = keep_etag(u, p->number, &p->call, err);
	s3_call_wipe(&p->call);
	p->under_way = false;
	p->bytes.size = 0;
	u->idle[u->idle_count++] = p->bytes;
	p->bytes = (struct buf)BUF_INIT;
	return rc;
}

static struct part *oldest_part(struct s3_upload *u)
{
	struct part *oldest = NULL;

	for (unsigned i = 0; i < S3_SPARES; i++) {
		struct part *p = &u->parts[i];
		if (p->under_way && (!oldest || p->number < oldest->number))
			oldest = p;
	}
	return oldest;
}

static struct part *free_part(struct s3_upload *u)
{
	for (unsigned i = 0; i < S3_SPARES; i++)
		if (!u->parts[i].under_way)
			return &u->parts[i];
	return NULL;
}

/* Another buffer from the store, if it has one left. */
static bool borrow(struct s3_upload *u)
{
	bool got;

	pthread_mutex_lock(&u->store->lock);
	got = u->store->spares > 0 && u->spares < S3_SPARES;
	if (got)
		u->store->spares--;
	pthread_mutex_unlock(&u->store->lock);
	if (!got)
		return false;
	u->spares++;
	u->idle[u->idle_count++] = (struct buf)BUF_INIT;
	return true;
}

int s3_upload_part(struct s3_upload *u, struct buf *part, struct err *err)
{
	struct part *oldest;
	int rc = 0;

	if (u->next > S3_PARTS_MAX)
		return err_set(err, ERR_INPUT,
		               "store %s: %s has more than %d parts of %d bytes",
		               u->store->base.name, u->key, S3_PARTS_MAX, S3_PART);
	if (!u->idle_count && !borrow(u)) {
		oldest = oldest_part(u);
		if (!oldest) { /* nothing to wait for: this one goes alone */
			struct http_piece piece = { part->data, part->size };
			rc = send_now(u, u->next++, &piece, 1, err);
			part->size = 0;
			return rc;
		}
		rc = reap(u, oldest, err);
		if (rc)
			return rc;
	}
	struct part *p = free_part(u);
	p->bytes = *part;
	p->number = u->next++;
	*part = u->idle[--u->idle_count];
	p->under_way = true;
	describe_part(u, p->number, &p->query, &p->call);
	p->call.body[0] = (struct http_piece){ p->bytes.data, p->bytes.size };
	p->call.pieces = 1;
	s3_start(u->store->client, &p->call);
	return 0;
}

/* ---------------------------------------------------------------- commit, abort */

static int reap_all(struct s3_upload *u, struct err *err)
{
	struct part *p;
	int rc = 0;

	while (!rc && (p = oldest_part(u)) != NULL)
		rc = reap(u, p, err);
	return rc;
}

static void name_parts(const struct s3_upload *u, struct buf *out)
{
	buf_add_str(out, "<CompleteMultipartUpload "
	                 "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (unsigned i = 1; i < u->next; i++)
		buf_addf(out, "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>",
		         i, u->etags[i - 1]);
	buf_add_str(out, "</CompleteMultipartUpload>");
}

enum { WAS_THERE = 1, WITHOUT_CONDITION = 2 };

/* An upload that is not there any more was completed before, and the answer to that was
 * lost; or somebody took it away. */
static int look_for_completed(struct s3_upload *u, struct err *err)
{
	int rc = s3_store_look(u->store, u->key, err);

	return rc <= 0 ? rc
	               : err_set(err, ERR_IO,
	                         "store %s: %s: the upload was aborted by somebody else; "
	                         "push again",
	                         u->store->base.name, u->key);
}

/* 0; WAS_THERE when the key exists; WITHOUT_CONDITION when that stands in the way: the
 * service knows none here (501, 400), or two complete at once (409), of whom one may
 * have failed. */
static int post_parts(struct s3_upload *u, const struct buf *body, const char *condition,
                      struct err *err)
{
	struct s3_call call = { .method = "POST",
		                .key = u->key,
		                .query = buf_text(&u->query),
		                .permission = "s3:PutObject",
		                .fields = { condition },
		                .body = { { body->data, body->size } },
		                .pieces = 1,
		                .body_max = S3_SMALL,
		                .answers = S3_OR_ABSENT,
		                .patient = true };

	if (condition)
		call.answers |= S3_OR_CHANGED | S3_OR_CONFLICT | S3_OR_NO_SUPPORT;
	int rc = s3_call(u->store->client, &call, err);
	if (!rc && call.status == 404)
		rc = look_for_completed(u, err);
	else if (!rc && call.status == 412)
		rc = WAS_THERE;
	else if (condition && (call.status == 400 || call.status == 501))
		rc = WITHOUT_CONDITION;
	else if (!rc && call.status == 409)
		rc = s3_store_look(u->store, u->key, err) == 0 ? WAS_THERE
		                                               : WITHOUT_CONDITION;
	s3_call_wipe(&call);
	return rc;
}

/* AWS completes "if absent" (since 2024); Ceph passes over the condition. */
static int complete(struct s3_upload *u, struct err *err)
{
	struct buf body = BUF_INIT;
	const char *condition = s3_store_conditions(u->store) ? "If-None-Match: *" : NULL;

	name_parts(u, &body);
	u->query.size = 0;
	buf_addf(&u->query, "uploadId=%s", u->id);
	int rc = body.failed || u->query.failed ? err_nomem(err, u->key)
	                                        : post_parts(u, &body, condition, err);
	if (rc == WITHOUT_CONDITION)
		rc = post_parts(u, &body, NULL, err);
	buf_wipe(&body);
	return rc;
}

static int send_rest(struct s3_upload *u, const struct http_piece first[2],
                     struct buf *last, struct err *err)
{
	struct http_piece pieces[2];
	unsigned count = 0;
	int rc = last->size ? s3_upload_part(u, last, err) : 0;

	for (unsigned i = 0; i < 2; i++)
		if (first[i].size)
			pieces[count++] = first[i];
	if (!rc)
		rc = send_now(u, 1, pieces, count, err);
	return rc ? rc : reap_all(u, err);
}

/* Who finds the key leaves it as it is. Services that complete "if absent" are few, so it
 * is looked for too: elsewhere two who do this at once both succeed, with equal content. */
int s3_upload_commit(struct s3_upload *u, const struct http_piece first[2],
                     struct buf *last, struct err *err)
{
	int rc = send_rest(u, first, last, err);
	int there = 0;

	if (!rc) {
		there = s3_store_look(u->store, u->key, err);
		rc = there < 0 ? there : 0;
	}
	if (!rc && there == 1) {
		rc = complete(u, err);
		if (!rc) {
			upload_free(u);
			return 0;
		}
	}
	s3_upload_abort(u);
	return rc == WAS_THERE || (!rc && !there) ? S3_UPLOAD_EXISTED : rc;
}

void s3_upload_abort(struct s3_upload *u)
{
	struct s3_call call = { .method = "DELETE",
		                .permission = "s3:AbortMultipartUpload",
		                .answers = S3_OR_ABSENT,
		                .repeat_ms = ABORT_MS };
	struct err ignored = ERR_INIT;

	if (!u)
		return;
	for (unsigned i = 0; i < S3_SPARES; i++)
		s3_call_wipe(&u->parts[i].call);
	u->query.size = 0;
	buf_addf(&u->query, "uploadId=%s", u->id);
	call.key = u->key;
	call.query = buf_text(&u->query);
	if (!u->query.failed)
		(void)s3_call(u->store->client, &call, &ignored);
	s3_call_wipe(&call);
	upload_free(u);
}
