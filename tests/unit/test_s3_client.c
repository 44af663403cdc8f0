/* What is repeated, what is refused and in which words, and that all of it ends. */
#include <time.h>

#include "index/store/store.h"
#include "tests/unit/s3_script.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define GOOD \
	"HTTP/1.1 206 P\r\nContent-Range: bytes 0-4/5\r\nContent-Length: 5\r\n\r\nvalue"
#define GET_K "GET /bucket/pre/k"

static int get_k(struct store *s, struct err *err)
{
	struct buf b = BUF_INIT;
	int rc = store_get_all(s, "k", 100, &b, err);

	if (!rc)
		assert_string_equal(buf_text(&b), "value");
	buf_wipe(&b);
	return rc;
}

/* ---------------------------------------------------------------- repeated */

static void what_may_pass_is_repeated(void **state)
{
	static const struct {
		const char *name, *first;
	} cases[] = {
		{ "500", ERROR_REPLY("500 No", "InternalError") },
		{ "503", ERROR_REPLY("503 No", "SlowDown") },
		{ "503 without a word", "HTTP/1.1 503 No\r\n" NO_BODY },
		{ "502", "HTTP/1.1 502 Bad Gateway\r\n" NO_BODY },
		{ "504", "HTTP/1.1 504 Gateway Timeout\r\n" NO_BODY },
		{ "429", "HTTP/1.1 429 Too Many\r\n" NO_BODY },
		{ "408", "HTTP/1.1 408 Timeout\r\n" NO_BODY },
		{ "400 RequestTimeout", ERROR_REPLY("400 No", "RequestTimeout") },
		{ "400 BadDigest", ERROR_REPLY("400 No", "BadDigest") },
		{ "409 conflict", ERROR_REPLY("409 No", "ConditionalRequestConflict") },
		{ "a dropped connection", NULL },
		{ "half a head", "HTTP/1.1 200" },
		{ "half a body", "HTTP/1.1 206 P\r\nContent-Range: bytes 0-4/5\r\n"
		                 "Content-Length: 5\r\n\r\nva" },
		{ "half an error", "HTTP/1.1 403 No\r\nContent-Length: 500\r\n\r\n<Err" },
		{ "a pause that is named",
		  "HTTP/1.1 503 No\r\nRetry-After: 1\r\n" NO_BODY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct http_step steps[] = {
			{ GET_K, cases[i].first, 0, NULL, SCRIPT_CLOSE, 2 },
			{ GET_K, GOOD, 0, NULL, SCRIPT_KEEP, 1 },
		};
		struct scripted s;
		struct err err = ERR_INIT;
		scripted_begin(&s, steps);
		int rc = get_k(s.store, &err);
		if (rc)
			fail_msg("%s: %d %s", cases[i].name, rc, err.text);
		scripted_end(&s);
	}
}

static void a_lost_reply_to_a_put_is_asked_for_again(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /bucket/pre/k", NULL, 0, "If-None-Match: *", SCRIPT_CLOSE, 1 },
		{ "PUT /bucket/pre/k", ERROR_REPLY("412 No", "PreconditionFailed"), 0,
		  "If-None-Match: *", SCRIPT_CLOSE, 1 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(store_put_all(s.store, "k", "value", 5, &err), 0);
	scripted_end(&s);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void repeats_end_and_say_what_was_wrong(void **state)
{
	static const struct http_step steps[] = {
		{ GET_K, ERROR_REPLY("503 No", "SlowDown"), 0, NULL, SCRIPT_CLOSE, 1000 },
	};
	struct scripted s = { .script = http_script_begin(steps, 1) };
	struct err err = ERR_INIT;
	int64_t begin = now_ms();

	(void)state;
	scripted_open(&s, NULL, 300, scripted_keys());
	assert_int_equal(get_k(s.store, &err), ERR_IO);
	assert_true(has(err.text, "503 SlowDown: words of SlowDown"));
	assert_true(has(err.text, "tried "));
	assert_true(has(err.text, "store s3://bucket/pre"));
	assert_true(now_ms() - begin >= 200);
	s.script->used[0] = 1000;
	scripted_end(&s);
}

/* Nobody listens on the port of a socket that was closed. */
static void a_server_that_is_not_there_is_said_to_be_so(void **state)
{
	struct http_script *script = http_script_begin(NULL, 0);
	struct scripted s = { 0 };
	struct err err = ERR_INIT;
	char url[64], ignored[512];

	(void)state;
	strcpy(url, script->url);
	http_script_end(script, ignored);
	scripted_open(&s, url, 200, scripted_keys());
	assert_int_equal(get_k(s.store, &err), ERR_IO);
	assert_true(has(err.text, url));
	assert_true(has(err.text, "onnect"));
	scripted_end(&s);
}

/* The server takes the request and is silent: the stall limit (1 s) ends that. */
static void silence_ends(void **state)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	struct scripted s = { 0 };
	struct err err = ERR_INIT;
	char url[64];

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(at.sin_port));
	scripted_open(&s, url, 300, scripted_keys());
	assert_int_equal(get_k(s.store, &err), ERR_IO);
	assert_true(strlen(err.text) > 20);
	scripted_end(&s);
	close(listener);
}

/* ---------------------------------------------------------------- refused */

static void what_cannot_pass_ends_at_once_in_words(void **state)
{
	static const struct {
		const char *reply, *words[2];
		int rc;
	} cases[] = {
		{ ERROR_REPLY("403 No", "AccessDenied"),
		  { SCRIPT_KEY " (from the test) lacks the permission s3:GetObject",
		    "s3:ListBucket" },
		  ERR_CONFIG },
		{ "HTTP/1.1 403 No\r\n" NO_BODY,
		  { SCRIPT_KEY, "403 Forbidden" },
		  ERR_CONFIG },
		{ ERROR_REPLY("403 No", "InvalidAccessKeyId"),
		  { "does not know access key " SCRIPT_KEY, "from the test" },
		  ERR_CONFIG },
		{ ERROR_REPLY("403 No", "SignatureDoesNotMatch"),
		  { "the secret of access key " SCRIPT_KEY, "from the test" },
		  ERR_CONFIG },
		{ ERROR_REPLY("400 No", "ExpiredToken"),
		  { "the session of access key " SCRIPT_KEY, "log in again" },
		  ERR_CONFIG },
		{ "HTTP/1.1 301 Moved\r\nx-amz-bucket-region: eu-west-1\r\n"
		  "Location: http://127.0.0.1:1/\r\n" NO_BODY,
		  { "in region eu-west-1, not in us-east-1", "AWS_REGION" },
		  ERR_CONFIG },
		{ ERROR_REPLY("400 No", "AuthorizationHeaderMalformed</Code>"
		                        "<Region>eu-west-2</Region><Code>"
		                        "AuthorizationHeaderMalformed"),
		  { "in region eu-west-2", "zllm.s3.region" },
		  ERR_CONFIG },
		{ "HTTP/1.1 307 T\r\nLocation: http://127.0.0.1:1/x?y\r\n" NO_BODY,
		  { "redirect to http://127.0.0.1:1/x,", "not followed" },
		  ERR_CONFIG },
		{ ERROR_REPLY("404 No", "NoSuchBucket"),
		  { "no bucket 'bucket' at http://127.0.0.1", "aws s3 mb" },
		  ERR_CONFIG },
		{ ERROR_REPLY("400 No", "InvalidRequest"),
		  { "400 InvalidRequest: words of InvalidRequest", "GET k" },
		  ERR_IO },
		{ "SSH-2.0-x\r\n\r\n", { "GET k", "HTTP/0.9" }, ERR_IO },
		{ ERROR_REPLY("405 No", "MethodNotAllowed"), { "405", "GET k" }, ERR_IO },
		{ ERROR_REPLY("501 No", "NotImplemented"), { "501", "GET k" }, ERR_IO },
		{ "HTTP/1.1 206 P\r\nContent-Range: bytes 0-4/5\r\n"
		  "Content-Length: 500\r\n\r\nvaluevaluevaluevaluevaluevaluevaluevaluevalue"
		  "valuevaluevaluevaluevaluevaluevaluevaluevaluevaluevaluevaluevaluevalue",
		  { "larger than it may be", "GET k" },
		  ERR_IO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct http_step steps[] = {
			{ GET_K, cases[i].reply, 0, NULL, SCRIPT_CLOSE, 1 },
		};
		struct scripted s;
		struct err err = ERR_INIT;
		scripted_begin(&s, steps);
		int rc = get_k(s.store, &err);
		if (rc != cases[i].rc || !has(err.text, cases[i].words[0]) ||
		    !has(err.text, cases[i].words[1]))
			fail_msg("%zu %s: %d %s", i, cases[i].words[0], rc, err.text);
		assert_no_secret(err.text);
		assert_null(strchr(err.text, '\n'));
		scripted_end(&s);
	}
}

/* ---------------------------------------------------------------- clocks and keys */

static void a_wrong_clock_is_corrected_once(void **state)
{
	static const struct http_step steps[] = {
		{ GET_K,
		  "HTTP/1.1 403 No\r\nDate: Sun, 01 Jan 2040 12:00:00 GMT\r\n"
		  "Connection: close\r\n\r\n"
		  "<Error><Code>RequestTimeTooSkewed</Code></Error>",
		  0, "x-amz-date: 2", SCRIPT_CLOSE, 1 },
		{ GET_K, GOOD, 0, "x-amz-date: 20400101T12000", SCRIPT_KEEP, 2 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(get_k(s.store, &err), 0);
	assert_int_equal(get_k(s.store, &err), 0); /* and stays so */
	scripted_end(&s);
}

static void a_clock_that_stays_wrong_is_said_to_be_so(void **state)
{
	static const struct http_step steps[] = {
		{ GET_K,
		  "HTTP/1.1 403 No\r\nDate: Sun, 01 Jan 2040 12:00:00 GMT\r\n"
		  "Connection: close\r\n\r\n"
		  "<Error><Code>RequestTimeTooSkewed</Code></Error>",
		  0, NULL, SCRIPT_CLOSE, 2 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(get_k(s.store, &err), ERR_CONFIG);
	assert_true(has(err.text, "clock is wrong"));
	assert_true(has(err.text, "Sun, 01 Jan 2040 12:00:00 GMT"));
	scripted_end(&s);
}

/* A ring whose first keys are OLDKEY, and whose next, once those are refused, NEWKEY. */
struct two_keys {
	struct s3_keyring base;
	unsigned asked;
};

static int two_take(struct s3_keyring *k, const struct s3_credentials *refused,
                    struct s3_credentials **out, struct err *err)
{
	struct two_keys *t = (struct two_keys *)k;
	struct s3_keys keys = { "OLDKEY", SCRIPT_SECRET, SCRIPT_TOKEN };

	if (refused)
		t->asked++;
	if (t->asked)
		keys.id = "NEWKEY";
	return s3_credentials_new(&keys, 0, "the test", out, err);
}

static void two_close(struct s3_keyring *k)
{
	(void)k;
}

static void keys_that_ended_are_taken_anew_once(void **state)
{
	static const struct s3_keyring_ops ops = { two_take, two_close };
	static const struct http_step steps[] = {
		{ GET_K, ERROR_REPLY("403 No", "ExpiredToken"), 0, "Credential=OLDKEY/",
		  SCRIPT_CLOSE, 1 },
		{ GET_K, GOOD, 0, "Credential=NEWKEY/", SCRIPT_KEEP, 1 },
	};
	struct two_keys ring = { .base = { &ops } };
	struct scripted s = { .script = http_script_begin(steps, COUNT(steps)) };
	struct err err = ERR_INIT;

	(void)state;
	scripted_open(&s, NULL, 2000, &ring.base);
	assert_int_equal(get_k(s.store, &err), 0);
	assert_int_equal(ring.asked, 1);
	scripted_end(&s);
}

static void without_keys_nothing_is_signed(void **state)
{
	static const struct http_step steps[] = {
		{ GET_K, ERROR_REPLY("403 No", "AccessDenied"), 0, NULL, SCRIPT_CLOSE,
		  1 },
	};
	struct scripted s = { .script = http_script_begin(steps, COUNT(steps)) };
	struct err err = ERR_INIT;

	(void)state;
	scripted_open(&s, NULL, 2000, NULL);
	assert_int_equal(get_k(s.store, &err), ERR_CONFIG);
	assert_true(has(err.text, "to a request without credentials"));
	scripted_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_pass_is_repeated),
		cmocka_unit_test(a_lost_reply_to_a_put_is_asked_for_again),
		cmocka_unit_test(repeats_end_and_say_what_was_wrong),
		cmocka_unit_test(a_server_that_is_not_there_is_said_to_be_so),
		cmocka_unit_test(silence_ends),
		cmocka_unit_test(what_cannot_pass_ends_at_once_in_words),
		cmocka_unit_test(a_wrong_clock_is_corrected_once),
		cmocka_unit_test(a_clock_that_stays_wrong_is_said_to_be_so),
		cmocka_unit_test(keys_that_ended_are_taken_anew_once),
		cmocka_unit_test(without_keys_nothing_is_signed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
