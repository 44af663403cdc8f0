/* What git's objects say, and how many of them are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/git/git_object.h"
#include "agent/git/object_cache.h"
#include "codec/common/buf.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ID "0123456789abcdef0123456789abcdef01234567"
#define OTHER "89abcdef0123456789abcdef0123456789abcdef"
#define MAN "A <a@b>"

static void a_commit_has_a_tree_parents_and_a_time(void **state)
{
	static const char text[] = "tree " ID "\nparent " OTHER "\nparent " ID
				   "\nauthor " MAN " 1 +0000\ncommitter B > 9 <b@c> 77 "
				   "-0100\ngpgsig x\n y\n\ncommitter " MAN " 5 +0000\n";
	struct git_commit c;

	(void)state;
	assert_true(git_commit_parse(text, strlen(text), GIT_ID_SHA1, &c));
	assert_string_equal(c.tree.hex, ID);
	assert_int_equal(c.facts.time, 77);
	assert_int_equal(c.facts.parent_count, 2);
	assert_int_equal(c.all_parents, 2);
	assert_string_equal(c.facts.parents[0].hex, OTHER);
	assert_false(git_commit_parse(text, strlen(text), GIT_ID_SHA256, &c));
}

static void an_octopus_has_more_parents_than_are_kept(void **state)
{
	struct buf text = BUF_INIT;
	struct git_commit c;

	(void)state;
	buf_add_str(&text, "tree " ID "\n");
	for (int i = 0; i < COMMIT_PARENTS_MAX + 3; i++)
		buf_add_str(&text, "parent " OTHER "\n");
	assert_true(git_commit_parse(text.data, text.size, GIT_ID_SHA1, &c));
	assert_int_equal(c.facts.parent_count, COMMIT_PARENTS_MAX);
	assert_int_equal(c.all_parents, COMMIT_PARENTS_MAX + 3);
	buf_wipe(&text);
}

static void what_is_damaged_is_no_commit_and_an_odd_clock_is_0(void **state)
{
	static const char *const damaged[] = {
		"",
		"\n",
		"tree " ID,
		"tree 0123\n",
		"tree " ID "0\n",
		"parent " ID "\n",
		"tree " ID "\nparent 01\n",
		"tree G123456789abcdef0123456789abcdef01234567\n",
	};
	static const char *const clocks[] = {
		"tree " ID "\n",
		"tree " ID "\nauthor " MAN " 1 +0000\ncommitter " MAN "\n",
		"tree " ID "\ncommitter " MAN " x\n",
		"tree " ID "\ncommitter no mail 5\n",
		"tree " ID "\ncommitter " MAN " -5 +0000\n",
		"tree " ID "\ncommitter " MAN " 99999999999999999999999 +0000\n",
	};
	struct git_commit c;

	(void)state;
	for (size_t i = 0; i < COUNT(damaged); i++)
		if (git_commit_parse(damaged[i], strlen(damaged[i]), GIT_ID_SHA1, &c))
			fail_msg("taken: %s", damaged[i]);
	for (size_t i = 0; i < COUNT(clocks); i++) {
		assert_true(
			git_commit_parse(clocks[i], strlen(clocks[i]), GIT_ID_SHA1, &c));
		assert_int_equal(c.facts.time, 0);
	}
}

#define RAW "aaaaaaaaaaaaaaaaaaaa" /* the 20 bytes of an id */

static void a_tree_has_entries_until_it_is_damaged(void **state)
{
	static const char tree[] = "100644 a\0" RAW "100755 b\0" RAW "120000 c\0" RAW
				   "40000 d\0" RAW "160000 e\0" RAW "100644 f/g\0" RAW;
	static const enum git_mode modes[] = { GIT_MODE_FILE, GIT_MODE_FILE,
		                               GIT_MODE_LINK, GIT_MODE_TREE,
		                               GIT_MODE_OTHER };
	struct git_tree_cursor c = git_tree_cursor_over(tree, sizeof(tree) - 1,
	                                                GIT_ID_SHA1);
	struct git_tree_entry e;
	struct commit_id id;

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_true(git_tree_cursor_next(&c, &e));
		assert_int_equal(e.mode, modes[i]);
		assert_int_equal(e.name[0], "abcde"[i]);
		git_id_format(e.id, GIT_ID_SHA1, &id);
		assert_string_equal(id.hex, "6161616161616161616161616161616161616161");
	}
	assert_false(git_tree_cursor_next(&c, &e));
	assert_false(git_tree_cursor_next(&c, &e));
}

static void a_tree_that_is_cut_ends(void **state)
{
	static const char tree[] = "100644 a\0" RAW;
	struct git_tree_entry e;

	(void)state;
	for (size_t n = 0; n < sizeof(tree) - 1; n++) {
		struct git_tree_cursor c = git_tree_cursor_over(tree, n, GIT_ID_SHA1);
		assert_false(git_tree_cursor_next(&c, &e));
	}
	struct git_tree_cursor none = git_tree_cursor_over(NULL, 0, GIT_ID_SHA1);
	assert_false(git_tree_cursor_next(&none, &e));
}

/* As `git mktree` sorts them. */
static void entries_have_gits_order(void **state)
{
	static const struct git_tree_entry in_order[] = {
		{ GIT_MODE_FILE, "a", NULL },   { GIT_MODE_FILE, "a-", NULL },
		{ GIT_MODE_FILE, "a.b", NULL }, { GIT_MODE_TREE, "a", NULL },
		{ GIT_MODE_FILE, "a0", NULL },  { GIT_MODE_TREE, "ab", NULL },
		{ GIT_MODE_LINK, "b", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(in_order); i++)
		for (size_t j = 0; j < COUNT(in_order); j++) {
			int order = git_tree_entry_compare(&in_order[i], &in_order[j]);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

/* ---------------------------------------------------------------- what is kept */

static void name_object(int i, char hex[41])
{
	snprintf(hex, 41, "%08x%032d", (unsigned)i * 2654435761u, i);
}

static void a_cache_keeps_the_newest_and_no_more_than_its_bytes(void **state)
{
	enum { MAX = 64 << 10, SIZE = 1000, OBJECTS = 1000 };
	struct object_cache *c = object_cache_new(MAX);
	struct buf out = BUF_INIT;
	uint8_t bytes[SIZE] = { 1, 2, 3 };
	size_t kept = 0;
	char hex[41];

	(void)state;
	assert_non_null(c);
	for (int i = 0; i < OBJECTS; i++) {
		name_object(i, hex);
		object_cache_put(c, hex, bytes, SIZE);
		out.size = 0;
		assert_int_equal(object_cache_get(c, hex, &out), CACHED_YES);
		assert_int_equal(out.size, SIZE);
		assert_memory_equal(out.data, bytes, SIZE);
	}
	for (int i = 0; i < OBJECTS; i++) {
		name_object(i, hex);
		kept += object_cache_get(c, hex, &out) == CACHED_YES;
	}
	assert_in_range(kept, 1, MAX / SIZE);
	buf_wipe(&out);
	object_cache_free(c);
}

static void a_cache_knows_absent_empty_and_too_large_ones_apart(void **state)
{
	enum { MAX = 8000 };
	struct object_cache *c = object_cache_new(MAX);
	struct buf out = BUF_INIT;
	static const uint8_t bytes[MAX];

	(void)state;
	assert_non_null(c);
	assert_int_equal(object_cache_get(c, ID, &out), CACHED_NO);
	object_cache_put_absent(c, ID);
	assert_int_equal(object_cache_get(c, ID, &out), CACHED_ABSENT);
	object_cache_put(c, ID, NULL, 0);
	assert_int_equal(object_cache_get(c, ID, &out), CACHED_YES);
	assert_int_equal(out.size, 0);
	object_cache_put(c, OTHER, bytes, MAX);
	assert_int_equal(object_cache_get(c, OTHER, &out), CACHED_NO);
	assert_int_equal(object_cache_get(c, ID, &out), CACHED_YES);
	buf_wipe(&out);
	object_cache_free(c);
	object_cache_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_has_a_tree_parents_and_a_time),
		cmocka_unit_test(an_octopus_has_more_parents_than_are_kept),
		cmocka_unit_test(what_is_damaged_is_no_commit_and_an_odd_clock_is_0),
		cmocka_unit_test(a_tree_has_entries_until_it_is_damaged),
		cmocka_unit_test(a_tree_that_is_cut_ends),
		cmocka_unit_test(entries_have_gits_order),
		cmocka_unit_test(a_cache_keeps_the_newest_and_no_more_than_its_bytes),
		cmocka_unit_test(a_cache_knows_absent_empty_and_too_large_ones_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
