/* What services and buckets demand of requests, and how their refusals are told. */
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

/* ---------------------------------------------------------------- MD5s */

#define MD5_OF_VALUE "Content-MD5: IGPBYI1uC6+AJJxC4r5YBA==\r\n"
#define MD5_OF_NOTHING "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\n"

/* As a bucket with Object Lock does, in the words of several services. What is put after
 * that has its MD5 at once, without a body too; what is not put has none. */
static void an_md5_is_given_where_it_is_demanded(void **state)
{
	static const char *const demands[] = {
		"HTTP/1.1 400 No\r\nConnection: close\r\n\r\n"
		"<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR "
		"x-amz-checksum- HTTP header is required for Put Object requests with "
		"Object Lock parameters</Message></Error>",
		"HTTP/1.1 400 No\r\nConnection: close\r\n\r\n"
		"<Error><Code>MissingContentMD5</Code><Message>Missing required header for "
		"this request: Content-Md5.</Message></Error>",
		"HTTP/1.1 403 No\r\nConnection: close\r\n\r\n"
		"<Error><Code>AccessDenied</Code><Message>the request must have "
		"content-md5</Message></Error>",
		"HTTP/1.1 411 No\r\nConnection: close\r\n\r\n"
		"<Error><Code>MissingContentMD5</Code></Error>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(demands); i++) {
		const struct http_step steps[] = {
			{ "PUT /bucket/pre/k ", demands[i], 0, "!Content-MD5",
			  SCRIPT_CLOSE, 1 },
			{ "PUT /bucket/pre/k ", OK_EMPTY, 0, MD5_OF_NOTHING, SCRIPT_KEEP,
			  2 },
			{ "PUT /bucket/pre/k ", OK_EMPTY, 0, MD5_OF_VALUE, SCRIPT_KEEP,
			  1 },
			{ GET_K, GOOD, 0, "!Content-MD5", SCRIPT_KEEP, 1 },
			{ GET_K, OK_EMPTY, 0, "!Content-MD5", SCRIPT_KEEP, 1 },
			{ "DELETE /bucket/pre/k", "HTTP/1.1 204 Gone\r\n\r\n", 0,
			  "!Content-MD5", SCRIPT_KEEP, 1 },
		};
		struct scripted s;
		struct err err = ERR_INIT;
		scripted_begin(&s, steps);
		if (store_put_all(s.store, "k", NULL, 0, &err) ||
		    store_put_hint(s.store, "k", &err) ||
		    store_put_all(s.store, "k", "value", 5, &err) ||
		    get_k(s.store, &err) || store_remove(s.store, "k", &err))
			fail_msg("%zu: %s", i, err.text);
		scripted_end(&s);
	}
}

/* A service that is not content with it either, or that speaks of one that is wrong. */
static void an_md5_is_not_given_twice(void **state)
{
	static const struct http_step never[] = {
		{ "PUT /bucket/pre/k ", ERROR_REPLY("400 No", "MissingContentMD5"), 0,
		  "!Content-MD5", SCRIPT_CLOSE, 1 },
		{ "PUT /bucket/pre/k ", ERROR_REPLY("400 No", "MissingContentMD5"), 0,
		  MD5_OF_VALUE, SCRIPT_CLOSE, 2 },
		{ GET_K, NO_SUCH_KEY, 0, NULL, SCRIPT_CLOSE, 1 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, never);
	assert_int_equal(store_put_all(s.store, "k", "value", 5, &err), ERR_IO);
	assert_true(has(err.text, "400 MissingContentMD5"));
	scripted_end(&s);
}

/* ---------------------------------------------------------------- the service's words */

#define DENIED(words)                                  \
	"HTTP/1.1 403 No\r\nConnection: close\r\n\r\n" \
	"<Error><Code>AccessDenied</Code><Message>" words "</Message></Error>"
#define LONG_WORDS                                                                         \
	"User: arn:aws:sts::123456789012:assumed-role/a-role-with-a-long-name/a-session"   \
	"-with-a-long-name is not authorized to perform: s3:PutObject on resource: "       \
	"&quot;arn:aws:s3:::bucket/pre/k&quot; with an explicit deny in a resource-based " \
	"policy because of a condition that somebody wrote in many words, so that all "    \
	"of it has more than two hundred and fifty-six bytes"

static void a_refusal_is_told_in_the_services_words_and_with_its_remedy(void **state)
{
	static const struct {
		const char *reply, *words[2];
	} cases[] = {
		{ DENIED("explicit deny in a resource-based policy"),
		  { "(403 AccessDenied: explicit deny in a resource-based policy)",
		    "set zllm.s3.sse, acl, storageClass or tagging" } },
		{ DENIED(LONG_WORDS),
		  { "on resource: \"arn:aws:s3:::bucket/pre/k\" with an explicit deny",
		    "lacks the permission s3:PutObject" } },
		{ DENIED("s3:x-amz-server-side-encryption is wanted"),
		  { "x-amz-server-side-encryption is wanted",
		    "set zllm.s3.sse to the encryption" } },
		{ DENIED("no identity-based policy allows the kms:GenerateDataKey action"),
		  { "allows the kms:GenerateDataKey", "the key of KMS must allow" } },
		{ DENIED("Bucket is Requester Pays"),
		  { "Requester Pays", "set zllm.s3.requestPayer to requester" } },
		{ "HTTP/1.1 403 No\r\nConnection: close\r\n\r\n"
		  "{\"statusCode\":\"403\",\"message\":\"new row violates policy\"}",
		  { "(403 Forbidden: {", "new row violates policy" } },
		{ "HTTP/1.1 403 No\r\nConnection: close\r\n\r\n"
		  "<html><title>Forbidden</title></html>",
		  { "(403 Forbidden)", SCRIPT_KEY } },
		{ DENIED("Access Denied"),
		  { "(403 AccessDenied); if the bucket demands",
		    "is encrypted, set zllm.s3.sse" } },
		{ DENIED("a\x1b[31m&#27;]0;x&#7;\xc2\x9b\n  b\xe2\x80\xae c&#xe9;\xff"),
		  { "AccessDenied: a?[31m?]0;x??? b??? c", "c\xc3\xa9?)" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct http_step steps[] = {
			{ "PUT /bucket/pre/k ", cases[i].reply, 0, NULL, SCRIPT_CLOSE,
			  2 },
			{ GET_K, NO_SUCH_KEY, 0, NULL, SCRIPT_CLOSE, 1 },
		};
		struct scripted s;
		struct err err = ERR_INIT;
		scripted_begin(&s, steps);
		assert_int_equal(store_put_all(s.store, "k", "value", 5, &err),
		                 ERR_CONFIG);
		if (!has(err.text, cases[i].words[0]) ||
		    !has(err.text, cases[i].words[1]))
			fail_msg("%zu: %s", i, err.text);
		assert_null(strpbrk(err.text, "\n\x1b\x07"));
		scripted_end(&s);
	}
}

static void what_is_put_where_nothing_is_asks_for_the_endpoint(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /bucket/pre/k ",
		  "HTTP/1.1 404 No\r\nConnection: close\r\n\r\nno such route", 0, NULL,
		  SCRIPT_CLOSE, 1 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	scripted_begin(&s, steps);
	assert_int_equal(store_put_all(s.store, "k", "value", 5, &err), ERR_CONFIG);
	assert_true(has(err.text, "404: no such route; is http://127.0.0.1:"));
	scripted_end(&s);
}

/* ---------------------------------------------------------------- demands of buckets */

static const struct s3_demands all_demands = {
	.value = { "aws:kms", "arn:aws:kms:eu-west-1:1:key/2", "true", "STANDARD_IA",
	           "bucket-owner-full-control", "team=a&kind=model", "requester" }
};

#define MAKING_FIELDS                                                                    \
	"x-amz-server-side-encryption: aws:kms\r\n"                                      \
	"x-amz-server-side-encryption-aws-kms-key-id: arn:aws:kms:eu-west-1:1:key/2\r\n" \
	"x-amz-server-side-encryption-bucket-key-enabled: true\r\n"                      \
	"x-amz-storage-class: STANDARD_IA\r\n"                                           \
	"x-amz-acl: bucket-owner-full-control\r\n"                                       \
	"x-amz-tagging: team=a&kind=model\r\n"
#define PAYER "x-amz-request-payer: requester\r\n"
#define SIGNED_FOR_MAKING                                                        \
	"SignedHeaders=host;x-amz-acl;x-amz-content-sha256;x-amz-date;"          \
	"x-amz-request-payer;x-amz-security-token;x-amz-server-side-encryption;" \
	"x-amz-server-side-encryption-aws-kms-key-id;"                           \
	"x-amz-server-side-encryption-bucket-key-enabled;x-amz-storage-class;"   \
	"x-amz-tagging, Signature="
#define SIGNED_FOR_ALL                                                            \
	"SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-request-payer;" \
	"x-amz-security-token, Signature="

static void open_demanding(struct scripted *s, const struct http_step *steps,
                           size_t count, const struct s3_demands *demands)
{
	*s = (struct scripted){ .script = http_script_begin(steps, count) };
	struct s3_options options = scripted_options(s, NULL, 20000);

	options.demands = *demands;
	scripted_open_with(s, &options, scripted_keys());
}

/* Twice each, for a request is held against one text: what is sent, and what is signed. */
static void what_a_bucket_demands_goes_with_all_it_is_demanded_of(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /bucket/pre/k ", OK_EMPTY, 0, MAKING_FIELDS PAYER, SCRIPT_KEEP,
		  1 },
		{ "PUT /bucket/pre/k ", OK_EMPTY, 0, SIGNED_FOR_MAKING, SCRIPT_KEEP, 1 },
		{ "GET /bucket/pre/k ", GOOD, 0, PAYER, SCRIPT_KEEP, 1 },
		{ "GET /bucket/pre/k ", GOOD, 0, SIGNED_FOR_ALL, SCRIPT_KEEP, 1 },
		{ "GET /bucket/pre/k ", OK_EMPTY, 0, PAYER, SCRIPT_KEEP, 1 },
		{ "DELETE /bucket/pre/k ", "HTTP/1.1 204 Gone\r\n\r\n", 0, PAYER,
		  SCRIPT_KEEP, 1 },
		{ "GET /bucket/?list-type=2",
		  "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<ListBucketResult />", 0,
		  PAYER, SCRIPT_KEEP, 1 },
		{ "HEAD /bucket/pre/k ", OK_EMPTY, 0, PAYER, SCRIPT_KEEP, 1 },
	};
	struct scripted s;
	struct store_reader *r;
	struct err err = ERR_INIT;

	(void)state;
	open_demanding(&s, steps, COUNT(steps), &all_demands);
	for (int i = 0; i < 2; i++)
		assert_int_equal(store_put_all(s.store, "k", "", 0, &err), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(get_k(s.store, &err), 0);
	assert_int_equal(store_remove(s.store, "k", &err), 0);
	assert_int_equal(store_list(s.store, "a/", NULL, NULL, &err), 0);
	assert_int_equal(store_get(s.store, "k", 0, &r, &err), 0);
	store_reader_close(r);
	scripted_end(&s);
}

static void what_is_only_read_says_nothing_of_encryption(void **state)
{
	static const struct http_step steps[] = {
		{ "GET /bucket/pre/k ", GOOD, 0, "!x-amz-server-side", SCRIPT_KEEP, 1 },
	};
	struct scripted s;
	struct err err = ERR_INIT;

	(void)state;
	open_demanding(&s, steps, COUNT(steps), &all_demands);
	assert_int_equal(get_k(s.store, &err), 0);
	scripted_end(&s);
}

static void demands_that_cannot_be_are_refused(void **state)
{
	static const struct {
		struct s3_demands demands;
		const char *words;
	} cases[] = {
		{ { .value[S3_DEMAND_SSE] = "aes256" }, "AES256, aws:kms or" },
		{ { .value[S3_DEMAND_SSE] = "AES256\r\nx-amz-acl: public-read" },
		  "zllm.s3.sse" },
		{ { .value[S3_DEMAND_KMS_KEY] = "k" }, "zllm.s3.sse to aws:kms" },
		{ { .value = { "AES256", "k" } }, "zllm.s3.sse to aws:kms" },
		{ { .value = { "aws:kms", "a b" } }, "zllm.s3.sseKmsKeyId" },
		{ { .value = { "aws:kms", "k", "yes" } }, "zllm.s3.bucketKeyEnabled" },
		{ { .value[S3_DEMAND_STORAGE_CLASS] = "DEEP_ARCHIVE" }, "GLACIER_IR" },
		{ { .value[S3_DEMAND_ACL] = "private\n" }, "zllm.s3.acl" },
		{ { .value[S3_DEMAND_TAGGING] = "" }, "zllm.s3.tagging" },
		{ { .value[S3_DEMAND_REQUEST_PAYER] = "me" }, "use requester" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = ERR_INIT;
		if (s3_demands_check(&cases[i].demands, &err) != ERR_CONFIG ||
		    !has(err.text, cases[i].words))
			fail_msg("%zu: %d %s", i, err.code, err.text);
	}
	assert_int_equal(s3_demands_check(&all_demands, NULL), 0);
}

static void an_endpoint_with_a_path_has_its_buckets_below_it(void **state)
{
	static const struct http_step steps[] = {
		{ "PUT /storage/v1%20a/s3/bucket/pre/k HTTP", OK_EMPTY, 0, NULL,
		  SCRIPT_KEEP, 1 },
		{ "GET /storage/v1%20a/s3/bucket/pre/k HTTP", GOOD, 0, NULL, SCRIPT_KEEP,
		  1 },
		{ "GET /storage/v1%20a/s3/bucket/?list-type=2",
		  "HTTP/1.1 302 No\r\nLocation: http://127.0.0.1:1/x\r\n" NO_BODY, 0,
		  NULL, SCRIPT_KEEP, 1 },
	};
	struct scripted s = { .script = http_script_begin(steps, COUNT(steps)) };
	struct err err = ERR_INIT;
	char url[128];

	(void)state;
	snprintf(url, sizeof(url), "%s/storage/v1 a/s3/", s.script->url);
	scripted_open(&s, url, 2000, scripted_keys());
	assert_int_equal(store_put_all(s.store, "k", "value", 5, &err), 0);
	assert_int_equal(get_k(s.store, &err), 0);
	assert_int_equal(store_list(s.store, "a/", NULL, NULL, &err), ERR_CONFIG);
	assert_true(has(err.text, "/storage/v1%20a/s3 answers with a redirect"));
	assert_true(has(err.text, "not followed"));
	scripted_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_md5_is_given_where_it_is_demanded),
		cmocka_unit_test(an_md5_is_not_given_twice),
		cmocka_unit_test(
			a_refusal_is_told_in_the_services_words_and_with_its_remedy),
		cmocka_unit_test(what_is_put_where_nothing_is_asks_for_the_endpoint),
		cmocka_unit_test(what_a_bucket_demands_goes_with_all_it_is_demanded_of),
		cmocka_unit_test(what_is_only_read_says_nothing_of_encryption),
		cmocka_unit_test(demands_that_cannot_be_are_refused),
		cmocka_unit_test(an_endpoint_with_a_path_has_its_buckets_below_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
