#include "index/store/s3/s3_endpoint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { BUCKET_MIN = 3, BUCKET_MAX = 63, REGION_MAX = 63, HOST_MAX = 253 };

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

void s3_endpoint_wipe(struct s3_endpoint *e)
{
	free(e->origin);
	free(e->host);
	free(e->path);
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

static int parse_url(const char *url, struct s3_endpoint *e, struct authority *a,
                     struct err *err)
{
	const char *rest = strstr(url, "://");

	e->tls = strncmp(url, "https://", 8) == 0;
	if (!rest || (!e->tls && strncmp(url, "http://", 7) != 0))
		return err_set(err, ERR_CONFIG,
		               "the endpoint '%s' must begin with https:// or http://",
		               url);
	rest += 3;
	size_t n = strcspn(rest, "/?#");
	if (!parse_authority(rest, n, a) || (rest[n] && strcmp(rest + n, "/") != 0))
		return err_set(err, ERR_CONFIG,
		               "the endpoint '%s' is not of the form "
		               "https://<host>[:<port>]",
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

int s3_endpoint_make(const char *url, const char *region, const char *bucket,
                     enum s3_addressing addressing, struct s3_endpoint *out,
                     struct err *err)
{
	struct s3_endpoint e = { 0 };
	struct buf host = BUF_INIT, origin = BUF_INIT, path = BUF_INIT;
	struct authority a;

	int rc = url && *url ? parse_url(url, &e, &a, err)
	                     : aws_authority(region, &e, &a, err);
	if (rc)
		return rc;
	e.loopback = is_loopback(a.host);
	e.aws = is_aws(a.host);
	bool in_host = addressing == S3_VIRTUAL ||
	               (addressing == S3_AUTO && e.aws && is_label(bucket));
	if (in_host)
		buf_addf(&host, "%s.", bucket);
	else
		buf_addf(&path, "/%s", bucket);
	buf_addf(&host, "%s%s%s", a.host, a.port[0] ? ":" : "", a.port);
	buf_addf(&origin, "%s://%s", e.tls ? "https" : "http", buf_text(&host));
	e.host = text_of(&host);
	e.origin = text_of(&origin);
	e.path = text_of(&path);
	if (!e.host || !e.origin || !e.path) {
		s3_endpoint_wipe(&e);
		return err_nomem(err, "an endpoint");
	}
	*out = e;
	return 0;
}
