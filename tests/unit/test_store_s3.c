/* A bucket against a scripted server: what is asked, and what is made of the answers. */
#include "index/store/store.h"
#include "tests/unit/s3_script.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEN "Content-Range: bytes 0-3/10\r\nETag: \"v1\"\r\nContent-Length: 4\r\n\r\n0123"

/* ---------------------------------------------------------------- get and read */

static void one_request_brings_size_and_first_bytes(void **state)
{
	static const struct http_step steps[] = {
		{ "GET /bucket/pre/a/b HTTP/1.1\r\n", "HTTP/1.1 206 Partial\r\n" TEN, 0,
		  "Range: bytes=0-3\r\n", SCRIPT_KEEP, 1 },
	};
	struct scripted s;
	struct store_reader *r;
	char text[5] = "";

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(store_get(s.store, "a/b", 4, &r, NULL), 0);
	assert_int_equal(r->size, 10);
	assert_int_equal(store_read(r, 0, text, 4, NULL), 0);
	assert_string_equal(text, "0123");
	store_reader_close(r);
	scripted_end(&s);
}

static void ranges_are_asked_for_under_the_etag(void **state)
{
	static const struct http_step steps[] = {
		{ "GET /bucket/pre/a", "HTTP/1.1 206 Partial\r\n" TEN, 0,
		  "Range: bytes=0-3\r\n", SCRIPT_KEEP, 1 },
		{ "GET /bucket/pre/a",
		  "HTTP/1.1 206 Partial\r\nContent-Range: bytes 4-9/10\r\n"
		  "Content-Length: 6\r\n\r\n456789",
		  0, "Range: bytes=4-9\r\nIf-Match: \"v1\"\r\n", SCRIPT_KEEP, 1 },
	};
	struct scripted s;
	struct store_reader *r;
	char text[11] = "";

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(store_get(s.store, "a", 4, &r, NULL), 0);
	assert_int_equal(store_read(r, 2, text, 8, NULL), 0);
	assert_string_equal(text, "23456789");
	store_reader_close(r);
	scripted_end(&s);
}

/* What a range is answered with, when the value has 10 bytes of version v1. */
static void odd_answers_to_a_range_are_errors(void **state)
{
	static const struct {
		const char *reply, *words;
		int rc;
	} cases[] = {
		{ "HTTP/1.1 412 Changed\r\n" NO_BODY, "was replaced", ERR_MISSING },
		{ NO_SUCH_KEY, "was removed", ERR_MISSING },
		{ "HTTP/1.1 206 P\r\nContent-Range: bytes 4-9/11\r\n"
		  "Content-Length: 6\r\n\r\n456789",
		  "not the range", ERR_IO },
		{ "HTTP/1.1 206 P\r\nContent-Range: bytes 0-5/10\r\n"
		  "Content-Length: 6\r\n\r\n456789",
		  "not the range", ERR_IO },
		{ "HTTP/1.1 206 P\r\nContent-Range: bytes 4-9/10\r\n"
		  "Content-Length: 5\r\n\r\n45678",
		  "not the range", ERR_IO },
		{ "HTTP/1.1 206 P\r\nContent-Length: 6\r\n\r\n456789", "not the range",
		  ERR_IO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
		  "larger than it may be", ERR_IO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n012345", "not the range",
		  ERR_IO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct http_step steps[] = {
			{ "GET /bucket/pre/a", "HTTP/1.1 206 Partial\r\n" TEN, 0,
			  "Range: bytes=0-3\r\n", SCRIPT_KEEP, 1 },
			{ "GET /bucket/pre/a", cases[i].reply, 0, "Range: bytes=4-9\r\n",
			  SCRIPT_CLOSE, 1 },
		};
		struct scripted s;
		struct store_reader *r;
		struct err err = ERR_INIT;
		char text[11] = "";
		scripted_begin(&s, steps);
		assert_int_equal(store_get(s.store, "a", 4, &r, NULL), 0);
		assert_int_equal(store_read(r, 0, text, 10, &err), cases[i].rc);
		if (!has(err.text, cases[i].words))
			fail_msg("%s: %s", cases[i].words, err.text);
		store_reader_close(r);
		scripted_end(&s);
	}
}

static void a_value_of_no_bytes_has_no_range(void **state)
{
	static const struct http_step steps[] = {
		{ "GET /bucket/pre/a", ERROR_REPLY("416 No", "InvalidRange"), 0, NULL,
		  SCRIPT_CLOSE, 1 },
		{ "HEAD /bucket/pre/a", OK_EMPTY, 0, NULL, SCRIPT_KEEP, 1 },
	};
	struct scripted s;
	struct buf b = BUF_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(store_get_all(s.store, "a", 100, &b, NULL), 0);
	assert_int_equal(b.size, 0);
	buf_wipe(&b);
	scripted_end(&s);
}

static void absence_is_of_the_key_and_not_of_the_bucket(void **state)
{
	static const struct http_step steps[] = {
		{ "GET /bucket/pre/a", NO_SUCH_KEY, 0, NULL, SCRIPT_CLOSE, 1 },
		{ "GET /bucket/pre/b", ERROR_REPLY("404 Not Found", "NoSuchBucket"), 0,
		  NULL, SCRIPT_CLOSE, 1 },
	};
	struct scripted s;
	struct store_reader *r;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(store_get(s.store, "a", 4, &r, &err), 1);
	assert_int_equal(store_get(s.store, "b", 4, &r, &err), ERR_CONFIG);
	assert_true(has(err.text, "there is no bucket 'bucket'"));
	assert_true(has(err.text, "aws s3 mb s3://bucket"));
	scripted_end(&s);
}

/* ---------------------------------------------------------------- put */

static int put_text(struct store *s, const char *text, struct err *err)
{
	return store_put_all(s, "k", text, strlen(text), err);
}

/* SHA-256 of "value". */
#define VALUE_SHA256 "cd42404d52ad55ccfa9aca4adc828aa5800ad9d385a0671fbcbf724118320619"

static void small_values_go_with_one_signed_put(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /bucket/pre/k HTTP/1.1\r\n", OK_EMPTY, 0,
		  "x-amz-content-sha256: " VALUE_SHA256 "\r\n", SCRIPT_KEEP, 1 },
		{ "PUT /bucket/pre/k", OK_EMPTY, 0, "If-None-Match: *\r\n", SCRIPT_KEEP,
		  1 },
		{ "PUT /bucket/pre/k", OK_EMPTY, 0,
		  "x-amz-security-token: " SCRIPT_TOKEN "\r\n", SCRIPT_KEEP, 1 },
		{ "PUT /bucket/pre/k", OK_EMPTY, 0,
		  "SignedHeaders=host;x-amz-content-sha256;x-amz-date;"
		  "x-amz-security-token, Signature=",
		  SCRIPT_KEEP, 1 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	for (size_t i = 0; i < COUNT(steps); i++)
		assert_int_equal(put_text(s.store, "value", &err), 0);
	scripted_end(&s);
}

static void a_key_that_exists_is_success(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /bucket/pre/k", ERROR_REPLY("412 No", "PreconditionFailed"), 0,
		  NULL, SCRIPT_CLOSE, 1 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(put_text(s.store, "value", &err), 0);
	scripted_end(&s);
}

/* The second put knows already: it asks for no condition, and looks at once. */
static void where_puts_have_no_conditions_keys_are_looked_for(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /bucket/pre/k", ERROR_REPLY("501 No", "NotImplemented"), 0,
		  "If-None-Match", SCRIPT_CLOSE, 1 },
		{ "GET /bucket/pre/k", NOT_FOUND, 0, "Range: bytes=0-0\r\n", SCRIPT_KEEP,
		  1 },
		{ "PUT /bucket/pre/k", OK_EMPTY, 0, "Content-Length: 5", SCRIPT_KEEP, 1 },
		{ "GET /bucket/pre/k", OK_EMPTY, 0, "Range: bytes=0-0\r\n", SCRIPT_KEEP,
		  1 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(put_text(s.store, "value", &err), 0);
	assert_int_equal(put_text(s.store, "value", &err), 0);
	scripted_end(&s);
}

/* As many as a push has under way; each on its own thread. How many of them failed. */
enum { AT_ONCE = 8 };

static void *put_one(void *store)
{
	return put_text(store, "value", NULL) ? store : NULL;
}

static unsigned put_at_once(struct store *s)
{
	pthread_t threads[AT_ONCE];
	unsigned failed = 0;
	void *result;

	for (unsigned i = 0; i < AT_ONCE; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_one, s), 0);
	for (unsigned i = 0; i < AT_ONCE; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		failed += result != NULL;
	}
	return failed;
}

static void one_put_alone_is_refused_its_condition(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /bucket/pre/k", ERROR_REPLY("501 No", "NotImplemented"), 0,
		  "If-None-Match", SCRIPT_CLOSE, 1 },
		{ "GET /bucket/pre/k", NOT_FOUND, 0, NULL, SCRIPT_KEEP, AT_ONCE },
		{ "PUT /bucket/pre/k", OK_EMPTY, 0, NULL, SCRIPT_KEEP, AT_ONCE },
	};
	struct scripted s;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(put_at_once(s.store), 0);
	scripted_end(&s);
}

/* As services do that know no conditions and have no word for it; and the first alone is
 * refused. */
static void a_condition_may_be_refused_in_other_words(void **state)
{
	static const char *const refusals[] = {
		ERROR_REPLY("400 No", "InvalidArgument"),
		ERROR_REPLY("400 No", "InvalidRequest"),
		ERROR_REPLY("403 No", "AccessDenied"),
		ERROR_REPLY("403 No", "SignatureDoesNotMatch"),
		ERROR_REPLY("405 No", "MethodNotAllowed"),
		"HTTP/1.1 405 No\r\n" NO_BODY,
		"HTTP/1.1 400 No\r\n" NO_BODY,
		"HTTP/1.1 422 No\r\n" NO_BODY,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct http_step steps[] = {
			{ "PUT /bucket/pre/k", refusals[i], 0, "If-None-Match",
			  SCRIPT_CLOSE, 1 },
			{ "GET /bucket/pre/k", NOT_FOUND, 0, "Range: bytes=0-0\r\n",
			  SCRIPT_KEEP, AT_ONCE },
			{ "PUT /bucket/pre/k", OK_EMPTY, 0, "!If-None-Match", SCRIPT_KEEP,
			  AT_ONCE },
		};
		struct scripted s;
		scripted_begin(&s, steps);
		if (put_at_once(s.store))
			fail_msg("%zu: %s", i, buf_text(&s.traces));
		scripted_end(&s);
	}
}

/* Each is told as what it is, and the next put asks for its condition again. */
static void a_true_refusal_is_no_word_about_conditions(void **state)
{
	static const struct {
		const char *with, *without, *words;
	} cases[] = {
		{ ERROR_REPLY("403 No", "AccessDenied"),
		  ERROR_REPLY("403 No", "AccessDenied"),
		  "lacks the permission s3:PutObject" },
		{ ERROR_REPLY("400 No", "InvalidArgument"),
		  ERROR_REPLY("403 No", "AccessDenied"),
		  "lacks the permission s3:PutObject" },
		{ ERROR_REPLY("400 No", "EntityTooLarge"),
		  ERROR_REPLY("400 No", "EntityTooLarge"), "400 EntityTooLarge" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct http_step steps[] = {
			{ "PUT /bucket/pre/k", cases[i].with, 0, "If-None-Match",
			  SCRIPT_CLOSE, 1 },
			{ "GET /bucket/pre/k", NOT_FOUND, 0, NULL, SCRIPT_KEEP, 1 },
			{ "PUT /bucket/pre/k", cases[i].without, 0, "!If-None-Match",
			  SCRIPT_CLOSE, 1 },
			{ "PUT /bucket/pre/k", OK_EMPTY, 0, "If-None-Match", SCRIPT_KEEP,
			  1 },
		};
		struct scripted s;
		struct err err = ERR_INIT;
		scripted_begin(&s, steps);
		if (put_text(s.store, "value", &err) >= 0 ||
		    !has(err.text, cases[i].words))
			fail_msg("%zu: %s", i, err.text);
		assert_int_equal(put_text(s.store, "value", NULL), 0);
		scripted_end(&s);
	}
}

static void a_refused_condition_is_success_where_the_key_is_there(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /bucket/pre/k", ERROR_REPLY("403 No", "AccessDenied"), 0,
		  "If-None-Match", SCRIPT_CLOSE, 1 },
		{ "GET /bucket/pre/k", OK_EMPTY, 0, NULL, SCRIPT_KEEP, 1 },
	};
	struct scripted s;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(put_text(s.store, "value", NULL), 0);
	scripted_end(&s);
}

static void who_may_not_look_is_told_the_first_refusal(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /bucket/pre/k", ERROR_REPLY("403 No", "AccessDenied"), 0,
		  "If-None-Match", SCRIPT_CLOSE, 1 },
		{ "GET /bucket/pre/k", ERROR_REPLY("403 No", "AccessDenied"), 0, NULL,
		  SCRIPT_CLOSE, 1 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(put_text(s.store, "value", &err), ERR_CONFIG);
	assert_true(has(err.text, "PUT k: ") && has(err.text, "s3:PutObject"));
	scripted_end(&s);
}

/* The first failed and told nothing of conditions: the others go on with theirs. */
static void a_put_that_fails_keeps_no_other_waiting(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /bucket/pre/k", ERROR_REPLY("404 No", "NoSuchBucket"), 0,
		  "If-None-Match", SCRIPT_CLOSE, 1 },
		{ "PUT /bucket/pre/k", OK_EMPTY, 0, "If-None-Match", SCRIPT_KEEP,
		  AT_ONCE - 1 },
	};
	struct scripted s;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(put_at_once(s.store), 1);
	scripted_end(&s);
}

/* ---------------------------------------------------------------- remove */

static void removing_looks_first(void **state)
{
	static const struct http_step steps[] = {
		{ "GET /bucket/pre/k", OK_EMPTY, 0, NULL, SCRIPT_KEEP, 1 },
		{ "DELETE /bucket/pre/k", "HTTP/1.1 204 Gone\r\n\r\n", 0, NULL,
		  SCRIPT_KEEP, 1 },
		{ "GET /bucket/pre/k", NOT_FOUND, 0, NULL, SCRIPT_KEEP, 1 },
	};
	struct scripted s;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(store_remove(s.store, "k", NULL), 0);
	assert_int_equal(store_remove(s.store, "k", NULL), 1);
	scripted_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request_brings_size_and_first_bytes),
		cmocka_unit_test(ranges_are_asked_for_under_the_etag),
		cmocka_unit_test(odd_answers_to_a_range_are_errors),
		cmocka_unit_test(a_value_of_no_bytes_has_no_range),
		cmocka_unit_test(absence_is_of_the_key_and_not_of_the_bucket),
		cmocka_unit_test(small_values_go_with_one_signed_put),
		cmocka_unit_test(a_key_that_exists_is_success),
		cmocka_unit_test(where_puts_have_no_conditions_keys_are_looked_for),
		cmocka_unit_test(one_put_alone_is_refused_its_condition),
		cmocka_unit_test(a_condition_may_be_refused_in_other_words),
		cmocka_unit_test(a_true_refusal_is_no_word_about_conditions),
		cmocka_unit_test(a_refused_condition_is_success_where_the_key_is_there),
		cmocka_unit_test(who_may_not_look_is_told_the_first_refusal),
		cmocka_unit_test(a_put_that_fails_keeps_no_other_waiting),
		cmocka_unit_test(removing_looks_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
