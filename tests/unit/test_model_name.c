/* What is a name of a model, and what a URL suggests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/hints/model_name.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void names_and_their_pages_are_normalised(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{ "org/model", "org/model" },
		{ "gpt2", "gpt2" },
		{ "  Meta-Llama/Llama-3.1_8B \n", "meta-llama/llama-3.1_8b" },
		{ "a/b/c/d", "a/b/c/d" },
		{ "https://huggingface.co/Org/Model", "org/model" },
		{ "https://huggingface.co/org/model/tree/main", "org/model" },
		{ "https://huggingface.co/org/model?library=x#top", "org/model" },
		{ "http://hub.example//org/model", "org/model" },
		{ "c++/model", "c++/model" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model_name name;
		if (!model_name_parse(cases[i].text, strlen(cases[i].text), &name))
			fail_msg("refused: %s", cases[i].text);
		assert_string_equal(name.text, cases[i].name);
	}
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"/",
		"/home/me/model",
		"./model",
		"../model",
		"~/model",
		"org/",
		"org//model",
		"org/model/",
		"C:\\model",
		"a b",
		"org/.model",
		"org/../model",
		"a/b/c/d/e",
		"caf\xc3\xa9",
		"\xff\xfe",
		"org:model",
		"https://",
		"https://hub.example",
		"-\x01",
		"{{ base }}",
		"https://h/a b",
	};
	char longer[MODEL_NAME_MAX + 2];
	struct model_name name = { "as it was" };

	(void)state;
	memset(longer, 'a', sizeof(longer));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (model_name_parse(bad[i], strlen(bad[i]), &name))
			fail_msg("taken: %s", bad[i]);
	assert_false(model_name_parse(longer, MODEL_NAME_MAX + 1, &name));
	assert_false(model_name_parse("a\0b", 3, &name));
	assert_string_equal(name.text, "as it was");
	assert_true(model_name_parse(longer, MODEL_NAME_MAX, &name));
}

static void a_remotes_url_suggests_its_last_two_segments(void **state)
{
	static const struct {
		const char *url, *name;
	} cases[] = {
		{ "git@host:org/model.git", "org/model" },
		{ "git@host:model.git", "model" },
		{ "git@host:/srv/git/org/model.git/", "org/model" },
		{ "ssh://git@host:2222/team/sub/Model", "sub/model" },
		{ "https://host/org/model.git?x", "org/model" },
		{ "https://host/model", "model" },
		{ "/srv/git/org/model.git", "org/model" },
		{ "/srv/git/org/model/.git", "org/model" },
		{ "../org/model", "org/model" },
		{ "/model.git", "model" },
		{ "model", "model" },
		{ "file:///a/b/c.git", "b/c" },
	};
	static const char *const bad[] = { "",         "/",       "..",   "https://host",
		                           "/a b/c d", "x/../..", ".git", "host:" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model_name name = { "" };
		if (!model_name_from_url(cases[i].url, &name))
			fail_msg("refused: %s", cases[i].url);
		assert_string_equal(name.text, cases[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct model_name name;
		if (model_name_from_url(bad[i], &name))
			fail_msg("taken: %s as %s", bad[i], name.text);
	}
}

static void a_list_holds_each_name_once_and_not_too_many(void **state)
{
	struct model_names names = { .count = 0 };
	char text[] = "org/a";

	(void)state;
	model_names_add(&names, "org/a", 5);
	model_names_add(&names, "Org/A ", 6);
	model_names_add(&names, "/no", 3);
	assert_int_equal(names.count, 1);
	for (int i = 0; i < 2 * MODEL_NAMES_MAX; i++, text[4]++)
		model_names_add(&names, text, 5);
	assert_int_equal(names.count, MODEL_NAMES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_their_pages_are_normalised),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(a_remotes_url_suggests_its_last_two_segments),
		cmocka_unit_test(a_list_holds_each_name_once_and_not_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
