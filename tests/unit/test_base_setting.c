/* What `.zllm` says, and which of its bases an object has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/hints/base_setting.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* As `git config -z --list` prints it. */
#define LIST                                \
	"zllm.name\nOrg/Model\0"            \
	"other.base\nnot/ours\0"            \
	"zllm.base\norg/a\0"                \
	"zllm.base\norg/b\0"                \
	"zllm.tuned.base\norg/c\0"          \
	"zllm.x/*.safetensors.base\nnone\0" \
	"zllm.*.bin.base\norg/d\0"          \
	"zllm.tuned/last.base\norg/e\0"     \
	"zllm.future\0"                     \
	"zllm.future.key\n1\0"

static struct base_setting *parse(const char *list, size_t n)
{
	struct buf text = BUF_INIT;
	struct base_setting *s = NULL;
	struct err err = ERR_INIT;

	buf_add(&text, list, n);
	assert_int_equal(base_setting_parse(&text, &s, &err), 0);
	buf_wipe(&text);
	return s;
}

static void assert_bases(const struct base_setting *s, const char *path,
                         const char *expected)
{
	const char *values[BASE_VALUES_MAX];
	struct buf seen = BUF_INIT;
	size_t count = base_setting_bases(s, path, values);

	for (size_t i = 0; i < count; i++)
		buf_addf(&seen, "%s ", values[i]);
	if (strcmp(buf_text(&seen), expected) != 0)
		fail_msg("%s has '%s' instead of '%s'", path ? path : "-",
		         buf_text(&seen), expected);
	buf_wipe(&seen);
}

static void the_last_pattern_that_fits_counts(void **state)
{
	static const struct {
		const char *path, *bases;
	} cases[] = {
		{ NULL, "org/a org/b " },
		{ "model.safetensors", "org/a org/b " },
		{ "tuned/model.safetensors", "org/c " },
		{ "tuned/deep/er/model.safetensors", "org/c " },
		{ "tuned", "org/c " },
		{ "untuned/model.safetensors", "org/a org/b " },
		{ "tuned/last/model.safetensors", "org/e " },
		{ "x/a.safetensors", "none " },
		{ "x/y/a.safetensors", "org/a org/b " },
		{ "x/a.bin", "org/d " },
		{ "tuned/deep/a.bin", "org/d " },
		{ "a.bin", "org/d " },
	};
	struct base_setting *s = parse(LIST, sizeof(LIST) - 1);

	(void)state;
	assert_string_equal(base_setting_name(s), "Org/Model");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_bases(s, cases[i].path, cases[i].bases);
	base_setting_free(s);
}

static void nothing_set_is_nothing(void **state)
{
	struct base_setting *s = parse("", 0);

	(void)state;
	assert_null(base_setting_name(s));
	assert_bases(s, "model.safetensors", "");
	assert_bases(s, NULL, "");
	base_setting_free(s);
	base_setting_free(NULL);
}

static void what_is_odd_is_passed_over(void **state)
{
	static const char list[] = "zllm\0zllm.\0zllm.base\0zllm.name\0base\nx\0"
				   "zllm..base\norg/a\0zllm.base\ncut off";
	struct base_setting *s = parse(list, sizeof(list) - 1);

	(void)state;
	assert_null(base_setting_name(s));
	assert_bases(s, "model.safetensors", "");
	base_setting_free(s);
}

static void more_than_can_be_meant_is_refused(void **state)
{
	struct buf text = BUF_INIT;
	struct base_setting *s = NULL;
	struct err err = ERR_INIT;
	const char *values[BASE_VALUES_MAX];

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_add(&text, "zllm.base\norg/a", 16);
	assert_int_equal(base_setting_parse(&text, &s, &err), 0);
	assert_int_equal(base_setting_bases(s, "x", values), BASE_VALUES_MAX);
	base_setting_free(s);
	for (int i = 0; i < 1000; i++)
		buf_add(&text, "zllm.base\norg/a", 16);
	assert_int_equal(base_setting_parse(&text, &s, &err), ERR_CONFIG);
	text.size = 0;
	buf_add_str(&text, "zllm.base\n");
	for (int i = 0; i <= BASE_VALUE_MAX; i++)
		buf_add_u8(&text, 'x');
	buf_add_u8(&text, 0);
	assert_int_equal(base_setting_parse(&text, &s, &err), ERR_CONFIG);
	buf_wipe(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_pattern_that_fits_counts),
		cmocka_unit_test(nothing_set_is_nothing),
		cmocka_unit_test(what_is_odd_is_passed_over),
		cmocka_unit_test(more_than_can_be_meant_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
