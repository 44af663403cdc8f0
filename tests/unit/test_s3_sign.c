/*
 * Signature V4 on what AWS published: its "aws-sig-v4-test-suite" (those cases whose
 * path needs no normalising, which S3 does not do), and the examples of the S3
 * documentation, "Signature Calculations for the Authorization Header".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "codec/common/hex.h"
#include "codec/common/hmac.h"
#include "index/store/s3/s3_sign.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---------------------------------------------------------------- the test suite */

#define SUITE_HOST                              \
	{                                       \
		"host", "example.amazonaws.com" \
	}
#define SUITE_DATE                               \
	{                                        \
		"x-amz-date", "20150830T123600Z" \
	}
#define SUITE_TOKEN                                                                      \
	"AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuF"  \
	"qwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2" \
	"wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+" \
	"xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3" \
	"iSIlTJabIQwj2ICCR/oLxBA=="

static const struct {
	const char *name;
	const char *method, *path, *query, *payload;
	struct s3_field fields[6];
	const char *signed_fields;
	const char *signature;
} suite[] = {
	{ "get-vanilla",
	  "GET",
	  "/",
	  "",
	  S3_EMPTY_SHA256,
	  { SUITE_HOST, SUITE_DATE },
	  "host;x-amz-date",
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
	{ "post-vanilla",
	  "POST",
	  "/",
	  "",
	  S3_EMPTY_SHA256,
	  { SUITE_HOST, SUITE_DATE },
	  "host;x-amz-date",
	  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
	{ "get-vanilla-query-order-key-case",
	  "GET",
	  "/",
	  "Param1=value1&Param2=value2",
	  S3_EMPTY_SHA256,
	  { SUITE_HOST, SUITE_DATE },
	  "host;x-amz-date",
	  "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
	{ "get-vanilla-empty-query-key",
	  "GET",
	  "/",
	  "Param1=value1",
	  S3_EMPTY_SHA256,
	  { SUITE_HOST, SUITE_DATE },
	  "host;x-amz-date",
	  "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb" },
	{ "get-vanilla-utf8-query",
	  "GET",
	  "/",
	  "%E1%88%B4=bar",
	  S3_EMPTY_SHA256,
	  { SUITE_HOST, SUITE_DATE },
	  "host;x-amz-date",
	  "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04" },
	{ "get-utf8",
	  "GET",
	  "/%E1%88%B4",
	  "",
	  S3_EMPTY_SHA256,
	  { SUITE_HOST, SUITE_DATE },
	  "host;x-amz-date",
	  "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },
	{ "get-space",
	  "GET",
	  "/example%20space/",
	  "",
	  S3_EMPTY_SHA256,
	  { SUITE_HOST, SUITE_DATE },
	  "host;x-amz-date",
	  "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741" },
	{ "get-unreserved",
	  "GET",
	  "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	  "",
	  S3_EMPTY_SHA256,
	  { SUITE_HOST, SUITE_DATE },
	  "host;x-amz-date",
	  "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
	{ "get-header-key-duplicate",
	  "GET",
	  "/",
	  "",
	  S3_EMPTY_SHA256,
	  { SUITE_HOST,
	    { "my-header1", "value2" },
	    { "my-header1", "value2" },
	    { "my-header1", "value1" },
	    SUITE_DATE },
	  "host;my-header1;x-amz-date",
	  "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea" },
	{ "get-header-value-trim",
	  "GET",
	  "/",
	  "",
	  S3_EMPTY_SHA256,
	  { SUITE_HOST,
	    { "my-header1", " value1" },
	    { "my-header2", " \"a   b   c\"" },
	    SUITE_DATE },
	  "host;my-header1;my-header2;x-amz-date",
	  "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },
	{ "post-sts-header-before",
	  "POST",
	  "/",
	  "",
	  S3_EMPTY_SHA256,
	  { { "x-amz-security-token", SUITE_TOKEN }, SUITE_HOST, SUITE_DATE },
	  "host;x-amz-date;x-amz-security-token",
	  "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead" },
	{ "post-x-www-form-urlencoded",
	  "POST",
	  "/",
	  "",
	  "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
	  { { "content-type", "application/x-www-form-urlencoded" },
	    SUITE_HOST,
	    SUITE_DATE },
	  "content-type;host;x-amz-date",
	  "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" },
};

static unsigned count_fields(const struct s3_field *fields, unsigned max)
{
	unsigned n = 0;

	while (n < max && fields[n].name)
		n++;
	return n;
}

static void assert_signed(const char *name, const struct s3_to_sign *what,
                          const struct s3_keys *keys, const char *date,
                          const char *signed_fields, const char *signature)
{
	struct buf wanted = BUF_INIT, got = BUF_INIT;

	buf_addf(&wanted,
	         "AWS4-HMAC-SHA256 Credential=%s/%.8s/us-east-1/%s/aws4_request, "
	         "SignedHeaders=%s, Signature=%s",
	         keys->id, date, what->service, signed_fields, signature);
	s3_sign(what, keys, date, &got);
	if (got.failed || strcmp(buf_text(&got), buf_text(&wanted)) != 0)
		fail_msg("%s:\n%s\nwanted\n%s", name, buf_text(&got), buf_text(&wanted));
	buf_wipe(&wanted);
	buf_wipe(&got);
}

static void the_test_suite_of_aws_is_signed_as_published(void **state)
{
	static const struct s3_keys keys = { "AKIDEXAMPLE",
		                             "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		                             NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(suite); i++) {
		struct s3_to_sign what = {
			suite[i].method, suite[i].path,
			suite[i].query,  "us-east-1",
			"service",       suite[i].payload,
			suite[i].fields, count_fields(suite[i].fields, 6)
		};
		assert_signed(suite[i].name, &what, &keys, "20150830T123600Z",
		              suite[i].signed_fields, suite[i].signature);
	}
}

/* ---------------------------------------------------------------- the examples of S3 */

#define S3_HOST                                          \
	{                                                \
		"host", "examplebucket.s3.amazonaws.com" \
	}
#define S3_DATE                                  \
	{                                        \
		"x-amz-date", "20130524T000000Z" \
	}
#define S3_EMPTY                                        \
	{                                               \
		"x-amz-content-sha256", S3_EMPTY_SHA256 \
	}
#define PUT_SHA256 "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"

static const struct {
	const char *method, *path, *query, *payload;
	struct s3_field fields[6];
	const char *signed_fields;
	const char *signature;
} examples[] = {
	{ "GET",
	  "/test.txt",
	  "",
	  S3_EMPTY_SHA256,
	  { S3_HOST, { "range", "bytes=0-9" }, S3_EMPTY, S3_DATE },
	  "host;range;x-amz-content-sha256;x-amz-date",
	  "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
	{ "PUT",
	  "/test%24file.text",
	  "",
	  PUT_SHA256,
	  { { "date", "Fri, 24 May 2013 00:00:00 GMT" },
	    S3_HOST,
	    { "x-amz-content-sha256", PUT_SHA256 },
	    S3_DATE,
	    { "x-amz-storage-class", "REDUCED_REDUNDANCY" } },
	  "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
	  "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
	{ "GET",
	  "/",
	  "lifecycle=",
	  S3_EMPTY_SHA256,
	  { S3_HOST, S3_EMPTY, S3_DATE },
	  "host;x-amz-content-sha256;x-amz-date",
	  "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
	{ "GET",
	  "/",
	  "max-keys=2&prefix=J",
	  S3_EMPTY_SHA256,
	  { S3_HOST, S3_EMPTY, S3_DATE },
	  "host;x-amz-content-sha256;x-amz-date",
	  "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
};

static void the_examples_of_s3_are_signed_as_published(void **state)
{
	static const struct s3_keys keys = { "AKIAIOSFODNN7EXAMPLE",
		                             "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		                             NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		struct s3_to_sign what = { examples[i].method,
			                   examples[i].path,
			                   examples[i].query,
			                   "us-east-1",
			                   "s3",
			                   examples[i].payload,
			                   examples[i].fields,
			                   count_fields(examples[i].fields, 6) };
		assert_signed(examples[i].path, &what, &keys, "20130524T000000Z",
		              examples[i].signed_fields, examples[i].signature);
	}
}

static void the_order_of_fields_does_not_matter(void **state)
{
	static const struct s3_keys keys = { "AKIDEXAMPLE",
		                             "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		                             NULL };
	static const struct s3_field fields[] = { SUITE_DATE, SUITE_HOST };
	struct s3_to_sign what = { "GET",           "/",    "", "us-east-1", "service",
		                   S3_EMPTY_SHA256, fields, 2 };

	(void)state;
	assert_signed("get-vanilla", &what, &keys, "20150830T123600Z", "host;x-amz-date",
	              suite[0].signature);
}

/* ---------------------------------------------------------------- the parts */

static void paths_and_queries_are_encoded_byte_by_byte(void **state)
{
	static const struct {
		const char *text, *path, *query;
	} cases[] = {
		{ "", "", "" },
		{ "a/b", "a/b", "a%2Fb" },
		{ "AZaz09-._~", "AZaz09-._~", "AZaz09-._~" },
		{ "a b+c=d&e", "a%20b%2Bc%3Dd%26e", "a%20b%2Bc%3Dd%26e" },
		{ "\xc3\xa9@:%", "%C3%A9%40%3A%25", "%C3%A9%40%3A%25" },
		{ "\xff", "%FF", "%FF" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf path = BUF_INIT, query = BUF_INIT;
		s3_encode_path(cases[i].text, &path);
		s3_encode(cases[i].text, &query);
		assert_string_equal(buf_text(&path), cases[i].path);
		assert_string_equal(buf_text(&query), cases[i].query);
		buf_wipe(&path);
		buf_wipe(&query);
	}
}

static void dates_are_in_utc(void **state)
{
	char date[S3_DATE_MAX];

	(void)state;
	s3_date(1440938160, date);
	assert_string_equal(date, "20150830T123600Z");
	s3_date(0, date);
	assert_string_equal(date, "19700101T000000Z");
}

/* RFC 4231, test cases 1, 2 and 6. */
static void hmac_is_that_of_the_rfc(void **state)
{
	static const struct {
		uint8_t key[131];
		size_t key_size;
		const char *message, *mac;
	} cases[] = {
		{ { 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
		    0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b },
		  20,
		  "Hi There",
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ "Jefe", 4, "what do ya want for nothing?",
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ { 0xaa }, /* filled below */
		  131,
		  "Test Using Larger Than Block-Size Key - Hash Key First",
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t key[131];
		char text[SHA256_HEX + 1];
		struct oid mac;
		memcpy(key, cases[i].key, sizeof(key));
		if (cases[i].key_size == sizeof(key))
			memset(key, 0xaa, sizeof(key));
		assert_true(hmac_sha256(key, cases[i].key_size, cases[i].message,
		                        strlen(cases[i].message), &mac));
		oid_format(&mac, text);
		assert_string_equal(text, cases[i].mac);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_test_suite_of_aws_is_signed_as_published),
		cmocka_unit_test(the_examples_of_s3_are_signed_as_published),
		cmocka_unit_test(the_order_of_fields_does_not_matter),
		cmocka_unit_test(paths_and_queries_are_encoded_byte_by_byte),
		cmocka_unit_test(dates_are_in_utc),
		cmocka_unit_test(hmac_is_that_of_the_rfc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
