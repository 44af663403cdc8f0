/*
 * What killed writers leave in a bucket: parts of uploads that nobody will complete. A
 * service that cannot list them has its own way with them (docs/store.md, "A bucket").
 *
 * A name is "<key>?uploadId=<id>".
 */
#include <stdio.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/s3/s3_sign.h"
#include "index/store/s3/s3_uploads.h"
#include "index/store/s3/store_s3_private.h"

#define BY_ID "?uploadId="

enum { PAGE_MAX = 16 * 1024 * 1024 }; /* bytes of a page; a thousand uploads fit well */

struct sweep {
	const struct s3_store *store;
	store_left_fn *each;
	void *ctx;
	int stopped; /* what `each` returned */
};

static int tell(void *ctx, const struct s3_unfinished *upload)
{
	struct sweep *s = ctx;
	const char *prefix = s3_client_prefix(s->store->client);
	size_t n = strlen(prefix);
	char name[STORE_LEFT_MAX];

	/* Not all services list what was asked for alone; others' uploads are theirs. */
	if (strncmp(upload->key, prefix, n) != 0 || !key_valid(upload->key + n) ||
	    strlen(upload->key + n) >= KEY_MAX)
		return 0;
	snprintf(name, sizeof(name), "%.*s" BY_ID "%s", KEY_MAX, upload->key + n,
	         upload->id);
	const struct store_left left = { name, 0, upload->begun };
	if (upload->begun < 0)
		return 0;
	s->stopped = s->each(s->ctx, &left);
	return s->stopped;
}

static void add_pair(struct buf *query, const char *name, const char *value)
{
	buf_addf(query, "%s%s=", query->size ? "&" : "", name);
	s3_encode(value, query);
}

/* Names in the order that signing wants. */
static void make_query(const struct s3_store *s, const struct s3_uploads_page *page,
                       struct buf *out)
{
	if (*page->key_marker)
		add_pair(out, "key-marker", page->key_marker);
	add_pair(out, "prefix", s3_client_prefix(s->client));
	if (*page->id_marker)
		add_pair(out, "upload-id-marker", page->id_marker);
	add_pair(out, "uploads", "");
}

/* 0; 1 when the service lists no uploads; or negative. */
static int list_page(struct sweep *s, struct s3_uploads_page *page, struct err *err)
{
	struct buf query = BUF_INIT;
	struct s3_call call = { .method = "GET",
		                .permission = "s3:ListBucketMultipartUploads",
		                .body_max = PAGE_MAX,
		                .answers = S3_OR_ABSENT | S3_OR_NO_SUPPORT };

	make_query(s->store, page, &query);
	call.query = buf_text(&query);
	int rc = query.failed ? err_nomem(err, "a query")
	                      : s3_call(s->store->client, &call, err);
	if (!rc && call.status != 200)
		rc = 1;
	if (!rc)
		rc = s3_uploads_parse(call.reply->body.data, call.reply->body.size, tell,
		                      s, page);
	if (rc == ERR_DAMAGED && !s->stopped)
		rc = 1; /* a listing of keys, say: it took the question for another */
	s3_call_wipe(&call);
	buf_wipe(&query);
	return rc;
}

int s3_store_list_left(struct store *store, store_left_fn *each, void *ctx,
                       struct err *err)
{
	struct sweep s = { (const struct s3_store *)store, each, ctx, 0 };
	struct s3_uploads_page page = { .more = true };
	char last_key[S3_KEY_MAX], last_id[S3_UPLOAD_ID_MAX];
	int rc = 0;

	while (!rc && page.more) {
		strcpy(last_key, page.key_marker);
		strcpy(last_id, page.id_marker);
		rc = list_page(&s, &page, err);
		if (strcmp(last_key, page.key_marker) == 0 &&
		    strcmp(last_id, page.id_marker) == 0)
			break; /* it does not go on */
	}
	return s.stopped ? s.stopped : rc > 0 ? 0 : rc;
}

int s3_store_remove_left(struct store *store, const char *name, struct err *err)
{
	struct s3_store *s = (struct s3_store *)store;
	const char *id = strstr(name, BY_ID);
	char key[KEY_MAX];
	struct buf query = BUF_INIT;
	struct s3_call call = { .method = "DELETE",
		                .key = key,
		                .permission = "s3:AbortMultipartUpload",
		                .answers = S3_OR_ABSENT };

	if (!id || id - name >= KEY_MAX)
		return 1;
	snprintf(key, sizeof(key), "%.*s", (int)(id - name), name);
	if (!key_valid(key))
		return 1;
	add_pair(&query, "uploadId", id + strlen(BY_ID));
	call.query = buf_text(&query);
	int rc = query.failed ? err_nomem(err, "a query")
	                      : s3_call(s->client, &call, err);
	if (!rc && call.status == 404)
		rc = 1;
	s3_call_wipe(&call);
	buf_wipe(&query);
	return rc;
}
