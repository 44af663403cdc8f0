#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/session/lfs_message.h"
#include "codec/common/err.h"

#define OID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int parse(const char *line, struct lfs_message *m, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return lfs_message_parse(line, strlen(line), m, err);
}

static void what_git_lfs_sends_is_understood(void **state)
{
	struct lfs_message m;
	struct err err;

	(void)state;
	assert_int_equal(parse("{\"event\":\"init\",\"operation\":\"upload\",\"remote\":"
	                       "\"origin\","
	                       "\"concurrent\":true,\"concurrenttransfers\":8}\n",
	                       &m, &err),
	                 0);
	assert_int_equal(m.event, LFS_INIT);
	assert_true(m.upload);
	assert_string_equal(m.remote, "origin");
	lfs_message_wipe(&m);

	assert_int_equal(
		parse("{\"event\":\"upload\",\"oid\":\"" OID "\",\"size\":4294967297,"
	              "\"path\":\"/a b/\\u00e9\",\"action\":null,\"new\":[1,{}]}",
	              &m, &err),
		0);
	assert_int_equal(m.event, LFS_UPLOAD);
	assert_int_equal(m.size, 4294967297u);
	assert_string_equal(m.path, "/a b/\xc3\xa9");
	assert_string_equal(m.oid_text, OID);
	lfs_message_wipe(&m);

	assert_int_equal(parse("{\"event\":\"terminate\"}", &m, &err), 0);
	assert_int_equal(m.event, LFS_TERMINATE);
	lfs_message_wipe(&m);
}

static void what_makes_no_sense_is_refused_in_words(void **state)
{
	static const char *const lines[] = {
		"",
		"hello",
		"[]",
		"{}",
		"{\"event\":5}",
		"{\"event\":\"dance\"}",
		"{\"event\":\"init\"}",
		"{\"event\":\"init\",\"operation\":\"sideways\"}",
		"{\"event\":\"terminate\"} {\"event\":\"terminate\"}",
		"{\"event\":\"download\"}",
		"{\"event\":\"download\",\"oid\":\"../../etc/passwd\",\"size\":1}",
		"{\"event\":\"download\",\"oid\":\"" OID "\"}",
		"{\"event\":\"download\",\"oid\":\"" OID "\",\"size\":-1}",
		"{\"event\":\"download\",\"oid\":\"" OID "\",\"size\":1.5}",
		"{\"event\":\"download\",\"oid\":\"" OID "\",\"size\":1e300}",
		"{\"event\":\"download\",\"oid\":\"" OID "0\",\"size\":1}",
		"{\"event\":\"upload\",\"oid\":\"" OID "\",\"size\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct lfs_message m;
		struct err err;
		assert_int_equal(parse(lines[i], &m, &err), ERR_INPUT);
		assert_true(strlen(err.text) > 10);
		lfs_message_wipe(&m);
	}
}

static void a_bad_transfer_still_names_its_oid(void **state)
{
	struct lfs_message m;
	struct err err;

	(void)state;
	assert_int_equal(parse("{\"event\":\"upload\",\"oid\":\"nonsense\",\"size\":1,"
	                       "\"path\":\"/x\"}",
	                       &m, &err),
	                 ERR_INPUT);
	assert_string_equal(m.oid_text, "nonsense");
	lfs_message_wipe(&m);
}

static void replies_are_one_line_of_json(void **state)
{
	struct err err = { ERR_IO, "disk \"a\" is full" };

	(void)state;
	const struct {
		char *text;
		const char *expected;
	} replies[] = {
		{ lfs_reply_init(NULL), "{}" },
		{ lfs_reply_init(&err),
		  "{\"error\":{\"code\":2,\"message\":\"disk \\\"a\\\" is full\"}}" },
		{ lfs_reply_progress("ab", 9007199254740993u, 3),
		  "{\"event\":\"progress\",\"oid\":\"ab\",\"bytesSoFar\":"
		  "9007199254740993,"
		  "\"bytesSinceLast\":3}" },
		{ lfs_reply_complete("ab", "/tmp/x", NULL),
		  "{\"event\":\"complete\",\"oid\":\"ab\",\"path\":\"/tmp/x\"}" },
		{ lfs_reply_complete("ab", NULL, NULL),
		  "{\"event\":\"complete\",\"oid\":\"ab\"}" },
		{ lfs_reply_complete("ab", "/tmp/x", &err),
		  "{\"event\":\"complete\",\"oid\":\"ab\",\"error\":{\"code\":2,"
		  "\"message\":"
		  "\"disk \\\"a\\\" is full\"}}" },
	};
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		assert_string_equal(replies[i].text, replies[i].expected);
		free(replies[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_git_lfs_sends_is_understood),
		cmocka_unit_test(what_makes_no_sense_is_refused_in_words),
		cmocka_unit_test(a_bad_transfer_still_names_its_oid),
		cmocka_unit_test(replies_are_one_line_of_json),
	};
	return cmocka_run_group_tests_name("lfs_message", tests, NULL, NULL);
}
