#include "index/store/s3/http_exchange.h"

#include <ctype.h>
#include <string.h>

enum {
	FIELDS_MAX = 64 * 1024,    /* bytes of a reply's fields */
	ERROR_BODY_MAX = 64 * 1024 /* bytes of an error's text that are of use */
};

void http_exchange_rewind(struct http_exchange *x)
{
	x->piece = 0;
	x->piece_at = 0;
}

size_t http_exchange_send(struct http_exchange *x, char *to, size_t room)
{
	const struct http_request *q = &x->request;
	size_t used = 0;

	while (used < room && x->piece < q->pieces) {
		const struct http_piece *p = &q->body[x->piece];
		size_t n = p->size - x->piece_at;
		if (n > room - used)
			n = room - used;
		if (n)
			memcpy(to + used, (const char *)p->bytes + x->piece_at, n);
		used += n;
		x->piece_at += n;
		if (x->piece_at == p->size) {
			x->piece++;
			x->piece_at = 0;
		}
	}
	return used;
}

static bool refuse(struct http_exchange *x)
{
	x->too_large = true;
	return false;
}

static bool take_into(struct http_exchange *x, const char *bytes, size_t n)
{
	struct http_reply *r = &x->reply;

	if (n > x->request.room - r->got)
		return refuse(x);
	memcpy((char *)x->request.into + r->got, bytes, n);
	r->got += n;
	return true;
}

static bool take_error(struct http_exchange *x, const char *bytes, size_t n)
{
	struct buf *body = &x->reply.body;

	if (body->size >= ERROR_BODY_MAX)
		return refuse(x);
	size_t keep = ERROR_BODY_MAX - body->size;
	buf_add(body, bytes, n < keep ? n : keep);
	return true;
}

bool http_exchange_take_body(struct http_exchange *x, long status, const char *bytes,
                             size_t n)
{
	struct buf *body = &x->reply.body;

	if (x->request.into && (status == 200 || status == 206))
		return take_into(x, bytes, n);
	if (status < 200 || status >= 300)
		return take_error(x, bytes, n);
	if (n > x->request.body_max - body->size)
		return refuse(x);
	buf_add(body, bytes, n);
	return !body->failed;
}

bool http_exchange_take_field(struct http_exchange *x, const char *bytes, size_t n)
{
	struct buf *fields = &x->reply.fields;
	size_t end = n;

	if (n >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
		fields->size = 0; /* what came with a 100 is not part of the answer */
		return true;
	}
	while (end && (bytes[end - 1] == '\r' || bytes[end - 1] == '\n'))
		end--;
	const char *colon = memchr(bytes, ':', end);
	if (!colon)
		return true;
	if (fields->size + n > FIELDS_MAX)
		return refuse(x);
	for (const char *p = bytes; p < colon; p++)
		buf_add_u8(fields, (uint8_t)tolower((unsigned char)*p));
	buf_add(fields, colon, end - (size_t)(colon - bytes));
	buf_add_u8(fields, '\n');
	return !fields->failed;
}

bool http_reply_field(const struct http_reply *r, const char *name, char *value,
                      size_t room)
{
	size_t n = strlen(name), at = 0;

	while (at < r->fields.size) {
		const char *line = (const char *)r->fields.data + at;
		const char *end = memchr(line, '\n', r->fields.size - at);
		if (!end)
			return false;
		size_t size = (size_t)(end - line);
		at += size + 1;
		if (size <= n || memcmp(line, name, n) != 0 || line[n] != ':')
			continue;
		const char *from = line + n + 1;
		while (from < end && (*from == ' ' || *from == '\t'))
			from++;
		size = (size_t)(end - from);
		if (size >= room)
			return false;
		memcpy(value, from, size);
		value[size] = 0;
		return true;
	}
	return false;
}

void http_reply_wipe(struct http_reply *r)
{
	buf_wipe(&r->fields);
	buf_wipe(&r->body);
	*r = (struct http_reply){ 0 };
}
