#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "index/model/json_cursor.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One value of strings, whole numbers, lists and objects: what is read strictly. */
static bool take_value(struct json_cursor *c)
{
	struct json_text nowhere = { NULL, 0, 0 };
	uint64_t number;

	if (json_cursor_is(c, '"'))
		return json_cursor_string(c, &nowhere);
	if (json_cursor_is(c, '[')) {
		json_cursor_array(c);
		while (json_cursor_item(c))
			take_value(c);
	} else if (json_cursor_is(c, '{')) {
		json_cursor_object(c);
		while (json_cursor_key(c, &nowhere))
			take_value(c);
	} else {
		json_cursor_u64(c, &number);
	}
	return !c->fault;
}

static bool is_one_value(const char *text, size_t n)
{
	struct json_cursor c = json_cursor_over(text, n);

	return take_value(&c) && json_cursor_end(&c);
}

static void well_formed_values_are_taken(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"0",
		"1",
		"\"\"",
		"[]",
		"{}",
		" [ ] ",
		"{ }",
		"[1,2,[3,[4]],{\"a\":[]}]",
		"\r\n\t 1 \r\n\t",
		"{\"a\":1,\"a\":2}",
		"{\"\":{}, \"b\" : 0}",
		"\"\\u0000\\ud83d\\ude00\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\uAbCd\"",
		"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (!is_one_value(cases[i], strlen(cases[i])))
			fail_msg("refused: %s", cases[i]);
}

/* clang-format off */
static const char *const malformed[] = {
	"", " ", "nul", "True", "NaN", "+1", "01", "-", "-a",
	"1.", ".5", "1e", "1e+", "0x1", "1 2", "'a'", "\"", "\"a", "\"\\", "\"\\u",
	"\"\\u12", "\"\\u12g4\"", "\"\\x\"", "\"\\ud800\"", "\"\\ud800x\"",
	"\"\\ud800\\n\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\n\"", "\"\x1f\"",
	"\"\x80\"", "\"\xc0\xaf\"", "\"\xc1\xbf\"", "\"\xed\xa0\x80\"",
	"\"\xe0\x80\xaf\"", "\"\xf0\x80\x80\xaf\"", "\"\xf4\x90\x80\x80\"",
	"\"\xf5\x80\x80\x80\"", "\"\xc3\"", "\"\xe2\x82\"", "[", "[1", "[1,", "[1,]",
	"[,1]", "[1 2]", "[1}", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,",
	"{\"a\":1,}", "{,}", "{a:1}", "{1:1}", "{\"a\" 1}", "{\"a\":1]",
	"{\"a\":1 \"b\":2}", "]", "}", "[]]", "/* */ 1", "\xef\xbb\xbf{}", "1\v",
	"[\f]",
};
/* clang-format on */

static void malformed_values_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(malformed); i++)
		if (is_one_value(malformed[i], strlen(malformed[i])))
			fail_msg("taken: %s", malformed[i]);
	assert_false(is_one_value("\"\\\0\"", 4));
	assert_false(is_one_value("1\0", 2));
}

/* In a list, behind it a 7. */
static void what_is_passed_over_is_not_looked_at(void **state)
{
	(void)state;
	static const char *const passed[] = {
		"null",
		"true",
		"-1.5e-3",
		"NaN",
		"-Infinity",
		"\"\"",
		"\"],}\\\"[{\"",
		"\"\\ud800\"",
		"\"\x80\n\"",
		"[]",
		"{}",
		"[1,{\"a\":[2,\"]\"]},3]",
		"[}",
		"[,,]",
		"1 2",
		"\"a\" \"b\"",
	};
	static const char *const faulty[] = {
		"", " ", "\"", "\"\\\"", "[", "[\"]\"", "{["
	};

	for (size_t i = 0; i < COUNT(passed) + COUNT(faulty); i++) {
		bool good = i < COUNT(passed);
		const char *value = good ? passed[i] : faulty[i - COUNT(passed)];
		char text[64];
		uint64_t seven = 0;
		snprintf(text, sizeof(text), "[%s,7]", value);
		struct json_cursor c = json_cursor_over(text, strlen(text));
		bool taken = json_cursor_array(&c) && json_cursor_item(&c) &&
		             json_cursor_pass(&c) && json_cursor_item(&c) &&
		             json_cursor_u64(&c, &seven) && !json_cursor_item(&c) &&
		             json_cursor_end(&c);
		if (taken != good || (good && seven != 7))
			fail_msg("%s: %s", good ? "refused" : "taken", text);
	}
}

static void depth_costs_nothing_where_nothing_is_looked_at(void **state)
{
	(void)state;
	enum { DEPTH = 100000 };
	char *text = malloc(2 * DEPTH);

	assert_non_null(text);
	memset(text, '[', DEPTH);
	memset(text + DEPTH, ']', DEPTH);
	struct json_cursor c = json_cursor_over(text, 2 * DEPTH);
	assert_true(json_cursor_pass(&c) && json_cursor_end(&c));
	c = json_cursor_over(text, 2 * DEPTH - 1);
	assert_false(json_cursor_pass(&c));
	free(text);
}

static void strings_are_decoded_into_the_callers_buffer(void **state)
{
	(void)state;
	static const struct {
		const char *json, *bytes;
		size_t size;
	} cases[] = {
		{ "\"\"", "", 0 },
		{ "\"plain\"", "plain", 5 },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8 },
		{ "\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac", 6 },
		{ "\"\\ud83d\\uDE00\"", "\xf0\x9f\x98\x80", 4 },
		{ "\"\\uD800\\uDC00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
		  8 },
		{ "\"a\\u0000b\"", "a\0b", 3 },
		{ "\"\xc3\xa9\"", "\xc3\xa9", 2 },
	};
	char bytes[16];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_cursor c = json_cursor_over(cases[i].json,
		                                        strlen(cases[i].json));
		struct json_text text = { bytes, sizeof(bytes), 0 };
		assert_true(json_cursor_string(&c, &text));
		assert_true(json_cursor_end(&c));
		assert_int_equal(text.size, cases[i].size);
		assert_memory_equal(bytes, cases[i].bytes, text.size);
	}
}

static void a_string_too_long_is_measured_and_cut(void **state)
{
	(void)state;
	char bytes[4] = "....";
	struct json_cursor c = json_cursor_over("\"abcdef\"", 8);
	struct json_text text = { bytes, 3, 0 };

	assert_true(json_cursor_string(&c, &text));
	assert_int_equal(text.size, 6);
	assert_memory_equal(bytes, "abc.", 4);
}

static void whole_numbers_are_exact_to_64_bits(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		bool good;
		uint64_t value;
	} cases[] = {
		{ "0", true, 0 },
		{ " 7 ", true, 7 },
		{ "9007199254740993", true, 9007199254740993u },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "-1", false, 0 },
		{ "-0", false, 0 },
		{ "+1", false, 0 },
		{ "00", false, 0 },
		{ "01", false, 0 },
		{ "1.0", false, 0 },
		{ "1e0", false, 0 },
		{ "\"1\"", false, 0 },
		{ "null", false, 0 },
		{ "", false, 0 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_cursor c = json_cursor_over(cases[i].json,
		                                        strlen(cases[i].json));
		uint64_t value = 0;
		bool good = json_cursor_u64(&c, &value) && json_cursor_end(&c);
		assert_int_equal(good, cases[i].good);
		assert_true(!good || value == cases[i].value);
	}
}

static void depth_is_capped_and_the_cap_itself_is_taken(void **state)
{
	(void)state;
	char text[2 * JSON_DEPTH_MAX + 2];

	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	assert_true(is_one_value(text, 2 * JSON_DEPTH_MAX));
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_false(is_one_value(text, sizeof(text)));
}

static void members_are_pulled_one_by_one(void **state)
{
	(void)state;
	static const char json[] = "{\"a\":[10,[ ],20],\"b\":null,\"c\":{}}";
	struct json_cursor c = json_cursor_over(json, strlen(json));
	char bytes[4];
	struct json_text key = { bytes, sizeof(bytes), 0 };
	uint64_t v = 0;

	assert_true(json_cursor_object(&c));
	assert_true(json_cursor_key(&c, &key) && key.size == 1 && bytes[0] == 'a');
	assert_true(json_cursor_array(&c));
	assert_true(json_cursor_item(&c) && json_cursor_u64(&c, &v) && v == 10);
	assert_true(json_cursor_item(&c) && json_cursor_pass(&c));
	assert_true(json_cursor_item(&c) && json_cursor_u64(&c, &v) && v == 20);
	assert_false(json_cursor_item(&c));
	assert_true(json_cursor_key(&c, &key) && bytes[0] == 'b');
	assert_true(json_cursor_is(&c, 'n') && !json_cursor_is(&c, '{'));
	assert_true(json_cursor_pass(&c));
	assert_true(json_cursor_key(&c, &key) && bytes[0] == 'c');
	assert_true(json_cursor_object(&c));
	assert_false(json_cursor_key(&c, &key));
	assert_false(json_cursor_key(&c, &key));
	assert_true(json_cursor_end(&c));
}

static void after_a_fault_nothing_is_taken_any_more(void **state)
{
	(void)state;
	struct json_cursor c = json_cursor_over("[x,1]", 5);
	struct json_text nowhere = { NULL, 0, 0 };
	uint64_t v;

	assert_true(json_cursor_array(&c));
	assert_true(json_cursor_item(&c));
	assert_false(json_cursor_string(&c, &nowhere));
	assert_non_null(c.fault);
	assert_ptr_equal(c.at, c.end - 4);
	assert_false(json_cursor_item(&c));
	assert_false(json_cursor_key(&c, &nowhere));
	assert_false(json_cursor_u64(&c, &v));
	assert_false(json_cursor_string(&c, &nowhere));
	assert_false(json_cursor_array(&c));
	assert_false(json_cursor_is(&c, 'x'));
	assert_false(json_cursor_pass(&c));
	assert_false(json_cursor_end(&c));
}

static void an_open_container_is_no_end(void **state)
{
	(void)state;
	struct json_cursor c = json_cursor_over("[", 1);

	assert_true(json_cursor_array(&c));
	assert_false(json_cursor_end(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed_values_are_taken),
		cmocka_unit_test(malformed_values_are_refused),
		cmocka_unit_test(what_is_passed_over_is_not_looked_at),
		cmocka_unit_test(depth_costs_nothing_where_nothing_is_looked_at),
		cmocka_unit_test(strings_are_decoded_into_the_callers_buffer),
		cmocka_unit_test(a_string_too_long_is_measured_and_cut),
		cmocka_unit_test(whole_numbers_are_exact_to_64_bits),
		cmocka_unit_test(depth_is_capped_and_the_cap_itself_is_taken),
		cmocka_unit_test(members_are_pulled_one_by_one),
		cmocka_unit_test(after_a_fault_nothing_is_taken_any_more),
		cmocka_unit_test(an_open_container_is_no_end),
	};

	return cmocka_run_group_tests_name("json_cursor", tests, NULL, NULL);
}
