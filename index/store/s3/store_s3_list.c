/* Listing a bucket, page by page. */
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/store/s3/store_s3_private.h"

enum { PAGE_MAX = 16 * 1024 * 1024 }; /* bytes of a page; a thousand keys fit well */

struct listing {
	const struct s3_store *store;
	store_each_fn *each;
	void *ctx;
	size_t prefix_size;    /* of the store's own prefix, in front of every key */
	char last[S3_KEY_MAX]; /* what was told, to see that the order is right */
	char token[S3_TOKEN_MAX];
	int stopped;    /* what `each` returned */
	struct err err; /* our own */
};

static int tell(void *ctx, const struct s3_listed *listed)
{
	struct listing *l = ctx;
	struct store_entry entry = { .size = listed->size, .mtime = listed->mtime };

	if (strlen(listed->key) < l->prefix_size)
		return 0;
	entry.key = listed->key + l->prefix_size;
	if (!key_valid(entry.key))
		return 0;
	if (strcmp(listed->key, l->last) <= 0)
		return err_set(
			&l->err, ERR_IO,
			"store %s: the service lists keys out of order ('%s' after "
			"'%s'); a directory bucket cannot be a store",
			l->store->base.name, entry.key, l->last);
	strcpy(l->last, listed->key);
	l->stopped = l->each(l->ctx, &entry);
	return l->stopped;
}

static void make_query(const struct s3_store *s, const char *prefix, const char *token,
                       struct buf *out)
{
	if (*token) {
		buf_add_str(out, "continuation-token=");
		s3_encode(token, out);
		buf_add_u8(out, '&');
	}
	buf_add_str(out, "list-type=2&max-keys=1000&prefix=");
	s3_encode(s3_client_prefix(s->client), out);
	s3_encode(prefix, out);
}

/* One page. *more when another follows. */
static int list_page(struct s3_store *s, const char *prefix, struct listing *l,
                     struct s3_page *page, struct err *err)
{
	struct buf query = BUF_INIT;
	struct s3_call call = { .method = "GET",
		                .permission = "s3:ListBucket",
		                .body_max = PAGE_MAX };

	make_query(s, prefix, l->token, &query);
	call.query = buf_text(&query);
	int rc = query.failed ? err_nomem(err, "a query")
	                      : s3_call(s->client, &call, err);
	if (!rc) {
		rc = s3_page_parse(call.reply->body.data, call.reply->body.size, tell, l,
		                   page);
		if (rc && l->err.code)
			err_set(err, rc, "%s", l->err.text);
		else if (rc && !l->stopped)
			err_set(err, rc,
			        "store %s: the service's listing is not readable",
			        s->base.name);
	}
	s3_call_wipe(&call);
	buf_wipe(&query);
	return rc;
}

int s3_store_list(struct store *store, const char *prefix, store_each_fn *each, void *ctx,
                  struct err *err)
{
	struct s3_store *s = (struct s3_store *)store;
	struct listing *l = calloc(1, sizeof(*l));
	struct s3_page *page = calloc(1, sizeof(*page));
	int rc = 0;

	if (!l || !page) {
		rc = err_nomem(err, "a listing");
		goto out;
	}
	l->store = s;
	l->each = each;
	l->ctx = ctx;
	l->prefix_size = strlen(s3_client_prefix(s->client));
	do {
		rc = list_page(s, prefix, l, page, err);
		if (!rc && page->more &&
		    (!page->token[0] || !strcmp(page->token, l->token)))
			rc = err_set(err, ERR_IO,
			             "store %s: the service's listing does not go on",
			             s->base.name);
		strcpy(l->token, page->token);
	} while (!rc && page->more);
out:
	free(page);
	free(l);
	return rc;
}
