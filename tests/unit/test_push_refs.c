#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/git/push_refs.h"
#include "codec/common/err.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ZERO "0000000000000000000000000000000000000000"

static void a_clients_lines_name_what_is_pushed(void **state)
{
	struct push_refs refs = PUSH_REFS_INIT;

	(void)state;
	assert_int_equal(push_refs_parse("refs/heads/x " A " refs/heads/y " B "\n"
	                                 "(delete) " ZERO " refs/heads/gone " B "\n"
	                                 "HEAD " B " refs/heads/new " ZERO "\n",
	                                 PUSH_REFS_CLIENT, &refs, NULL),
	                 0);
	assert_int_equal(refs.count, 2);
	assert_string_equal(refs.list[0].name, "refs/heads/y");
	assert_string_equal(refs.list[0].new_id, A);
	assert_string_equal(refs.list[0].old_id, B);
	assert_string_equal(refs.list[1].new_id, B);
	assert_string_equal(refs.list[1].old_id, "");
	push_refs_wipe(&refs);
}

static void a_servers_lines_name_what_came(void **state)
{
	struct push_refs refs = PUSH_REFS_INIT;

	(void)state;
	assert_int_equal(push_refs_parse(A " " B " refs/heads/x\n" A " " ZERO
	                                   " refs/heads/gone",
	                                 PUSH_REFS_SERVER, &refs, NULL),
	                 0);
	assert_int_equal(refs.count, 1);
	assert_string_equal(refs.list[0].name, "refs/heads/x");
	assert_string_equal(refs.list[0].new_id, B);
	assert_string_equal(refs.list[0].old_id, A);
	push_refs_wipe(&refs);
}

static void nothing_pushed_is_no_error(void **state)
{
	struct push_refs refs = PUSH_REFS_INIT;

	(void)state;
	assert_int_equal(push_refs_parse("", PUSH_REFS_CLIENT, &refs, NULL), 0);
	assert_int_equal(refs.count, 0);
}

static void other_lines_are_refused(void **state)
{
	static const char *const bad[] = {
		"x\n",
		A "\n",
		A " " B "\n",
		A " " B " \n",
		"x " B " refs/heads/x\n",
		A " --all refs/heads/x\n",
		A "a " B " refs/heads/x\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct push_refs refs = PUSH_REFS_INIT;
		if (push_refs_parse(bad[i], PUSH_REFS_SERVER, &refs, NULL) != ERR_INPUT)
			fail_msg("taken: %s", bad[i]);
		assert_null(refs.list);
		assert_int_equal(push_refs_parse(bad[i], PUSH_REFS_CLIENT, &refs, NULL),
		                 ERR_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clients_lines_name_what_is_pushed),
		cmocka_unit_test(a_servers_lines_name_what_came),
		cmocka_unit_test(nothing_pushed_is_no_error),
		cmocka_unit_test(other_lines_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
