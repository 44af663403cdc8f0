/* A store in a bucket: opening, reading and removing. */
#include "index/store/s3/store_s3.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/store/s3/store_s3_private.h"

enum { FIRST_MAX = 8 * 1024 * 1024 }; /* bytes that come with the first request */

/* ---------------------------------------------------------------- what replies say */

static void keep_etag(struct s3_reader *r, const struct http_reply *reply)
{
	char etag[S3_ETAG_MAX];

	if (http_reply_field(reply, "etag", etag, sizeof(etag)) && etag[0])
		snprintf(r->match, sizeof(r->match), "If-Match: %s", etag);
}

void s3_reader_etag(const struct s3_reader *r, char etag[S3_ETAG_MAX])
{
	const char *at = strchr(r->match, ' ');

	snprintf(etag, S3_ETAG_MAX, "%s", at ? at + 1 : "");
}

/* ---------------------------------------------------------------- get */

/* The size and version of a value of which no bytes are wanted yet. 1: no such key. */
static int look_at(struct s3_store *s, const char *key, struct s3_reader *r,
                   struct err *err)
{
	struct s3_call call = { .method = "HEAD",
		                .key = key,
		                .permission = "s3:GetObject",
		                .answers = S3_OR_ABSENT };
	char text[32], *end;
	int rc = s3_call(s->client, &call, err);

	if (!rc && call.status == 404)
		rc = 1;
	if (!rc) {
		keep_etag(r, call.reply);
		if (!http_reply_field(call.reply, "content-length", text, sizeof(text)))
			strcpy(text, "?");
		r->base.size = strtoull(text, &end, 10);
		if (*end)
			rc = s3_odd_answer(r, &call, err);
	}
	s3_call_wipe(&call);
	return rc;
}

/* Not by HEAD: Swift answers it, where the key is missing, with the end of a chunked body
 * that no HEAD may have, which spoils the connection; and a refusal without a body does
 * not say what is missing, the key or the bucket. */
int s3_store_look(struct s3_store *s, const char *key, struct err *err)
{
	uint8_t byte[1];
	struct s3_call call = { .method = "GET",
		                .key = key,
		                .permission = "s3:GetObject",
		                .fields = { "Range: bytes=0-0" },
		                .into = byte,
		                .room = sizeof(byte),
		                .answers = S3_OR_ABSENT | S3_OR_NO_RANGE };
	int rc = s3_call(s->client, &call, err);

	if (!rc && call.status == 404)
		rc = 1; /* and 416 is a value of no bytes */
	s3_call_wipe(&call);
	return rc;
}

/* The size from the answer to a request of the first `n` bytes. */
static int take_first(struct s3_reader *r, const struct s3_call *call, size_t n,
                      struct err *err)
{
	uint64_t start, end, all;

	r->first_size = call->reply->got;
	keep_etag(r, call->reply);
	if (call->status == 206 && s3_content_range(call->reply, &start, &end, &all) &&
	    start == 0 && end + 1 == r->first_size &&
	    r->first_size == (all < n ? all : n)) {
		r->base.size = all;
		return 0;
	}
	if (call->status != 200)
		return s3_odd_answer(r, call, err);
	r->base.size = r->first_size; /* all of it, range or not */
	return 0;
}

static int get_first(struct s3_store *s, size_t n, struct s3_reader *r, struct err *err)
{
	char range[S3_FIELD_MAX];
	struct s3_call call = { .method = "GET",
		                .key = r->key,
		                .permission = "s3:GetObject",
		                .fields = { range },
		                .room = n,
		                .answers = S3_OR_ABSENT | S3_OR_NO_RANGE };

	r->first = malloc(n);
	if (!r->first)
		return err_nomem(err, "the first bytes of a value");
	call.into = r->first;
	snprintf(range, sizeof(range), "Range: bytes=0-%zu", n - 1);
	int rc = s3_call(s->client, &call, err);
	if (!rc && call.status == 404)
		rc = 1;
	else if (!rc && call.status == 416)
		rc = look_at(s, r->key, r, err); /* a value of no bytes has no range */
	else if (!rc)
		rc = take_first(r, &call, n, err);
	s3_call_wipe(&call);
	return rc;
}

static void s3_reader_close(struct store_reader *reader)
{
	struct s3_reader *r = (struct s3_reader *)reader;

	s3_ahead_free(r->ahead);
	free(r->first);
	free(r);
}

static int s3_reader_read(struct store_reader *reader, uint64_t offset, void *buf,
                          size_t n, struct err *err);

static const struct store_reader_ops s3_reader_ops = {
	.read = s3_reader_read,
	.close = s3_reader_close,
};

static int s3_store_get(struct store *store, const char *key, size_t want,
                        struct store_reader **out, struct err *err)
{
	struct s3_store *s = (struct s3_store *)store;
	struct s3_reader *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return err_nomem(err, "a reader");
	r->base.ops = &s3_reader_ops;
	r->store = s;
	memcpy(r->key, key, strlen(key) + 1);
	if (want)
		rc = get_first(s, want < FIRST_MAX ? want : FIRST_MAX, r, err);
	else
		rc = look_at(s, key, r, err);
	if (!rc) {
		r->ahead = s3_ahead_new(s, r->first_size ? r->first_size : UINT64_MAX);
		rc = r->ahead ? 0 : err_nomem(err, "a reader");
	}
	if (rc) {
		s3_reader_close(&r->base);
		return rc;
	}
	/* Little of what was made room for may have come. */
	uint8_t *less = r->first_size ? realloc(r->first, r->first_size) : NULL;
	if (less)
		r->first = less;
	*out = &r->base;
	return 0;
}

/* ---------------------------------------------------------------- read */

static int s3_reader_read(struct store_reader *reader, uint64_t offset, void *buf,
                          size_t n, struct err *err)
{
	struct s3_reader *r = (struct s3_reader *)reader;
	uint8_t *to = buf;

	if (offset > r->base.size || n > r->base.size - offset)
		return err_set(err, ERR_DAMAGED,
		               "store %s: %s has %llu bytes, too few to read %zu at %llu",
		               r->store->base.name, r->key,
		               (unsigned long long)r->base.size, n,
		               (unsigned long long)offset);
	if (n && offset < r->first_size) {
		size_t have = r->first_size - (size_t)offset;
		size_t take = n < have ? n : have;
		memcpy(to, r->first + offset, take);
		to += take;
		offset += take;
		n -= take;
	}
	return n ? s3_ahead_read(r, offset, to, n, err) : 0;
}

/* ---------------------------------------------------------------- remove, open */

/* In a bucket with versions a DELETE makes one more, and says so. */
static void note_versions(struct s3_store *s, const struct http_reply *reply)
{
	char version[S3_ETAG_MAX];

	if (!http_reply_field(reply, "x-amz-version-id", version, sizeof(version)) ||
	    strcmp(version, "null") == 0)
		return;
	pthread_mutex_lock(&s->lock);
	s->base.keeps_versions = true;
	pthread_mutex_unlock(&s->lock);
}

/* The service does not say whether there was anything to delete. */
static int s3_store_remove(struct store *store, const char *key, struct err *err)
{
	struct s3_store *s = (struct s3_store *)store;
	struct s3_call call = { .method = "DELETE",
		                .key = key,
		                .permission = "s3:DeleteObject",
		                .answers = S3_OR_ABSENT };
	int rc = s3_store_look(s, key, err);

	if (rc)
		return rc;
	rc = s3_call(s->client, &call, err);
	if (!rc)
		note_versions(s, call.reply);
	s3_call_wipe(&call);
	return rc;
}

static void s3_store_close(struct store *store)
{
	struct s3_store *s = (struct s3_store *)store;

	s3_client_free(s->client);
	s3_buffers_free(s);
	pthread_cond_destroy(&s->learned);
	pthread_cond_destroy(&s->freed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static const struct store_ops s3_store_ops = {
	.get = s3_store_get,
	.put = s3_store_put,
	.put_hint = s3_store_put_hint,
	.list = s3_store_list,
	.remove = s3_store_remove,
	.set_aside = s3_store_set_aside,
	.list_left = s3_store_list_left,
	.remove_left = s3_store_remove_left,
	.close = s3_store_close,
};

int store_s3_open(const struct s3_options *options, struct s3_keyring *keyring,
                  struct store **out, struct err *err)
{
	struct s3_store *s = calloc(1, sizeof(*s));

	if (!s)
		return err_nomem(err, "a store in a bucket");
	int rc = s3_client_new(options, keyring, &s->client, err);
	if (rc) {
		free(s);
		return rc;
	}
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->freed, NULL);
	pthread_cond_init(&s->learned, NULL);
	s->turns = S3_TURNS;
	s->spares = S3_SPARES;
	s->aheads = S3_AHEADS;
	s->condition = S3_CONDITION_UNTRIED;
	s->base = (struct store){ .ops = &s3_store_ops,
		                  .inflight = S3_INFLIGHT,
		                  .remote = true,
		                  .name = s3_client_name(s->client) };
	*out = &s->base;
	return 0;
}
