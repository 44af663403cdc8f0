/* Keys have one spelling each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "index/store/key_folders.h"
#include "index/store/store_keys.h"
#include "index/store/trash_keys.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define HEX "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
#define HALF "00112233445566778899aabbccddeeff"
#define HALF2 "ffeeddccbbaa99887766554433221100"
#define HALF3 "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"
#define A5 "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"
#define REPO "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"

static struct oid oid_of(const char *text)
{
	struct oid oid;

	assert_true(oid_parse(text, &oid));
	return oid;
}

static void keys_are_spelled_as_documented(void **state)
{
	struct oid id = oid_of(HEX), base = oid_of(HALF HALF2);
	char key[KEY_MAX];

	(void)state;
	key_object(&id, key);
	assert_string_equal(key, "objects/ab/" HEX);
	key_blob(&id, key);
	assert_string_equal(key, "blobs/ab/cd/" HEX);
	key_delta(&id, &base, key);
	assert_string_equal(key, "blobs/ab/cd/" HEX "~" HALF);
	assert_true(key_valid(key));
	key_owner(REPO, &id, key);
	assert_string_equal(key, "owners/" REPO "/" HEX);
	assert_true(key_valid(key));
	assert_true(key_valid(KEY_STORE_FILE));
	key_owners(REPO, key);
	assert_string_equal(key, "owners/" REPO "/");
	assert_true(key_prefix_valid(key));
	key_name(&base, REPO, key);
	assert_string_equal(key, "names/" HALF "/" REPO);
	assert_true(key_valid(key));
	key_names(&base, key);
	assert_string_equal(key, "names/" HALF "/");
	assert_true(key_prefix_valid(key));
}

static void record_keys_say_what_they_are_and_of_which_bases(void **state)
{
	static const struct {
		const char *key;
		unsigned bases;
	} cases[] = {
		{ "blobs/ab/cd/" HEX, 0 },
		{ "blobs/ab/cd/" HEX "~" HALF, 1 },
		{ "blobs/ab/cd/" HEX "~" HALF "~" HALF2, 2 },
		{ "blobs/ab/cd/" HEX "~" HALF "~" HALF2 "~" HALF3, 3 },
	};
	struct oid id = oid_of(HEX), b1 = oid_of(HALF HALF), b2 = oid_of(HALF2 HALF2),
		   b3 = oid_of(HALF3 HALF3);
	const struct oid *bases[] = { &b1, &b2, &b3 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct key_record r;
		assert_true(key_parse_record(cases[i].key, &r));
		assert_true(oid_equal(&r.id, &id));
		assert_int_equal(r.base_count, cases[i].bases);
		for (unsigned b = 0; b < r.base_count; b++)
			assert_memory_equal(r.bases[b], bases[b]->bytes, KEY_BASE_PREFIX);
		assert_true(key_valid(cases[i].key));
	}
}

static void what_is_no_record_key_is_told_apart(void **state)
{
	static const char *const bad[] = {
		"",
		"blobs/",
		"blobs/ab/cd/",
		"blobs/ab/cd/" HALF,
		"blobs/ab/ce/" HEX,
		"blobs/aa/cd/" HEX,
		"blobs/abcd/" HEX,
		"blob/ab/cd/" HEX "0",
		"trash/ab/cd/" HEX,
		"objects/ab/" HEX,
		"/blobs/ab/cd/" HEX,
		"blobs/AB/cd/" HEX,
		"blobs/ab/cd/ABCDEF" HEX,
		"blobs/ab/cd/" HEX "0",
		"blobs/ab/cd/" HEX "~",
		"blobs/ab/cd/" HEX "~0",
		"blobs/ab/cd/" HEX "-" HALF,
		"blobs/ab/cd/" HEX "~" HALF "0",
		"blobs/ab/cd/" HEX "~" HALF "~",
		"blobs/ab/cd/" HEX "~" HALF "~" HALF "~" HALF "~" HALF,
		"blobs/ab/cd/" HEX "~" HALF "\n",
		"blobs/ab/cd/" HEX "@" HALF,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct key_record r = { .base_count = 77 };
		if (key_parse_record(bad[i], &r))
			fail_msg("taken for a record: %s", bad[i]);
		assert_int_equal(r.base_count, 77);
	}
}

static void object_keys_have_one_spelling(void **state)
{
	static const char *const bad[] = {
		"",
		"objects/ab/",
		"objects/aa/" HEX,
		"objects/ab/" HEX "0",
		"objects/ab/" HALF,
		"objects/ab/cd/" HEX,
		"blobs/ab/cd/" HEX,
		"Objects/ab/" HEX,
		"objects/ab/" HALF HALF HALF,
	};
	struct oid id = oid_of(HEX), found;

	(void)state;
	assert_true(key_parse_object("objects/ab/" HEX, &found));
	assert_true(oid_equal(&id, &found));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (key_parse_object(bad[i], &found))
			fail_msg("taken for an object: %s", bad[i]);
}

static void markers_of_owners_and_names_have_one_spelling(void **state)
{
	static const char *const bad[] = {
		"",
		"owners/",
		"owners/" REPO,
		"owners/" REPO "/",
		"owners/" REPO "/" HALF,
		"owners/" REPO "/" HEX "0",
		"owners/" REPO "0/" HEX,
		"owners/5E5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e/" HEX,
		"owner/" REPO "/" HEX,
		"names/",
		"names/" HALF,
		"names/" HALF "/",
		"names/" HALF "/5e",
		"names/" HALF "/" REPO "0",
		"names/" HALF "0/" REPO,
		"names/" HALF "/" REPO "/",
		"Names/" HALF "/" REPO,
	};
	struct oid id = oid_of(HEX), found;
	char repo[REPO_ID_HEX + 1] = "";

	(void)state;
	assert_true(key_parse_owner("owners/" REPO "/" HEX, repo, &found));
	assert_true(oid_equal(&id, &found));
	assert_string_equal(repo, REPO);
	*repo = 0;
	assert_true(key_parse_name("names/" HALF "/" REPO, repo));
	assert_string_equal(repo, REPO);
	*repo = 0;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (key_parse_owner(bad[i], repo, &found) || key_parse_name(bad[i], repo))
			fail_msg("taken for a marker: %s", bad[i]);
	assert_string_equal(repo, "");
}

static void keys_of_git_annex_have_one_spelling(void **state)
{
	static const char good[] = "annexes/" REPO "/ab/" HEX "-" HEX;
	static const char *const bad[] = {
		"annexes/" REPO "/ac/" HEX "-" HEX,
		"annexes/" REPO "/ab/" HEX "~" HEX,
		"annexes/" REPO "/ab/" HEX "-" HALF,
		"annexes/" REPO "/ab/" HEX "-" HEX "0",
		"annexed/" REPO "/ab/" HEX "-" HEX,
		"annexes/" REPO "/ab/" HEX,
		"annexes/" REPO "/ab-" HEX "-" HEX,
		"annexes/" HALF,
	};
	struct oid id = oid_of(HEX), found;
	char key[KEY_MAX], prefix[KEY_MAX];
	struct key_annex k;

	(void)state;
	assert_true(key_valid(good));
	assert_true(key_parse_annex(good, &k, &found));
	assert_string_equal(k.annex, REPO);
	assert_true(oid_equal(&k.key, &id) && oid_equal(&found, &id));
	key_annex(&k, &id, key);
	assert_string_equal(key, good);
	key_annex_objects(&k, prefix);
	assert_string_equal(prefix, "annexes/" REPO "/ab/" HEX "-");
	key_trash_annex(&k, prefix);
	assert_string_equal(prefix, "trash/ab/cd/annexes-" HEX "-");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (key_parse_annex(bad[i], &k, &found))
			fail_msg("taken for a key of git-annex: %s", bad[i]);
}

static void marker_keys_carry_a_sketch_and_say_where_to_look(void **state)
{
	struct key_marker marker = { 0x0123456789abcdef,
		                     0x5e,
		                     { 1, 2 },
		                     { { 0 } },
		                     { { 0 } } },
			  back;
	char key[KEY_MAX], prefix[KEY_MAX], changed[KEY_MAX + 8];

	(void)state;
	memset(marker.sketch, 0xa5, sizeof(marker.sketch));
	marker.id = oid_of(HEX);
	marker.object = oid_of(HALF HALF2);
	key_marker(&marker, key);
	assert_string_equal(key,
	                    "bases/0123456789abcdef/5e/" A5 A5 A5 "-" HEX "~" HALF HALF2);
	assert_true(key_valid(key));
	assert_true(key_parse_marker(key, &back));
	assert_int_equal(back.name, marker.name);
	assert_int_equal(back.band, marker.band);
	assert_memory_equal(back.sketch, marker.sketch, sizeof(marker.sketch));
	assert_true(oid_equal(&back.id, &marker.id));
	assert_true(oid_equal(&back.object, &marker.object));
	key_marker_name(marker.name, prefix);
	assert_string_equal(prefix, "bases/0123456789abcdef/");
	assert_true(key_prefix_valid(prefix));
	key_marker_band(marker.name, marker.band, prefix);
	assert_string_equal(prefix, "bases/0123456789abcdef/5e/");
	/* No byte of it can be another of its kind but a digit for a digit. */
	for (size_t i = 0; key[i]; i++) {
		strcpy(changed, key);
		changed[i] = 'G';
		assert_false(key_parse_marker(changed, &back));
		changed[i] = 0;
		assert_false(key_parse_marker(changed, &back));
	}
	snprintf(changed, sizeof(changed), "%s0", key);
	assert_false(key_parse_marker(changed, &back));
	assert_false(key_parse_marker("", &back));
	assert_false(key_parse_marker("blobs/ab/cd/" HEX, &back));
}

static void keys_are_made_of_plain_segments(void **state)
{
	static const char *const good[] = { "a", "a/b", "a.b",  "-",     "_x", "~",
		                            "@", "a..", "tmpx", "a/tmp", "tm" };
	static const char *const bad[] = {
		"",   "/",  "/a", "a/",   "a//b",     ".",     "..",   "a/..",   ".a",
		"A",  " ",  "+",  "tmp",  "tmp/",     "tmp/x", "a:b",  "a/.git", "a\\b",
		"a*", "a?", "a%", "\x7f", "\xff\xfe", "a\n",   "a\tb", "a/./b",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!key_valid(good[i]))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (key_valid(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

static void keys_are_shorter_than_their_limit(void **state)
{
	char key[KEY_MAX + 1];

	(void)state;
	memset(key, 'a', sizeof(key));
	key[KEY_MAX - 1] = 0;
	assert_true(key_valid(key));
	assert_true(key_prefix_valid(key));
	key[KEY_MAX - 1] = 'a';
	key[KEY_MAX] = 0;
	assert_false(key_valid(key));
	assert_false(key_prefix_valid(key));
}

static void prefixes_are_beginnings_of_keys(void **state)
{
	static const char *const good[] = { "", "a", "a/", "a/b", "tmp", "a/b~" };
	static const char *const bad[] = {
		"/", "a//", ".", "a/.", "../", "tmp/", "A", "*"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!key_prefix_valid(good[i]))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (key_prefix_valid(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

static void repository_ids_are_32_small_digits(void **state)
{
	static const char *const bad[] = {
		"",
		"5e",
		REPO "0",
		"5E5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e",
		"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5",
		"../5e5e5e5e5e5e5e5e5e5e5e5e5e5e5",
	};

	(void)state;
	assert_true(key_repo_id_valid(REPO));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(key_repo_id_valid(bad[i]));
}

static void short_names_have_room_for_fewer_bases(void **state)
{
	static const struct {
		unsigned name_max, bases;
	} cases[] = { { 0, 3 },   { 255, 3 }, { 163, 3 }, { 162, 2 },
		      { 143, 2 }, { 130, 2 }, { 129, 1 }, { 97, 1 },
		      { 96, 0 },  { 64, 0 },  { 1, 0 } };
	struct key_marker marker = { .name = 1 };
	char key[KEY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(key_bases_max(cases[i].name_max), cases[i].bases);
	key_marker(&marker, key);
	unsigned name = (unsigned)strlen(strrchr(key, '/') + 1);
	assert_true(key_marker_fits(0));
	assert_true(key_marker_fits(name));
	assert_false(key_marker_fits(name - 1));
}

static void folders_of_keys_are_known(void **state)
{
	static const struct {
		const char *path;
		bool is;
	} rows[] = {
		{ "objects", true },
		{ "objects/0a", true },
		{ "objects/0A", false },
		{ "objects/0a/00", false },
		{ "objects/0a0", false },
		{ "blobs/0a", true },
		{ "blobs/0a/ff", true },
		{ "blobs/0a/ff/00", false },
		{ "blobs/", false },
		{ "trash/0a/ff", true },
		{ "owners/00112233445566778899aabbccddeeff", true },
		{ "owners/0011", false },
		{ "bases/0011223344556677", true },
		{ "bases/0011223344556677/0a", true },
		{ "bases/0011223344556677/0a/0b", false },
		{ "annexes/00112233445566778899aabbccddeeff/0a", true },
		{ "annexes/0a", false },
		{ "elsewhere", false },
		{ "probe", false },
		{ "", false },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (key_is_folder(rows[i].path) != rows[i].is)
			fail_msg("'%s'", rows[i].path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_spelled_as_documented),
		cmocka_unit_test(record_keys_say_what_they_are_and_of_which_bases),
		cmocka_unit_test(what_is_no_record_key_is_told_apart),
		cmocka_unit_test(object_keys_have_one_spelling),
		cmocka_unit_test(markers_of_owners_and_names_have_one_spelling),
		cmocka_unit_test(keys_of_git_annex_have_one_spelling),
		cmocka_unit_test(marker_keys_carry_a_sketch_and_say_where_to_look),
		cmocka_unit_test(keys_are_made_of_plain_segments),
		cmocka_unit_test(keys_are_shorter_than_their_limit),
		cmocka_unit_test(prefixes_are_beginnings_of_keys),
		cmocka_unit_test(repository_ids_are_32_small_digits),
		cmocka_unit_test(short_names_have_room_for_fewer_bases),
		cmocka_unit_test(folders_of_keys_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
