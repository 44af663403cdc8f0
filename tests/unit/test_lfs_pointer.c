#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/git/lfs_pointer.h"

#define HEX "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
#define V1 "version https://git-lfs.github.com/spec/v1\n"
#define OID "oid sha256:" HEX "\n"
#define EXT(n) "ext-" n " sha256:" HEX "\n"

static const struct {
	const char *why;
	const char *text;
	uint64_t size;
} pointers[] = {
	{ "canonical", V1 OID "size 12345\n", 12345 },
	{ "no final newline", V1 OID "size 0", 0 },
	{ "white space around", "\n \t" V1 OID "size 7 \r\n\n", 7 },
	{ "CRLF",
	  "version https://git-lfs.github.com/spec/v1\r\noid sha256:" HEX
	  "\r\nsize 7\r\n",
	  7 },
	{ "empty lines between", V1 "\n" OID "\n\nsize 7\n", 7 },
	{ "first version", "version http://git-media.io/v/2\n" OID "size 7\n", 7 },
	{ "second version", "version https://hawser.github.com/spec/v1\n" OID "size 7\n",
	  7 },
	{ "extensions", V1 EXT("0-foo") EXT("1-bar") OID "size 7\n", 7 },
	{ "extensions anywhere", EXT("3-foo") V1 OID EXT("1-b_r") "size 7\n", 7 },
	{ "largest size", V1 OID "size 9223372036854775807\n", INT64_MAX },
	{ "as Go reads numbers", V1 OID "size +007\n", 7 },
};

static const struct {
	const char *why;
	const char *text;
} others[] = {
	{ "nothing", "" },
	{ "spaces", " \n \n" },
	{ "no version", OID "size 7\n" },
	{ "other version",
	  "version https://git-lfs.github.com/spec/v9\n" OID "size 7\n" },
	{ "wrong order", V1 "size 7\n" OID },
	{ "no size", V1 OID },
	{ "negative size", V1 OID "size -1\n" },
	{ "size with words", V1 OID "size 7 bytes\n" },
	{ "size without digits", V1 OID "size +\n" },
	{ "size too large", V1 OID "size 9223372036854775808\n" },
	{ "size far too large", V1 OID "size 99999999999999999999999\n" },
	{ "other hash", V1 "oid sha512:" HEX "\nsize 7\n" },
	{ "short hash", V1 "oid sha256:4d7a\nsize 7\n" },
	{ "long hash", V1 "oid sha256:" HEX "0\nsize 7\n" },
	{ "upper case", V1
	  "oid sha256:4D7A214614AB2935C943F9E0FF69D22EADBB8F32B1258DAAA5E2CA24D17E2393\n"
	  "size 7\n" },
	{ "extra line", V1 OID "size 7\nmore 1\n" },
	{ "unknown line", V1 "more 1\n" OID "size 7\n" },
	{ "line of one word", V1 OID "size 7\nmore\n" },
	{ "twice the same", V1 V1 OID "size 7\n" },
	{ "extension without digit", V1 "ext-foo sha256:" HEX "\n" OID "size 7\n" },
	{ "extension of two digits", V1 EXT("10-foo") OID "size 7\n" },
	{ "priority twice", V1 EXT("0-foo") EXT("0-bar") OID "size 7\n" },
	{ "extension after the end", V1 OID "size 7\n" EXT("0-foo") },
	{ "extension without hash", V1 "ext-0-foo bar\n" OID "size 7\n" },
};

/* From memory that is exactly as large as the text. */
static bool parse(const char *text, struct lfs_pointer *out)
{
	size_t n = strlen(text);
	char *copy = malloc(n + !n);

	memcpy(copy, text, n);
	bool is = lfs_pointer_parse(copy, n, out);
	free(copy);
	return is;
}

static void what_git_lfs_takes_is_taken(void **state)
{
	struct oid oid;

	(void)state;
	assert_true(oid_parse(HEX, &oid));
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		struct lfs_pointer p = { 0 };
		if (!parse(pointers[i].text, &p))
			fail_msg("%s: refused", pointers[i].why);
		assert_true(oid_equal(&p.oid, &oid));
		assert_int_equal(p.size, pointers[i].size);
	}
}

static void what_git_lfs_refuses_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct lfs_pointer p = { .size = 42 };
		if (parse(others[i].text, &p))
			fail_msg("%s: taken", others[i].why);
		assert_int_equal(p.size, 42);
	}
}

static void blobs_of_1024_bytes_are_no_pointers(void **state)
{
	static const char text[] = V1 OID "size 7";
	char blob[1024];
	struct lfs_pointer p;

	(void)state;
	memset(blob, '\n', sizeof(blob));
	memcpy(blob, text, strlen(text));
	assert_true(lfs_pointer_parse(blob, 1023, &p));
	assert_false(lfs_pointer_parse(blob, 1024, &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_git_lfs_takes_is_taken),
		cmocka_unit_test(what_git_lfs_refuses_is_refused),
		cmocka_unit_test(blobs_of_1024_bytes_are_no_pointers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
