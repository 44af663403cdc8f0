/* What git-annex sends, its keys, and its files as git has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/annex/annex_message.h"
#include "agent/git/annex_key.h"
#include "agent/git/annex_link.h"
#include "agent/git/lfs_pointer.h"
#include "codec/common/err.h"

#define HASH "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"

static void what_git_annex_sends_is_understood(void **state)
{
	static const struct {
		const char *line;
		unsigned job;
		enum annex_verb verb;
		const char *key, *rest;
	} all[] = {
		{ "EXTENSIONS INFO ASYNC", 0, ANNEX_EXTENSIONS, NULL, "INFO ASYNC" },
		{ "PREPARE", 0, ANNEX_PREPARE, NULL, "" },
		{ "J 1 PREPARE", 1, ANNEX_PREPARE, NULL, "" },
		{ "J 999999999 INITREMOTE", 999999999, ANNEX_INITREMOTE, NULL, "" },
		{ "TRANSFER STORE K-s1--a /b c/d", 0, ANNEX_STORE, "K-s1--a", "/b c/d" },
		{ "J 7 TRANSFER RETRIEVE K--a  f", 7, ANNEX_RETRIEVE, "K--a", " f" },
		{ "CHECKPRESENT K--a", 0, ANNEX_CHECKPRESENT, "K--a", "" },
		{ "CHECKPRESENT K--a b", 0, ANNEX_CHECKPRESENT, "K--a b", "" },
		{ "REMOVE K--a", 0, ANNEX_REMOVE, "K--a", "" },
		{ "WHEREIS K--a", 0, ANNEX_WHEREIS, "K--a", "" },
		{ "VALUE", 0, ANNEX_VALUE, NULL, "" },
		{ "VALUE ", 0, ANNEX_VALUE, NULL, "" },
		{ "J 2 VALUE a b", 2, ANNEX_VALUE, NULL, "a b" },
		{ "ERROR no", 0, ANNEX_ERROR, NULL, "no" },
		{ "GETORDERED", 0, ANNEX_GETORDERED, NULL, "" },
		{ "CLAIMURL http://x/y", 0, ANNEX_UNKNOWN, NULL, "" },
		{ "TRANSFER MOVE K--a f", 0, ANNEX_UNKNOWN, NULL, "" },
		{ "PREPARED", 0, ANNEX_UNKNOWN, NULL, "" },
		{ "", 0, ANNEX_UNKNOWN, NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct annex_message m;
		struct err err = ERR_INIT;
		char *line = strdup(all[i].line);
		if (annex_message_parse(line, strlen(line), &m, &err))
			fail_msg("%s: %s", all[i].line, err.text);
		assert_int_equal(m.job, all[i].job);
		assert_int_equal(m.verb, all[i].verb);
		assert_string_equal(m.rest, all[i].rest);
		if (all[i].key)
			assert_string_equal(m.key, all[i].key);
		else
			assert_null(m.key);
		free(line);
	}
}

static void what_makes_no_sense_is_refused_in_words(void **state)
{
	static const char *const bad[] = {
		"J PREPARE",
		"J 0 PREPARE",
		"J 1",
		"J 1234567890 PREPARE",
		"J -1 PREPARE",
		"J 1x REMOVE",
		"CHECKPRESENT",
		"REMOVE ",
		"TRANSFER STORE",
		"TRANSFER STORE K--a",
		"TRANSFER RETRIEVE K--a ",
		"TRANSFER STORE  f",
		"WHEREIS",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct annex_message m;
		struct err err = ERR_INIT;
		char *line = strdup(bad[i]);
		if (annex_message_parse(line, strlen(line), &m, &err) != ERR_INPUT)
			fail_msg("taken: %s", bad[i]);
		assert_true(*err.text);
		free(line);
	}
	struct annex_message m;
	char zero[] = "REMOVE a\0b";
	assert_int_equal(annex_message_parse(zero, sizeof(zero) - 1, &m, NULL),
	                 ERR_INPUT);
}

static void keys_say_their_object_or_that_they_do_not(void **state)
{
	static const struct {
		const char *text;
		int good, has_oid, has_size, is_chunk;
	} all[] = {
		{ "SHA256E-s1000--" HASH ".bin", 1, 1, 1, 0 },
		{ "SHA256E-s1000--" HASH, 1, 1, 1, 0 },
		{ "SHA256E--" HASH ".tar.gz", 1, 1, 0, 0 },
		{ "SHA256-s0--" HASH, 1, 1, 1, 0 },
		{ "SHA256-s5--" HASH ".bin", 1, 0, 1, 0 },
		{ "SHA256E-s1000-S500-C1--" HASH ".bin", 1, 0, 1, 1 },
		{ "SHA256E-s1000--" HASH "0", 1, 0, 1, 0 },
		{ "SHA256E-s1000--ABCDEF", 1, 0, 1, 0 },
		{ "SHA512E-s1000--" HASH HASH, 1, 0, 1, 0 },
		{ "MD5-s3--0123", 1, 0, 1, 0 },
		{ "WORM-s5-m1700000000--a b", 1, 0, 1, 0 },
		{ "WORM-s5-m1700000000.25--a", 1, 0, 1, 0 },
		{ "URL--http&c%%x%y", 1, 0, 0, 0 },
		{ "GPGHMACSHA1--0123", 1, 0, 0, 0 },
		{ "XVARIANT_2-s1--x", 1, 0, 1, 0 },
		{ "", 0, 0, 0, 0 },
		{ "--x", 0, 0, 0, 0 },
		{ "MD5", 0, 0, 0, 0 },
		{ "MD5-s3-0123", 0, 0, 0, 0 },
		{ "MD5-s3--", 0, 0, 0, 0 },
		{ "MD5-s--x", 0, 0, 0, 0 },
		{ "MD5-s99999999999999999999--x", 0, 0, 0, 0 },
		{ "MD5-q3--x", 0, 0, 0, 0 },
		{ "md5-s3--x", 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct annex_key k = { .has_size = false };
		int good = annex_key_parse(all[i].text, strlen(all[i].text), &k);
		if (good != all[i].good || (good && (k.has_oid != all[i].has_oid ||
		                                     k.has_size != all[i].has_size ||
		                                     k.is_chunk != all[i].is_chunk)))
			fail_msg("%s: %d, object %d, size %d, chunk %d", all[i].text,
			         good, k.has_oid, k.has_size, k.is_chunk);
	}
	struct annex_key k;
	assert_false(annex_key_parse("MD5--a\nb", 8, &k));
}

static void links_and_pointer_files_say_which_object_they_are(void **state)
{
#define KEY "SHA256E-s1000--" HASH ".bin"
	static const struct {
		const char *text;
		int good;
	} all[] = {
		{ "../../.git/annex/objects/9J/6x/" KEY "/" KEY, 1 },
		{ ".git/annex/objects/9J/6x/" KEY "/" KEY, 1 },
		{ "/annex/objects/" KEY "\n", 1 },
		{ "/annex/objects/" KEY, 1 },
		{ "/annex/objects/" KEY "\n/annex/ a remark for people\n", 1 },
		{ "annex/objects/" KEY, 0 },
		{ "/annex/objects/MD5-s3--x\n", 0 },
		{ "/annex/objects/SHA256E--" HASH "\n", 0 },
		{ "/annex/objects/\n", 0 },
		{ "a text\n/annex/objects/" KEY "\n", 0 },
		{ "", 0 },
	};
	struct lfs_pointer p;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (annex_link_parse(all[i].text, strlen(all[i].text), &p) != all[i].good)
			fail_msg("%s", all[i].text);
	assert_true(annex_link_parse(all[0].text, strlen(all[0].text), &p));
	assert_int_equal(p.size, 1000);
	char hex[SHA256_HEX + 1];
	oid_format(&p.oid, hex);
	assert_string_equal(hex, HASH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_git_annex_sends_is_understood),
		cmocka_unit_test(what_makes_no_sense_is_refused_in_words),
		cmocka_unit_test(keys_say_their_object_or_that_they_do_not),
		cmocka_unit_test(links_and_pointer_files_say_which_object_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
