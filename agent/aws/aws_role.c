#include "agent/aws/aws_role.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "agent/aws/aws_provider.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/s3/http_client.h"
#include "index/store/s3/s3_endpoint.h"

enum {
	ANSWER_MAX = 64 * 1024,
	TOKEN_MAX = 16 * 1024,
	CONNECT_SECONDS = 1,
	LIMIT_MS = 5000,
	TRIES = 2
};

#define CONTAINER_HOST "http://169.254.170.2"
#define MACHINE_HOST "http://169.254.169.254"
#define MACHINE_ROLES "/latest/meta-data/iam/security-credentials/"

/* One small request: method, URL and fields. 0 with a 200 in x->reply; 1 when nobody is there, or there is no
 * such thing; or negative. The caller wipes the reply. */
static int ask(struct http_client *c, const struct http_request *request,
               struct http_exchange *x, struct err *err)
{
	for (int i = 0; i < TRIES; i++) {
		http_reply_wipe(&x->reply);
		*x = (struct http_exchange){ .request = *request };
		x->request.body_max = ANSWER_MAX;
		x->request.limit_ms = LIMIT_MS;
		/* No growing: nothing of a secret is left behind. */
		if (!buf_reserve(&x->reply.body, ANSWER_MAX))
			return err_nomem(err, "access keys");
		http_start(c, x);
		http_wait(x);
		if (x->reply.outcome == HTTP_NO_CONNECTION)
			return 1;
		if (x->reply.outcome == HTTP_ANSWERED && x->reply.status < 500)
			break;
	}
	if (x->reply.outcome == HTTP_ANSWERED && x->reply.status == 200)
		return 0;
	if (x->reply.outcome == HTTP_ANSWERED && x->reply.status == 404)
		return 1;
	if (x->reply.outcome == HTTP_ANSWERED)
		return err_set(err, ERR_CONFIG,
		               "%s answers %d to a question for access keys",
		               request->url, x->reply.status);
	return err_set(err, ERR_IO, "%s gives no access keys: %s", request->url,
	               x->reply.why);
}

static void wipe(struct http_exchange *x)
{
	if (x->reply.body.data)
		explicit_bzero(x->reply.body.data, x->reply.body.cap);
	http_reply_wipe(&x->reply);
}

static int connect_directly(struct http_client **out, struct err *err)
{
	struct http_options options = { .connections = 1,
		                        .connect_seconds = CONNECT_SECONDS,
		                        .stall_seconds = LIMIT_MS / 1000,
		                        .no_proxy = true };

	return http_client_new(&options, out, err);
}

/* ---------------------------------------------------------------- a container */

/* Keys are asked for over https, or where nobody else can answer. */
static bool may_be_asked(const char *url)
{
	static const char *const hosts[] = { "http://169.254.170.2",
		                             "http://169.254.170.23",
		                             "http://[fd00:ec2::23]" };
	struct s3_endpoint e = { 0 };

	if (strncmp(url, "https://", 8) == 0)
		return true;
	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(hosts[i]);
		if (strncmp(url, hosts[i], n) == 0 && (!url[n] || strchr("/:", url[n])))
			return true;
	}
	if (strncmp(url, "http://", 7) != 0)
		return false;
	char *origin = strndup(url, 7 + strcspn(url + 7, "/?#"));
	struct s3_place place = { origin, "us-east-1", "any", S3_PATH };
	bool yes = origin && !s3_endpoint_make(&place, &e, NULL) && e.loopback;
	s3_endpoint_wipe(&e);
	free(origin);
	return yes;
}

/* The line "Authorization: ..." from a file or the environment; "" when neither. */
static int container_token(struct buf *line, struct err *err)
{
	const char *path = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");

	if (!buf_reserve(line, TOKEN_MAX + 64))
		return err_nomem(err, "access keys");
	if (path && *path) {
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		ssize_t n = -1;
		buf_add_str(line, "Authorization: ");
		if (fd >= 0) {
			n = read(fd, line->data + line->size, TOKEN_MAX);
			close(fd);
		}
		if (n < 0)
			return err_errno(err, "cannot read %s", path);
		line->size += (size_t)n;
		while (n-- && strchr("\r\n", line->data[line->size - 1]))
			line->size--;
	} else if (token && *token && strlen(token) <= TOKEN_MAX) {
		buf_addf(line, "Authorization: %s", token);
	}
	if (memchr(buf_text(line), '\n', line->size) || strchr(buf_text(line), '\r'))
		return err_set(
			err, ERR_CONFIG,
			"the container's authorization token has more than one line");
	return 0;
}

static int ask_container(const char *url, struct s3_credentials **out, struct err *err)
{
	struct http_client *c = NULL;
	struct http_exchange x = { 0 };
	struct buf line = BUF_INIT;
	int rc = container_token(&line, err);

	if (!rc)
		rc = connect_directly(&c, err);
	const char *fields[] = { line.size ? buf_text(&line) : NULL, NULL };
	if (!rc)
		rc = ask(c,
		         &(struct http_request){
				 .method = "GET", .url = url, .fields = fields },
		         &x, err);
	if (!rc)
		rc = aws_provider_parse(&x.reply.body, "Token", "the container's role",
		                        out, err);
	wipe(&x);
	if (line.data)
		explicit_bzero(line.data, line.cap);
	buf_wipe(&line);
	http_client_free(c);
	return rc;
}

int aws_role_container(struct s3_credentials **out, struct err *err)
{
	const char *relative = getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	struct buf url = BUF_INIT;
	int rc;

	if (relative && *relative == '/')
		buf_addf(&url, CONTAINER_HOST "%s", relative);
	else if (full && *full)
		buf_add_str(&url, full);
	else
		return 1;
	if (url.failed)
		rc = err_nomem(err, "access keys");
	else if (!may_be_asked(buf_text(&url)))
		rc = err_set(
			err, ERR_CONFIG,
			"AWS_CONTAINER_CREDENTIALS_FULL_URI is '%s': access keys come "
			"over https, or over http from this machine only",
			buf_text(&url));
	else
		rc = ask_container(buf_text(&url), out, err);
	buf_wipe(&url);
	return rc;
}

/* ---------------------------------------------------------------- the machine */

static const char *machine_host(void)
{
	const char *set = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");

	return set && *set ? set : MACHINE_HOST;
}

static void add_url(const char *path, struct buf *out)
{
	const char *host = machine_host();
	size_t n = strlen(host);

	while (n && host[n - 1] == '/')
		n--;
	buf_addf(out, "%.*s%s", (int)n, host, path);
}

/* The session's token, as a field. */
static int machine_token(struct http_client *c, struct buf *field, struct err *err)
{
	static const char *const fields[] = { "X-aws-ec2-metadata-token-ttl-seconds: 300",
		                              NULL };
	struct http_exchange x = { 0 };
	struct buf url = BUF_INIT;
	struct err ignored = ERR_INIT;

	add_url("/latest/api/token", &url);
	/* Most machines have no such service: whatever it says, it is no error. */
	int rc = ask(c,
	             &(struct http_request){
			     .method = "PUT", .url = buf_text(&url), .fields = fields },
	             &x, &ignored)
	                 ? 1
	                 : 0;
	if (!rc && x.reply.body.size <= TOKEN_MAX) {
		buf_addf(field, "X-aws-ec2-metadata-token: %s", buf_text(&x.reply.body));
		if (strpbrk(buf_text(field), "\r\n"))
			rc = 1;
	}
	if (field->failed)
		rc = err_nomem(err, "access keys");
	wipe(&x);
	buf_wipe(&url);
	return rc;
}

/* The first line of what the machine says its role is called, on the URL. */
static int machine_role(struct http_client *c, const char *const *fields, struct buf *url,
                        struct err *err)
{
	struct http_exchange x = { 0 };
	int rc = ask(c,
	             &(struct http_request){
			     .method = "GET", .url = buf_text(url), .fields = fields },
	             &x, err);

	if (!rc) {
		const char *name = buf_text(&x.reply.body);
		size_t n = strcspn(name, "\r\n");
		buf_add(url, name, n);
		if (!n || strcspn(name, "/?# ") < n)
			rc = 1;
	}
	wipe(&x);
	return rc;
}

int aws_role_machine(struct s3_credentials **out, struct err *err)
{
	const char *off = getenv("AWS_EC2_METADATA_DISABLED");
	struct http_client *c = NULL;
	struct http_exchange x = { 0 };
	struct buf field = BUF_INIT, url = BUF_INIT;

	if (off && strcasecmp(off, "true") == 0)
		return 1;
	int rc = connect_directly(&c, err);
	if (!rc)
		rc = machine_token(c, &field, err);
	const char *fields[] = { buf_text(&field), NULL };
	add_url(MACHINE_ROLES, &url);
	if (!rc)
		rc = machine_role(c, fields, &url, err);
	if (!rc)
		rc = ask(c,
		         &(struct http_request){ .method = "GET",
		                                 .url = buf_text(&url),
		                                 .fields = fields },
		         &x, err);
	if (!rc)
		rc = aws_provider_parse(&x.reply.body, "Token", "the machine's role", out,
		                        err);
	wipe(&x);
	buf_wipe(&field);
	buf_wipe(&url);
	http_client_free(c);
	return rc;
}
