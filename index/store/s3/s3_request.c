/* A call's request: its URL, its fields, and what proves that it is ours. */
#include <ctype.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "codec/common/err.h"
#include "codec/common/md5.h"
#include "codec/common/sha256.h"
#include "index/store/s3/s3_client_private.h"

enum { FIELDS_ROOM = 1024, FIELD_ROOM = 64 }; /* bytes, of values without a bound aside */

_Static_assert(3 + S3_DEMANDS + S3_CALL_FIELDS + 1 <= S3_FIELDS_MAX,
               "all that is signed has room");

/* ---------------------------------------------------------------- signing */

static bool hash_body(struct s3_call *call)
{
	struct sha256 *h;
	struct oid sum;

	if (call->payload[0])
		return true;
	if (!call->pieces) {
		strcpy(call->payload, S3_EMPTY_SHA256);
		return true;
	}
	h = sha256_new();
	if (!h)
		return false;
	for (unsigned i = 0; i < call->pieces; i++)
		sha256_add(h, call->body[i].bytes, call->body[i].size);
	sha256_finish(h, &sum);
	oid_format(&sum, call->payload);
	sha256_free(h);
	return true;
}

static void make_url(const struct s3_client *c, struct s3_call *call, struct buf *path)
{
	buf_add_str(path, c->endpoint.path);
	buf_add_u8(path, '/');
	if (call->key) {
		s3_encode_path(c->prefix, path);
		s3_encode_path(call->key, path);
	}
	call->url.size = 0;
	buf_addf(&call->url, "%s%s%s%s", c->endpoint.origin, buf_text(path),
	         call->query ? "?" : "", call->query ? call->query : "");
	call->url.failed = call->url.failed || path->failed;
	call->x.request.url = buf_text(&call->url);
}

/* Fields as lines, each with its NUL, in one buffer. */
static void add_line(struct s3_call *call, const char *name, const char *value)
{
	buf_addf(&call->fields_text, "%s: %s", name, value);
	buf_add_u8(&call->fields_text, 0);
}

bool s3_request_puts(const struct s3_call *call)
{
	return strcmp(call->method, "PUT") == 0 || strcmp(call->method, "POST") == 0;
}

bool s3_request_makes(const struct s3_call *call)
{
	if (strcmp(call->method, "PUT") == 0)
		return !call->query;
	return strcmp(call->method, "POST") == 0 && call->query &&
	       strcmp(call->query, "uploads=") == 0;
}

/* The fields that are signed, as they are sent. */
struct signed_fields {
	struct s3_field list[S3_FIELDS_MAX];
	unsigned count;
	char names[S3_CALL_FIELDS][S3_FIELD_MAX]; /* of the caller's */
};

static void add_signed(struct signed_fields *f, const char *name, const char *value)
{
	f->list[f->count++] = (struct s3_field){ name, value };
}

/* Those of the caller that AWS wants signed: "x-amz-copy-source: /bucket/key". */
static void add_callers(struct signed_fields *f, const struct s3_call *call)
{
	for (unsigned i = 0; i < S3_CALL_FIELDS && call->fields[i]; i++) {
		const char *line = call->fields[i];
		size_t n = strcspn(line, ":");
		if (strncasecmp(line, "x-amz-", 6) != 0 || line[n] != ':' ||
		    n >= S3_FIELD_MAX)
			continue;
		for (size_t k = 0; k < n; k++)
			f->names[i][k] = (char)tolower((unsigned char)line[k]);
		f->names[i][n] = 0;
		add_signed(f, f->names[i], line + n + 1);
	}
}

static void add_authorization(const struct s3_client *c, struct s3_call *call,
                              struct signed_fields *f, const char *path)
{
	const struct s3_keys *keys = s3_credentials_keys(call->keys);
	struct buf value = BUF_INIT;

	if (keys->token)
		add_signed(f, "x-amz-security-token", keys->token);
	struct s3_to_sign what = { call->method, path,    call->query ? call->query : "",
		                   c->region,    "s3",    call->payload,
		                   f->list,      f->count };
	s3_sign(&what, keys, call->amz_date, &value);
	add_line(call, "Authorization", buf_text(&value));
	call->fields_text.failed = call->fields_text.failed || value.failed;
	if (keys->token)
		add_line(call, "x-amz-security-token", keys->token);
	buf_wipe(&value);
}

/* All but the MD5, which is not signed. */
static void add_fields(const struct s3_client *c, struct s3_call *call, const char *path)
{
	struct signed_fields f = { .count = 0 };

	add_signed(&f, "host", c->endpoint.host);
	add_signed(&f, "x-amz-content-sha256", call->payload);
	add_signed(&f, "x-amz-date", call->amz_date);
	f.count += s3_demands_fields(&c->demands,
	                             s3_request_makes(call) ? S3_DEMANDS_OF_MAKING
	                                                    : S3_DEMANDS_OF_ALL,
	                             f.list + f.count);
	for (unsigned i = 0; i < f.count; i++)
		add_line(call, f.list[i].name, f.list[i].value);
	add_callers(&f, call);
	if (call->keys)
		add_authorization(c, call, &f, path);
}

/* What the service checks is the SHA-256, which is signed; this is for those who will
 * not do without. */
static int add_md5(struct s3_call *call)
{
	struct md5_piece pieces[HTTP_PIECES_MAX];
	char text[MD5_BASE64 + 1];

	for (unsigned i = 0; i < call->pieces; i++)
		pieces[i] = (struct md5_piece){ call->body[i].bytes, call->body[i].size };
	if (!md5_base64(pieces, call->pieces, text))
		return err_set(
			&call->why, ERR_CONFIG,
			"the service demands Content-MD5 (Object Lock), and MD5 is "
			"not to be had on this machine: is OpenSSL in FIPS mode?");
	add_line(call, "Content-MD5", text);
	call->with_md5 = true;
	return 0;
}

void s3_request_wipe(struct s3_call *call)
{
	if (call->fields_text.data)
		explicit_bzero(call->fields_text.data, call->fields_text.cap);
	buf_wipe(&call->fields_text);
}

static void point_at_lines(struct s3_call *call)
{
	const char *at = (const char *)call->fields_text.data;
	const char *end = at + call->fields_text.size;
	size_t n = 0;

	for (; at < end; at += strlen(at) + 1)
		call->lines[n++] = at;
	for (size_t i = 0; i < S3_CALL_FIELDS && call->fields[i]; i++)
		call->lines[n++] = call->fields[i];
	call->lines[n] = NULL;
	call->x.request.fields = call->lines;
}

/* Room at once, so that growing leaves no copy of a token behind. */
static size_t fields_room(const struct s3_client *c, const struct s3_call *call)
{
	const char *token = call->keys ? s3_credentials_keys(call->keys)->token : NULL;
	size_t room = FIELDS_ROOM + (token ? strlen(token) : 0);

	for (int i = 0; i < S3_DEMANDS; i++)
		if (c->demands.value[i])
			room += FIELD_ROOM + strlen(c->demands.value[i]);
	return room;
}

int s3_request_make(struct s3_client *c, struct s3_call *call)
{
	struct buf path = BUF_INIT;
	int rc = 0;

	s3_request_wipe(call);
	if (c->keyring && !call->keys)
		rc = c->keyring->ops->take(c->keyring, NULL, &call->keys, &call->why);
	if (rc)
		return rc;
	s3_date(time(NULL) + atomic_load(&c->clock_offset), call->amz_date);
	bool ok = hash_body(call);
	make_url(c, call, &path);
	ok = ok && buf_reserve(&call->fields_text, fields_room(c, call));
	add_fields(c, call, buf_text(&path));
	if (atomic_load(&c->wants_md5) && s3_request_puts(call))
		rc = add_md5(call);
	if (!rc && (!ok || call->url.failed || call->fields_text.failed))
		rc = err_nomem(&call->why, "a request");
	if (!rc)
		point_at_lines(call);
	buf_wipe(&path);
	return rc;
}
