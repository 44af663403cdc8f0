/* What `git lfs prune --dry-run --verbose` prints, of several versions and terminals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/git/lfs_prunable.h"
#include "codec/common/buf.h"
#include "codec/common/sha256.h"

#define A "e6b1fd9d18dfa1d225ad6013d4419050b68d9bc2ec398a05c835854709946aba"
#define B "3a1fc7df186c79ceca56707d515fbe31c0290f615ddf38526962aec126f93c6a"

static size_t count_of(const char *text)
{
	struct buf out = BUF_INIT;

	lfs_prunable_parse(text, strlen(text), &out);
	size_t count = out.size / sizeof(struct oid);
	buf_wipe(&out);
	return count;
}

static void oids_are_taken_from_lists_and_from_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(count_of(""), 0);
	assert_int_equal(count_of("prune: 5 local objects, 5 retained, done.\n"), 0);
	assert_int_equal(count_of(" * " A " (2.1 MB)\n * " B " (1 KB), done.\n"), 2);
	assert_int_equal(count_of("prune: 2 files would be pruned (8.2 MB)   \r\n * " A
	                          " (2.1 MB)  \r\n * " B " (2.1 MB)"),
	                 2);
	assert_int_equal(count_of(" * " A), 0);
	assert_int_equal(count_of(" * " A "0 (1 KB)\n"), 0);
	assert_int_equal(count_of(" * E6B1" B " (1 KB)\n"), 0);
	assert_int_equal(count_of("missing " A " (1 KB)\n* " A " (1 KB)\n"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oids_are_taken_from_lists_and_from_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
