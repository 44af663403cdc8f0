#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/store/s3/s3_endpoint.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void endpoints_become_urls(void **state)
{
	static const struct {
		const char *url, *region, *bucket;
		enum s3_addressing addressing;
		const char *origin, *host, *path;
		int tls, loopback;
	} cases[] = {
		{ NULL, "eu-west-1", "b-1", S3_AUTO,
		  "https://b-1.s3.eu-west-1.amazonaws.com",
		  "b-1.s3.eu-west-1.amazonaws.com", "", 1, 0 },
		{ "", "us-east-1", "has.dots", S3_AUTO,
		  "https://s3.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com",
		  "/has.dots", 1, 0 },
		{ NULL, "cn-north-1", "bbb", S3_PATH,
		  "https://s3.cn-north-1.amazonaws.com.cn",
		  "s3.cn-north-1.amazonaws.com.cn", "/bbb", 1, 0 },
		{ "https://S3.Example.org/", "x", "bbb", S3_AUTO,
		  "https://s3.example.org", "s3.example.org", "/bbb", 1, 0 },
		{ "https://s3.example.org", "x", "bbb", S3_VIRTUAL,
		  "https://bbb.s3.example.org", "bbb.s3.example.org", "", 1, 0 },
		{ "https://h:443", "x", "bbb", S3_AUTO, "https://h", "h", "/bbb", 1, 0 },
		{ "https://h:8443", "x", "bbb", S3_AUTO, "https://h:8443", "h:8443",
		  "/bbb", 1, 0 },
		{ "https://h/storage/v1/s3", "x", "bbb", S3_AUTO, "https://h", "h",
		  "/storage/v1/s3/bbb", 1, 0 },
		{ "https://h:444/a/b///", "x", "bbb", S3_PATH, "https://h:444", "h:444",
		  "/a/b/bbb", 1, 0 },
		{ "https://h//", "x", "bbb", S3_VIRTUAL, "https://bbb.h", "bbb.h", "", 1,
		  0 },
		{ "https://h/a b/%7Ec%2fd+\xc3\xa4%41", "x", "bbb", S3_AUTO, "https://h",
		  "h", "/a%20b/~c%2Fd%2B%C3%A4A/bbb", 1, 0 },
		{ "https://x.s3.eu-west-1.amazonaws.com/p", "x", "bbb", S3_AUTO,
		  "https://x.s3.eu-west-1.amazonaws.com", "x.s3.eu-west-1.amazonaws.com",
		  "/p/bbb", 1, 0 },
		{ "http://127.0.0.1:9000/p", "x", "bbb", S3_AUTO, "http://127.0.0.1:9000",
		  "127.0.0.1:9000", "/p/bbb", 0, 1 },
		{ "http://h:80/", "x", "bbb", S3_AUTO, "http://h", "h", "/bbb", 0, 0 },
		{ "http://h:443", "x", "bbb", S3_AUTO, "http://h:443", "h:443", "/bbb", 0,
		  0 },
		{ "http://127.0.0.1:9000", "x", "bbb", S3_AUTO, "http://127.0.0.1:9000",
		  "127.0.0.1:9000", "/bbb", 0, 1 },
		{ "http://127.9.9.9", "x", "bbb", S3_AUTO, "http://127.9.9.9",
		  "127.9.9.9", "/bbb", 0, 1 },
		{ "http://[::1]:9000", "x", "bbb", S3_AUTO, "http://[::1]:9000",
		  "[::1]:9000", "/bbb", 0, 1 },
		{ "http://localhost", "x", "bbb", S3_AUTO, "http://localhost",
		  "localhost", "/bbb", 0, 1 },
		{ "http://s3.localhost", "x", "bbb", S3_AUTO, "http://s3.localhost",
		  "s3.localhost", "/bbb", 0, 1 },
		{ "http://127.0.0.1.example.org", "x", "bbb", S3_AUTO,
		  "http://127.0.0.1.example.org", "127.0.0.1.example.org", "/bbb", 0, 0 },
		{ "http://notlocalhost", "x", "bbb", S3_AUTO, "http://notlocalhost",
		  "notlocalhost", "/bbb", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct s3_place place = { cases[i].url, cases[i].region, cases[i].bucket,
			                  cases[i].addressing };
		struct s3_endpoint e = { 0 };
		struct err err = ERR_INIT;
		if (s3_endpoint_make(&place, &e, &err))
			fail_msg("%s: %s", cases[i].url, err.text);
		assert_string_equal(e.origin, cases[i].origin);
		assert_string_equal(e.host, cases[i].host);
		assert_string_equal(e.path, cases[i].path);
		assert_int_equal(e.tls, cases[i].tls);
		assert_int_equal(e.loopback, cases[i].loopback);
		s3_endpoint_wipe(&e);
	}
}

static void what_is_no_endpoint_is_refused(void **state)
{
	static const char *const bad[] = {
		"s3.example.org",    "ftp://h",
		"https://",          "https://h/p?x",
		"https://h?x",       "https://user@h",
		"https://user:pw@h", "https://h:",
		"https://h:0",       "https://h:65536",
		"https://h:99999x",  "https://h:-1",
		"https://[::1",      "https://[]",
		"https://h h",       "https://h\nHost: x",
		"https://h#x",       "https://[zz]",
		"https://h/../x",    "//h",
		"https:///x",        "https://h/x#y",
		"https://h/a/./b",   "https://h/%2E%2e/x",
		"https://h/a%",      "https://h/a%2",
		"https://h/a%zz",    "https://h/a%00b",
		"https://h/a%0ab",   "https://h/a\nb",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct s3_place place = { bad[i], "x", "bbb", S3_AUTO };
		struct s3_endpoint e = { 0 };
		struct err err = ERR_INIT;
		if (s3_endpoint_make(&place, &e, &err) != ERR_CONFIG)
			fail_msg("taken: %s", bad[i]);
		assert_true(strlen(err.text) > 20);
		assert_null(e.origin);
	}
}

static void a_bucket_in_the_host_does_not_go_with_a_path(void **state)
{
	struct s3_place place = { "https://h/p/", "x", "bbb", S3_VIRTUAL };
	struct s3_endpoint e = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(s3_endpoint_make(&place, &e, &err), ERR_CONFIG);
	assert_non_null(strstr(err.text, "'https://h/p/' has a path"));
	assert_non_null(strstr(err.text, "zllm.s3.addressing to path"));
	assert_null(e.origin);
}

static void names_of_buckets_and_regions_are_checked(void **state)
{
	static const char *const buckets[] = { "abc", "my.bucket-1", "Old_Style" };
	static const char *const no_buckets[] = { "",     "ab",  "a/b", "a..b",  ".abc",
		                                  "-abc", "a b", "a%b", "abc\n", "a?b" };
	static const char *const no_regions[] = { "", "a b", "a/b", "a.b", "a\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(buckets); i++)
		assert_true(s3_bucket_valid(buckets[i]));
	for (size_t i = 0; i < COUNT(no_buckets); i++)
		assert_false(s3_bucket_valid(no_buckets[i]));
	for (size_t i = 0; i < COUNT(no_regions); i++)
		assert_false(s3_region_valid(no_regions[i]));
	assert_true(s3_region_valid("eu-central-1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_become_urls),
		cmocka_unit_test(what_is_no_endpoint_is_refused),
		cmocka_unit_test(a_bucket_in_the_host_does_not_go_with_a_path),
		cmocka_unit_test(names_of_buckets_and_regions_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
