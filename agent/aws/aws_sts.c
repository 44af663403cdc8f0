#include "agent/aws/aws_sts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/sha256.h"
#include "index/store/s3/http_client.h"
#include "index/store/s3/s3_answer.h"
#include "index/store/s3/s3_credentials.h"
#include "index/store/s3/s3_endpoint.h"
#include "index/store/s3/s3_sign.h"

enum {
	ANSWER_MAX = 64 * 1024,
	TOKEN_MAX = S3_SESSION_TOKEN_MAX, /* bytes; of a web identity too */
	CONNECT_SECONDS = 5,
	LIMIT_MS = 20000,
	TRIES = 3
};

#define FORM "Content-Type: application/x-www-form-urlencoded; charset=utf-8"
#define DEFAULT_SESSION "git-zllm"

/* A request on its way. All of it is wiped: there are secrets in the body and in the
 * answer. */
struct asking {
	const struct aws_sts_role *role;
	struct s3_endpoint endpoint;
	struct buf body, path, url, lines[3];
	const char *fields[5];
	struct http_exchange x;
};

/* ---------------------------------------------------------------- what is asked */

static void add_pair(struct buf *body, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	buf_addf(body, "&%s=", name);
	s3_encode(value, body);
}

static int begin(struct asking *a, const char *action, struct err *err)
{
	const struct aws_sts_role *role = a->role;
	bool china = strncmp(role->region, "cn-", 3) == 0;
	struct buf aws = BUF_INIT;

	buf_addf(&aws, "https://sts.%s.amazonaws.com%s", role->region,
	         china ? ".cn" : "");
	struct s3_place place = { role->endpoint ? role->endpoint : buf_text(&aws),
		                  role->region, "sts", S3_PATH };
	int rc = s3_endpoint_make(&place, &a->endpoint, err);
	buf_wipe(&aws);
	if (!rc && !a->endpoint.tls && !a->endpoint.loopback)
		rc = err_set(err, ERR_CONFIG,
		             "the endpoint %s gives out access keys without encryption: "
		             "it must begin with https://",
		             role->endpoint);
	if (rc)
		return rc;
	/* Room at once, so that growing leaves no copy of a token behind. */
	if (!buf_reserve(&a->body, 4 * TOKEN_MAX) ||
	    !buf_reserve(&a->lines[0], TOKEN_MAX))
		return err_nomem(err, "access keys");
	buf_addf(&a->path, "%s/", a->endpoint.base);
	buf_addf(&a->url, "%s%s", a->endpoint.origin, buf_text(&a->path));
	buf_addf(&a->body, "Action=%s&Version=2011-06-15", action);
	add_pair(&a->body, "RoleArn", role->arn);
	add_pair(&a->body, "RoleSessionName",
	         role->session ? role->session : DEFAULT_SESSION);
	add_pair(&a->body, "DurationSeconds", role->seconds);
	add_pair(&a->body, "ExternalId", role->external_id);
	return 0;
}

/* The fields of a request that `by` signs. */
static int sign(struct asking *a, const struct s3_credentials *by, struct err *err)
{
	const struct s3_keys *keys = s3_credentials_keys(by);
	char date[S3_DATE_MAX], payload[SHA256_HEX + 1];
	struct oid sum;

	if (!sha256_of(a->body.data, a->body.size, &sum))
		return err_nomem(err, "access keys");
	oid_format(&sum, payload);
	s3_date(time(NULL), date);
	const struct s3_field fields[] = { { "host", a->endpoint.host },
		                           { "x-amz-date", date },
		                           { "x-amz-security-token", keys->token } };
	const struct s3_to_sign what = { .method = "POST",
		                         .path = buf_text(&a->path),
		                         .query = "",
		                         .region = a->role->region,
		                         .service = "sts",
		                         .payload = payload,
		                         .fields = fields,
		                         .field_count = keys->token ? 3 : 2 };
	buf_add_str(&a->lines[1], "Authorization: ");
	s3_sign(&what, keys, date, &a->lines[1]);
	buf_addf(&a->lines[2], "x-amz-date: %s", date);
	if (keys->token)
		buf_addf(&a->lines[0], "x-amz-security-token: %s", keys->token);
	for (unsigned i = keys->token ? 0 : 1, n = 1; i < 3; i++) {
		if (a->lines[i].failed)
			return err_nomem(err, "access keys");
		a->fields[n++] = buf_text(&a->lines[i]);
	}
	return 0;
}

/* ---------------------------------------------------------------- the answer */

static int no_answer(const struct asking *a, struct err *err)
{
	const struct http_reply *r = &a->x.reply;
	struct s3_error e = { 0 };

	if (r->outcome != HTTP_ANSWERED)
		return err_set(err, ERR_IO, "%s gives no keys of role %s: %s",
		               a->endpoint.url, a->role->arn, r->why);
	(void)s3_error_parse(r->body.data, r->body.size, &e);
	return err_set(err, ERR_CONFIG,
	               "%s gives no keys of role %s: %d%s%s%s%s; 'aws sts assume-role' "
	               "shows the same",
	               a->endpoint.url, a->role->arn, r->status, *e.code ? " " : "",
	               e.code, *e.message ? ": " : "", e.message);
}

/* Sends it, again where that may help. */
static int ask(struct asking *a, struct err *err)
{
	struct http_options options = { .ca_bundle = a->role->ca_bundle,
		                        .connections = 1,
		                        .connect_seconds = CONNECT_SECONDS,
		                        .stall_seconds = LIMIT_MS / 1000 };
	struct http_client *c;
	struct http_reply *r = &a->x.reply;

	if (a->body.failed || a->path.failed || a->url.failed)
		return err_nomem(err, "access keys");
	int rc = http_client_new(&options, &c, err);
	if (rc)
		return rc;
	a->fields[0] = FORM;
	for (int i = 0; i < TRIES; i++) {
		http_reply_wipe(r);
		a->x = (struct http_exchange){
			.request = { .method = "POST",
			             .url = buf_text(&a->url),
			             .fields = a->fields,
			             .body = { { a->body.data, a->body.size } },
			             .pieces = 1,
			             .body_max = ANSWER_MAX,
			             .limit_ms = LIMIT_MS }
		};
		if (!buf_reserve(&r->body, ANSWER_MAX)) {
			rc = err_nomem(err, "access keys");
			break;
		}
		http_start(c, &a->x);
		http_wait(&a->x);
		if (r->outcome == HTTP_GIVE_UP ||
		    (r->outcome == HTTP_ANSWERED && r->status < 500))
			break;
	}
	http_client_free(c);
	if (!rc && (r->outcome != HTTP_ANSWERED || r->status != 200))
		rc = no_answer(a, err);
	return rc;
}

static int take(const struct asking *a, struct s3_credentials **out, struct err *err)
{
	struct s3_session answer;
	struct buf source = BUF_INIT;
	int rc;

	const struct buf *body = &a->x.reply.body;
	bool whole = s3_session_parse(body->data, body->size, &answer);
	const struct s3_keys keys = { answer.id, answer.secret, answer.token };
	buf_addf(&source, "role %s", a->role->arn);
	if (!whole)
		rc = err_set(err, ERR_CONFIG,
		             "%s gives no keys of role %s that make sense",
		             a->endpoint.url, a->role->arn);
	else
		rc = s3_credentials_new(&keys, answer.expires, buf_text(&source), out,
		                        err);
	explicit_bzero(&answer, sizeof(answer));
	buf_wipe(&source);
	return rc;
}

static void wipe_secret(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_wipe(b);
}

static void wipe(struct asking *a)
{
	if (a->x.reply.body.data)
		explicit_bzero(a->x.reply.body.data, a->x.reply.body.cap);
	http_reply_wipe(&a->x.reply);
	for (unsigned i = 0; i < 3; i++)
		wipe_secret(&a->lines[i]);
	wipe_secret(&a->body);
	buf_wipe(&a->path);
	buf_wipe(&a->url);
	s3_endpoint_wipe(&a->endpoint);
}

/* ---------------------------------------------------------------- the two ways */

int aws_sts_assume(const struct aws_sts_role *role, const struct s3_credentials *by,
                   struct s3_credentials **out, struct err *err)
{
	struct asking a = { .role = role };
	int rc = begin(&a, "AssumeRole", err);

	if (!rc)
		rc = sign(&a, by, err);
	if (!rc)
		rc = ask(&a, err);
	if (!rc)
		rc = take(&a, out, err);
	wipe(&a);
	return rc;
}

static int read_token(const char *path, char token[TOKEN_MAX + 1], struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, token, TOKEN_MAX);
	int rc = n < 0 ? err_errno(err, "cannot read %s", path) : 0;

	if (fd >= 0)
		close(fd);
	if (rc)
		return rc;
	token[n] = 0;
	token[strcspn(token, "\r\n")] = 0;
	return *token ? 0
	              : err_set(err, ERR_CONFIG, "there is no web identity token in %s",
	                        path);
}

int aws_sts_assume_by_token(const struct aws_sts_role *role, const char *token_file,
                            struct s3_credentials **out, struct err *err)
{
	struct asking a = { .role = role };
	char token[TOKEN_MAX + 1];
	int rc = read_token(token_file, token, err);

	if (!rc)
		rc = begin(&a, "AssumeRoleWithWebIdentity", err);
	if (!rc) {
		add_pair(&a.body, "WebIdentityToken", token);
		rc = ask(&a, err);
	}
	if (!rc)
		rc = take(&a, out, err);
	explicit_bzero(token, sizeof(token));
	wipe(&a);
	return rc;
}
