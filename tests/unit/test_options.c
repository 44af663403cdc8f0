#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/report/options.h"
#include "codec/common/err.h"

struct values {
	bool json;
	const char *file;
};

static const struct option_spec specs[] = {
	{ "json", OPTION_FLAG, NULL, "as JSON", offsetof(struct values, json) },
	{ "file", OPTION_VALUE, "FILE", "to FILE", offsetof(struct values, file) },
	{ 0 },
};

static const struct {
	const char *words[6];
	bool json;
	const char *file;
	const char *rest[4];
} good[] = {
	{ { "cmd" }, false, NULL, { NULL } },
	{ { "cmd", "--json" }, true, NULL, { NULL } },
	{ { "cmd", "a", "--file", "f", "b" }, false, "f", { "a", "b" } },
	{ { "cmd", "--file=f=g", "a" }, false, "f=g", { "a" } },
	{ { "cmd", "--file", "--json" }, false, "--json", { NULL } },
	{ { "cmd", "--", "--json", "a" }, false, NULL, { "--json", "a" } },
	{ { "cmd", "-", "-x" }, false, NULL, { "-", "-x" } },
};

static void options_and_words_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct values v = { 0 };
		char *argv[7] = { NULL };
		int argc = 0, rest = 0;
		for (; argc < 6 && good[i].words[argc]; argc++)
			argv[argc] = (char *)(uintptr_t)good[i].words[argc];
		assert_int_equal(options_parse(&argc, argv, specs, &v, NULL), 0);
		assert_int_equal(v.json, good[i].json);
		if (good[i].file)
			assert_string_equal(v.file, good[i].file);
		else
			assert_null(v.file);
		for (; good[i].rest[rest]; rest++)
			assert_string_equal(argv[rest], good[i].rest[rest]);
		assert_int_equal(argc, rest);
	}
}

static void wrong_options_are_named(void **state)
{
	static const char *const bad[][2] = { { "--jso", "--jso" },
		                              { "--json=1", "--json" },
		                              { "--file", "FILE" } };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct values v = { 0 };
		struct err err = ERR_INIT;
		char *argv[] = { (char *)(uintptr_t) "cmd", (char *)(uintptr_t)bad[i][0],
			         NULL };
		int argc = 2;
		assert_int_equal(options_parse(&argc, argv, specs, &v, &err), ERR_INPUT);
		assert_non_null(strstr(err.text, bad[i][1]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_words_are_told_apart),
		cmocka_unit_test(wrong_options_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
