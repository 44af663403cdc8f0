/* Listing a bucket, page by page. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/store/s3/store_s3_private.h"

enum { PAGE_MAX = 16 * 1024 * 1024 }; /* bytes of a page; a thousand keys fit well */

struct listing {
	const struct s3_store *store;
	store_each_fn *each;
	void *ctx;
	const char *asked;     /* all that is listed begins with it */
	size_t prefix_size;    /* of the store's own prefix, in front of every key */
	struct s3_page page;   /* the one that is read */
	char last[S3_KEY_MAX]; /* what was told, to see that the order is right */
	char at[S3_KEY_MAX];   /* the last key of the listing, ours or not */
	char from
		[S3_KEY_MAX]; /* after it this page began; "": by a token, or the first */
	char token[S3_TOKEN_MAX];
	int stopped;    /* what `each` returned */
	struct err err; /* our own */
};

/* ---------------------------------------------------------------- keys as they are listed */

enum spelling {
	SPELT_PLAIN, /* as it is */
	SPELT_URL,   /* %XX */
	SPELT_FORM   /* %XX, and '+' for a blank: so does AWS where it is asked */
};

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) % 16 : -1;
}

/* False where the text is not spelt so. */
static bool read_spelt(const char *text, enum spelling spelling, char key[S3_KEY_MAX])
{
	char *to = key;

	for (; *text; text++) {
		*to++ = spelling == SPELT_FORM && *text == '+' ? ' ' : *text;
		if (*text != '%' || spelling == SPELT_PLAIN)
			continue;
		int high = hex_digit(text[1]), low = high < 0 ? -1 : hex_digit(text[2]);
		if (low < 0 || high + low == 0)
			return false;
		to[-1] = (char)(high * 16 + low);
		text += 2;
	}
	*to = 0;
	return true;
}

/* Takes what pretty printers and some gateways put around a key off it. */
static void strip(char key[S3_KEY_MAX])
{
	static const char blanks[] = " \t\r\n";
	size_t skip = strspn(key, blanks), n;

	skip += key[skip] == '/';
	n = strlen(key + skip);
	while (n && strchr(blanks, key[skip + n - 1]))
		n--;
	memmove(key, key + skip, n);
	key[n] = 0;
}

static bool begins(const char *key, const char *with)
{
	return strncmp(key, with, strlen(with)) == 0;
}

/* The key that the service means: services escape keys that nobody asked to have escaped,
 * and not all say so. It is one that begins as was asked. */
static bool understand(const struct listing *l, const char *text, char key[S3_KEY_MAX])
{
	static const enum spelling ways[2][3] = { { SPELT_PLAIN, SPELT_URL, SPELT_FORM },
		                                  { SPELT_FORM, SPELT_URL,
		                                    SPELT_PLAIN } };

	for (int i = 0; i < 3; i++) {
		if (!read_spelt(text, ways[l->page.encoded][i], key))
			continue;
		if (begins(key, l->asked))
			return true;
		strip(key);
		if (begins(key, l->asked))
			return true;
	}
	return false;
}

static int tell(void *ctx, const struct s3_listed *listed)
{
	struct listing *l = ctx;
	struct store_entry entry = { .size = listed->size,
		                     .mtime = listed->mtime,
		                     .since = listed->mtime };

	if (!understand(l, listed->key, l->at))
		return err_set(&l->err, ERR_IO,
		               "store %s: the service lists keys that do not begin with "
		               "'%s', as was asked: such a service cannot be a store",
		               l->store->base.name, l->asked);
	entry.key = l->at + l->prefix_size;
	if (!key_valid(entry.key))
		return 0;
	if (strcmp(l->at, l->last) <= 0)
		return err_set(
			&l->err, ERR_IO,
			"store %s: the service lists keys out of order ('%s' after "
			"'%s'); a directory bucket cannot be a store",
			l->store->base.name, entry.key, l->last);
	strcpy(l->last, l->at);
	l->stopped = l->each(l->ctx, &entry);
	return l->stopped;
}

/* ---------------------------------------------------------------- pages */

static void add_pair(struct buf *query, const char *name, const char *value)
{
	buf_addf(query, "%s%s=", query->size ? "&" : "", name);
	s3_encode(value, query);
}

/* Names in the order that signing wants. */
static void make_query(const struct listing *l, struct buf *out)
{
	bool by_marker = *l->from && l->page.by_marker;

	if (*l->token)
		add_pair(out, "continuation-token", l->token);
	if (!by_marker)
		add_pair(out, "list-type", "2");
	else
		add_pair(out, "marker", l->from);
	add_pair(out, "max-keys", "1000");
	add_pair(out, "prefix", l->asked);
	if (*l->from && !by_marker)
		add_pair(out, "start-after", l->from);
}

static int list_page(struct s3_store *s, struct listing *l, struct err *err)
{
	struct buf query = BUF_INIT;
	struct s3_call call = { .method = "GET",
		                .permission = "s3:ListBucket",
		                .body_max = PAGE_MAX };

	make_query(l, &query);
	call.query = buf_text(&query);
	int rc = query.failed ? err_nomem(err, "a query")
	                      : s3_call(s->client, &call, err);
	if (!rc) {
		rc = s3_page_parse(call.reply->body.data, call.reply->body.size, tell, l,
		                   &l->page);
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

/* Where the next page begins: at a token, or after a key where the service names none.
 * False when that is where this one began. */
static bool turn_page(struct listing *l)
{
	char marker[S3_KEY_MAX];
	const char *from = l->at;

	if (*l->page.token) {
		bool other = strcmp(l->page.token, l->token) != 0;
		strcpy(l->token, l->page.token);
		l->from[0] = 0;
		return other;
	}
	if (*l->page.marker && understand(l, l->page.marker, marker))
		from = marker;
	bool other = strcmp(from, l->from) > 0;
	strcpy(l->from, from);
	l->token[0] = 0;
	return other;
}

int s3_store_list(struct store *store, const char *prefix, store_each_fn *each, void *ctx,
                  struct err *err)
{
	struct s3_store *s = (struct s3_store *)store;
	struct listing *l = calloc(1, sizeof(*l));
	struct buf asked = BUF_INIT;
	int rc = 0;

	buf_addf(&asked, "%s%s", s3_client_prefix(s->client), prefix);
	const char *text = buf_text(&asked);
	if (!l || asked.failed) {
		rc = err_nomem(err, "a listing");
		goto out;
	}
	l->store = s;
	l->each = each;
	l->ctx = ctx;
	l->asked = text;
	l->prefix_size = strlen(s3_client_prefix(s->client));
	do {
		rc = list_page(s, l, err);
		if (!rc && l->page.more && !turn_page(l))
			rc = err_set(err, ERR_IO,
			             "store %s: the service's listing does not go on",
			             s->base.name);
	} while (!rc && l->page.more);
out:
	buf_wipe(&asked);
	free(l);
	return rc;
}
