#include "index/store/s3/s3_endpoint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/store/s3/s3_sign.h"

enum {
	BUCKET_MIN = 3,
	BUCKET_MAX = 63,
	REGION_MAX = 63,
	HOST_MAX = 253,
	BASE_MAX = 1024 /* bytes of an endpoint's path */
};

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

void s3_endpoint_wipe(struct s3_endpoint *e)
{
	free(e->origin);
	free(e->host);
	free(e->base);
	free(e->path);
	free(e->url);
	*e = (struct s3_endpoint){ 0 };
}

bool s3_bucket_valid(const char *name)
{
	size_t n = strlen(name);

	return n >= BUCKET_MIN && n <= BUCKET_MAX && name[0] != '.' && name[0] != '-' &&
	       strspn(name, LOWER UPPER DIGITS ".-_") == n && !strstr(name, "..");
}

bool s3_region_valid(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= REGION_MAX && strspn(name, LOWER UPPER DIGITS "-") == n;
}

/* A bucket's name that is one label of a host's: TLS certificates cover no more. */
static bool is_label(const char *bucket)
{
	return strspn(bucket, LOWER DIGITS "-") == strlen(bucket);
}

/* "host[:port]" cut at what ends it. */
struct authority {
	char host[HOST_MAX + 3]; /* lower case; "[::1]" with its brackets */
	char port[6];            /* "": the scheme's own */
};

static bool parse_authority(const char *text, size_t n, struct authority *a)
{
	size_t host = 0;

	if (n && text[0] == '[') {
		const char *close = memchr(text, ']', n);
		host = close ? (size_t)(close + 1 - text) : 0;
		if (host < 3 || strspn(text + 1, DIGITS "abcdefABCDEF:.") != host - 2)
			return false;
	} else {
		host = strspn(text, LOWER UPPER DIGITS ".-_");
	}
	if (host == 0 || host > n || host >= sizeof(a->host))
		return false;
	for (size_t i = 0; i < host; i++)
		a->host[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 32)
		                                              : text[i];
	a->host[host] = 0;
	a->port[0] = 0;
	if (host == n)
		return true;
	size_t digits = n - host - 1;
	if (text[host] != ':' || digits == 0 || digits >= sizeof(a->port) ||
	    strspn(text + host + 1, DIGITS) < digits)
		return false;
	memcpy(a->port, text + host + 1, digits);
	a->port[digits] = 0;
	return atoi(a->port) > 0 && atoi(a->port) < 65536;
}

/* 127.x.y.z, [::1], localhost and what is below it (RFC 6761). */
static bool is_loopback(const char *host)
{
	size_t n = strlen(host), m = strlen(".localhost");

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	if (n > m && strcmp(host + n - m, ".localhost") == 0)
		return true;
	return strncmp(host, "127.", 4) == 0 && strspn(host, DIGITS ".") == n;
}

static bool is_aws(const char *host)
{
	static const char *const ends[] = { ".amazonaws.com", ".amazonaws.com.cn" };

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(host), m = strlen(ends[i]);
		if (n > m && strcmp(host + n - m, ends[i]) == 0)
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------- the endpoint's path */

/* The byte that `at` means, and *used the bytes that say it; -1 for half an escape. */
static int path_byte(const char *at, size_t *used)
{
	char digits[2];
	uint8_t byte;

	*used = 1;
	if (*at != '%')
		return (uint8_t)*at;
	for (size_t i = 0; i < 2; i++) {
		digits[i] = at[1 + i];
		if (digits[i] >= 'A' && digits[i] <= 'F')
			digits[i] = (char)(digits[i] | 32);
		if (!digits[i])
			return -1;
	}
	*used = 3;
	return hex_parse(digits, 1, &byte) ? byte : -1;
}

/* The segment at `at`, which ends at a slash or with the text, encoded as S3 wants it
 * signed: so that escapes of what needs none do not count. An escaped slash is not one. */
static bool encode_segment(const char *at, size_t n, struct buf *out)
{
	size_t start = out->size, used;

	for (size_t i = 0; i < n; i += used) {
		int byte = path_byte(at + i, &used);
		char text[2] = { (char)byte, 0 };
		if (byte < 32 || byte == 127)
			return false;
		s3_encode(text, out);
	}
	size_t dots = out->size - start;
	return out->failed || dots == 0 || dots > 2 ||
	       memcmp(out->data + start, "..", dots) != 0;
}

/* The path of an endpoint from its first slash on; false when it cannot be one. */
static bool encode_base(const char *path, struct buf *out)
{
	size_t n = strlen(path);

	while (n && path[n - 1] == '/')
		n--;
	for (size_t i = 0; i < n;) {
		size_t segment = strcspn(path + i + 1, "/");
		buf_add_u8(out, '/');
		if (!encode_segment(path + i + 1, segment, out))
			return false;
		i += 1 + segment;
	}
	return n <= BASE_MAX;
}

static int parse_url(const char *url, struct s3_endpoint *e, struct authority *a,
                     struct buf *base, struct err *err)
{
	const char *rest = strstr(url, "://");

	e->tls = strncmp(url, "https://", 8) == 0;
	if (!rest || (!e->tls && strncmp(url, "http://", 7) != 0))
		return err_set(err, ERR_CONFIG,
		               "the endpoint '%s' must begin with https:// or http://",
		               url);
	rest += 3;
	size_t n = strcspn(rest, "/?#");
	if (!parse_authority(rest, n, a) || strpbrk(rest + n, "?#") ||
	    !encode_base(rest + n, base))
		return err_set(err, ERR_CONFIG,
		               "the endpoint '%s' is not of the form "
		               "https://<host>[:<port>][/<path>]",
		               url);
	if (strcmp(a->port, e->tls ? "443" : "80") == 0)
		a->port[0] = 0;
	return 0;
}

static int aws_authority(const char *region, struct s3_endpoint *e, struct authority *a,
                         struct err *err)
{
	const char *end = strncmp(region, "cn-", 3) == 0 ? ".cn" : "";
	struct buf host = BUF_INIT;

	buf_addf(&host, "s3.%s.amazonaws.com%s", region, end);
	bool failed = host.failed || host.size >= sizeof(a->host);
	if (!failed)
		strcpy(a->host, buf_text(&host));
	buf_wipe(&host);
	a->port[0] = 0;
	e->tls = true;
	return failed ? err_nomem(err, "an endpoint") : 0;
}

static char *text_of(struct buf *b)
{
	const char *text = buf_text(b);
	char *copy = b->failed ? NULL : strdup(text);

	buf_wipe(b);
	return copy;
}

/* Certificates and names of hosts speak for `bucket.host`, not for a path below it. */
static int no_virtual(const char *url, struct err *err)
{
	return err_set(
		err, ERR_CONFIG,
		"the endpoint '%s' has a path, so a bucket cannot stand in front of "
		"its host: set zllm.s3.addressing to path (or addressing_style of "
		"the AWS profile)",
		url);
}

/* The texts of *e, of which `base` is there. */
static int make_texts(struct s3_endpoint *e, const struct authority *a,
                      const char *bucket, bool in_host, struct err *err)
{
	struct buf host = BUF_INIT, origin = BUF_INIT, path = BUF_INIT, url = BUF_INIT;
	const char *colon = a->port[0] ? ":" : "", *scheme = e->tls ? "https" : "http";

	if (in_host)
		buf_addf(&host, "%s.", bucket);
	else
		buf_addf(&path, "%s/%s", e->base, bucket);
	buf_addf(&host, "%s%s%s", a->host, colon, a->port);
	buf_addf(&origin, "%s://%s", scheme, buf_text(&host));
	buf_addf(&url, "%s%s", buf_text(&origin), e->base);
	e->host = text_of(&host);
	e->origin = text_of(&origin);
	e->path = text_of(&path);
	e->url = text_of(&url);
	return e->host && e->origin && e->path && e->url ? 0
	                                                 : err_nomem(err, "an endpoint");
}

int s3_endpoint_make(const struct s3_place *place, struct s3_endpoint *out,
                     struct err *err)
{
	struct s3_endpoint e = { 0 };
	struct buf base = BUF_INIT;
	struct authority a;

	int rc = place->url && *place->url ? parse_url(place->url, &e, &a, &base, err)
	                                   : aws_authority(place->region, &e, &a, err);
	if (!rc && base.size && place->addressing == S3_VIRTUAL)
		rc = no_virtual(place->url, err);
	e.base = text_of(&base);
	if (!rc && !e.base)
		rc = err_nomem(err, "an endpoint");
	if (!rc) {
		e.loopback = is_loopback(a.host);
		e.aws = is_aws(a.host);
		bool in_host = place->addressing == S3_VIRTUAL ||
		               (place->addressing == S3_AUTO && e.aws && !*e.base &&
		                is_label(place->bucket));
		rc = make_texts(&e, &a, place->bucket, in_host, err);
	}
	if (rc) {
		s3_endpoint_wipe(&e);
		return rc;
	}
	*out = e;
	return 0;
}
