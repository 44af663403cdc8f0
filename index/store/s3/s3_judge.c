/* What an answer of S3 means, and what to say of it. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "index/store/s3/s3_client_private.h"
#include "index/work/term.h"

enum {
	RETRY_AFTER_MAX = 3600, /* seconds; the time for repeats ends before */
	WORDS_TOLD = 400        /* bytes of the service's words in a sentence of ours */
};

int64_t s3_retry_after_ms(const struct http_reply *r)
{
	char text[64];
	int64_t seconds;

	if (!http_reply_field(r, "retry-after", text, sizeof(text)))
		return 0;
	if (text[0] >= '0' && text[0] <= '9')
		seconds = atoi(text);
	else
		seconds = s3_http_date_parse(text) - (int64_t)time(NULL);
	if (seconds <= 0)
		return 0;
	return (seconds < RETRY_AFTER_MAX ? seconds : RETRY_AFTER_MAX) * 1000;
}

void s3_say_tries(const struct s3_call *call, struct err *err)
{
	struct err cause = *err;

	err_set(err, cause.code, "%s (tried %u times in %lld s)", cause.text, call->tries,
	        (long long)(term_now() - call->first_ms + 500) / 1000);
}

static const char *target(const struct s3_call *call)
{
	return call->key ? call->key : "the bucket";
}

static bool is_one_of(const char *code, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(code, *list) == 0)
			return true;
	return false;
}

static bool passing_code(const char *code)
{
	static const char *const codes[] = {
		"SlowDown",
		"RequestTimeout",
		"InternalError",
		"ServiceUnavailable",
		"OperationAborted",
		"ConditionalRequestConflict",
		"BadDigest",
		"XAmzContentSHA256Mismatch",
		"IncompleteBody",
		"TooManyRequests",
		"RequestLimitExceeded",
		"Throttling",
		NULL,
	};

	return is_one_of(code, codes);
}

static bool passing_status(int status)
{
	return status == 408 || status == 429 || (status >= 500 && status != 501);
}

static enum s3_verdict refuse(struct s3_call *call, int code, const char *words)
{
	err_set(&call->why, code, "%s %s: %s", call->method, target(call), words);
	return S3_REFUSED;
}

/* "503 SlowDown: Please reduce your request rate" */
static enum s3_verdict plain(struct s3_call *call, const struct s3_error *e,
                             enum s3_verdict verdict)
{
	err_set(&call->why, ERR_IO, "%s %s: the service answers %d%s%s%s%s", call->method,
	        target(call), call->status, e->code[0] ? " " : "", e->code,
	        e->message[0] ? ": " : "", e->message);
	return verdict;
}

/* ---------------------------------------------------------------- refusals in words */

static const char *key_id(const struct s3_call *call)
{
	return call->keys ? s3_credentials_keys(call->keys)->id : "(none)";
}

static const char *key_source(const struct s3_call *call)
{
	return call->keys ? s3_credentials_source(call->keys) : "no credentials";
}

static enum s3_verdict wrong_clock(struct s3_call *call)
{
	char date[64] = "another time";
	char ours[17];

	(void)http_reply_field(&call->x.reply, "date", date, sizeof(date));
	s3_date(time(NULL), ours);
	err_set(&call->why, ERR_CONFIG,
	        "this machine's clock is wrong: it says %s where the service says %s; "
	        "set the clock (NTP)",
	        ours, date);
	return S3_WRONG_CLOCK;
}

/* Its words where they say more than the status does. */
static const char *words_of(const struct s3_error *e)
{
	static const char *const empty[] = { "Access Denied", "AccessDenied", "Forbidden",
		                             "Access Denied.", NULL };

	return is_one_of(e->message, empty) ? "" : e->message;
}

/* What of the settings may mend a refusal goes behind it. */
static void add_remedy(const struct s3_client *c, struct s3_call *call, const char *words)
{
	struct err cause = call->why;
	enum s3_demands_of kind = s3_request_makes(call) ? S3_DEMANDS_OF_MAKING
	                                                 : S3_DEMANDS_OF_ALL;
	struct s3_demands set = c->demands;

	if (atomic_load(&c->granted) && !*words)
		set.value[S3_DEMAND_REQUEST_PAYER] = "requester"; /* it is not that */
	const char *remedy = s3_demands_remedy(&set, kind, words);

	if (remedy)
		err_set(&call->why, cause.code, "%s; %s", cause.text, remedy);
}

static void no_permission(const struct s3_client *c, struct s3_call *call,
                          const struct s3_error *e)
{
	const char *words = words_of(e), *code = e->code[0] ? e->code : "Forbidden";
	const char *colon = *words ? ": " : "";

	if (!call->keys)
		err_set(&call->why, ERR_CONFIG,
		        "%s %s: the service answers %d %s%s%.*s to a request without "
		        "credentials; it takes %s",
		        call->method, target(call), call->status, e->code, colon,
		        WORDS_TOLD, words, call->permission);
	else /* so Ceph with STS answers a wrong secret, too */
		err_set(&call->why, ERR_CONFIG,
		        "%s %s: access key %s (from %s) " S3_LACKING " %s%s, or "
		        "its secret is wrong (%d %s%s%.*s)",
		        call->method, target(call), key_id(call), key_source(call),
		        call->permission,
		        strcmp(call->permission, "s3:GetObject") == 0
		                ? ", or s3:ListBucket where there is no such key"
		                : "",
		        call->status, code, colon, WORDS_TOLD, words);
	if (call->keys)
		add_remedy(c, call, words);
}

static enum s3_verdict forbidden(const struct s3_client *c, struct s3_call *call,
                                 const struct s3_error *e)
{
	static const char *const old[] = { "ExpiredToken", "TokenRefreshRequired",
		                           "InvalidToken", NULL };

	if (strcmp(e->code, "RequestTimeTooSkewed") == 0 ||
	    strcmp(e->code, "RequestExpired") == 0)
		return wrong_clock(call);
	if (is_one_of(e->code, old)) {
		err_set(&call->why, ERR_CONFIG,
		        "the session of access key %s (from %s) has ended: log in again "
		        "(%s)",
		        key_id(call), key_source(call), e->code);
		return S3_OLD_KEYS;
	}
	if (strcmp(e->code, "InvalidAccessKeyId") == 0)
		err_set(&call->why, ERR_CONFIG,
		        "the service does not know access key %s (from %s)", key_id(call),
		        key_source(call));
	else if (strcmp(e->code, "SignatureDoesNotMatch") == 0)
		err_set(&call->why, ERR_CONFIG,
		        "the secret of access key %s (from %s) is not the right one",
		        key_id(call), key_source(call));
	else
		no_permission(c, call, e);
	return S3_REFUSED;
}

/* Redirects are not followed: they say that the region or the endpoint is wrong. */
static enum s3_verdict elsewhere(const struct s3_client *c, struct s3_call *call,
                                 const struct s3_error *e)
{
	char region[S3_CODE_MAX], place[S3_WORDS_MAX];

	if (!http_reply_field(&call->x.reply, "x-amz-bucket-region", region,
	                      sizeof(region)))
		memcpy(region, e->region, sizeof(region));
	if (s3_region_valid(region) && strcmp(region, c->region) != 0)
		err_set(&call->why, ERR_CONFIG,
		        "the bucket is in region %s, not in %s: set AWS_REGION or git's "
		        "zllm.s3.region",
		        region, c->region);
	else if (http_reply_field(&call->x.reply, "location", place, sizeof(place)))
		err_set(&call->why, ERR_CONFIG,
		        "%s answers with a redirect to %.*s, which is not followed; set "
		        "AWS_ENDPOINT_URL_S3 or git's zllm.s3.endpoint if that is the "
		        "right place",
		        c->endpoint.url, (int)strcspn(place, "?"), place);
	else
		return plain(call, e, S3_REFUSED);
	return S3_REFUSED;
}

static enum s3_verdict no_bucket(const struct s3_client *c, struct s3_call *call)
{
	err_set(&call->why, ERR_CONFIG,
	        "there is no bucket '%s' at %s: 'aws s3 mb s3://%s' makes one, or the "
	        "endpoint or region is wrong",
	        c->bucket, c->endpoint.url, c->bucket);
	return S3_REFUSED;
}

/* ---------------------------------------------------------------- the verdict */

static bool is_answer(const struct s3_call *call, const struct s3_error *e)
{
	switch (call->status) {
	case 404:
		return (call->answers & S3_OR_ABSENT) &&
		       strcmp(e->code, "NoSuchBucket") != 0;
	case 409:
		return call->answers & S3_OR_CONFLICT;
	case 412:
		return call->answers & S3_OR_CHANGED;
	case 416:
		return call->answers & S3_OR_NO_RANGE;
	case 501:
		return call->answers & S3_OR_NO_SUPPORT;
	default:
		return call->status >= 200 && call->status < 300;
	}
}

/* "MissingContentMD5"; "Content-MD5 OR x-amz-checksum- HTTP header is required for Put
 * Object requests with Object Lock parameters"; "Missing required header for this request:
 * Content-Md5". Not: "The Content-MD5 you specified did not match". */
static bool demands_md5(const struct s3_call *call, const struct s3_error *e)
{
	static const char *const names[] = { "content-md5", "contentmd5",
		                             "x-amz-checksum" };
	static const char *const verbs[] = { "required", "requires", "missing", "must" };
	bool named = false, demanded = false;

	if (!s3_request_puts(call) || call->with_md5)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		named = named || strcasestr(e->code, names[i]) ||
		        strcasestr(e->message, names[i]);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		demanded = demanded || strcasestr(e->code, verbs[i]) ||
		           strcasestr(e->message, verbs[i]);
	return named && demanded && !passing_code(e->code);
}

/* What is left: the service's words, and what they point to. But for a bucket and an upload
 * (NoSuch...) nothing is missing where something is put: another 404 is not of S3. */
static enum s3_verdict refused(const struct s3_client *c, struct s3_call *call,
                               const struct s3_error *e)
{
	plain(call, e, S3_REFUSED);
	struct err cause = call->why;

	if (call->status == 404 && s3_request_puts(call) &&
	    strncmp(e->code, "NoSuch", 6) != 0)
		err_set(&call->why, ERR_CONFIG,
		        "%s; is %s, with its path, the endpoint of the service?",
		        cause.text, c->endpoint.url);
	else if (e->message[0])
		add_remedy(c, call, e->message);
	return S3_REFUSED;
}

static enum s3_verdict judge_status(const struct s3_client *c, struct s3_call *call,
                                    const struct s3_error *e)
{
	static const char *const regions[] = { "AuthorizationHeaderMalformed",
		                               "PermanentRedirect", "TemporaryRedirect",
		                               "IllegalLocationConstraintException",
		                               NULL };
	static const char *const keys[] = { "ExpiredToken", "TokenRefreshRequired",
		                            "InvalidToken", NULL };

	if (demands_md5(call, e))
		return plain(call, e, S3_WANTS_MD5);
	if (passing_code(e->code) || passing_status(call->status))
		return plain(call, e, S3_REPEAT);
	if ((call->status >= 300 && call->status < 400) || is_one_of(e->code, regions))
		return elsewhere(c, call, e);
	if (call->status == 403 || call->status == 401 || is_one_of(e->code, keys))
		return forbidden(c, call, e);
	if (strcmp(e->code, "NoSuchBucket") == 0)
		return no_bucket(c, call);
	return refused(c, call, e);
}

static enum s3_verdict judge_silence(const struct s3_client *c, struct s3_call *call)
{
	const struct http_reply *r = &call->x.reply;

	err_set(&call->why, ERR_IO, "%s %s: %s: %s", call->method, target(call),
	        c->endpoint.url, r->why);
	return r->outcome == HTTP_GIVE_UP ? S3_REFUSED : S3_REPEAT;
}

/* A call that takes the service long gets a 200 at once, and then perhaps an error after
 * all. Whether that is one with a status that the caller takes for an answer. */
static bool late_status(struct s3_call *call, const struct s3_error *e)
{
	static const struct {
		const char *code;
		int status;
	} codes[] = { { "PreconditionFailed", 412 },
		      { "ConditionalRequestConflict", 409 },
		      { "NotImplemented", 501 } };
	int was = call->status;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(e->code, codes[i].code) == 0)
			call->status = codes[i].status;
	if (call->status != was && is_answer(call, e))
		return true;
	call->status = was;
	return false;
}

enum s3_verdict s3_judge(const struct s3_client *c, struct s3_call *call)
{
	const struct http_reply *r = &call->x.reply;
	struct s3_error e = { 0 };
	bool error;

	if (r->outcome != HTTP_ANSWERED)
		return judge_silence(c, call);
	error = s3_error_parse(r->body.data, r->body.size, &e);
	if (r->body.failed)
		return refuse(call, ERR_NOMEM, "out of memory");
	bool late = call->patient && error && call->status >= 200 && call->status < 300;
	if (late && demands_md5(call, &e))
		return plain(call, &e, S3_WANTS_MD5);
	if (late && !late_status(call, &e))
		return strcmp(e.code, "NoSuchUpload") == 0 ? plain(call, &e, S3_REFUSED)
		                                           : plain(call, &e, S3_REPEAT);
	if (is_answer(call, &e))
		return S3_ANSWER;
	return judge_status(c, call, &e);
}
