/* What cards say about a model's base, and how little bad ones can do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/hints/front_matter.h"
#include "agent/hints/model_card.h"
#include "agent/hints/model_name.h"
#include "codec/common/buf.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum { README, ADAPTER, CONFIG };

/* The names that a card declares, with a space behind each. */
static void assert_names(unsigned file, const char *text, size_t n, const char *expected)
{
	struct model_names names = { .count = 0 };
	struct buf seen = BUF_INIT;

	model_card_read(file, text, n, &names);
	for (size_t i = 0; i < names.count; i++)
		buf_addf(&seen, "%s ", names.list[i].text);
	if (strcmp(buf_text(&seen), expected) != 0)
		fail_msg("'%s' instead of '%s' in: %.200s", buf_text(&seen), expected,
		         text);
	buf_wipe(&seen);
}

struct card {
	const char *text, *names;
};

static void assert_cards(unsigned file, const struct card *cards, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_names(file, cards[i].text, strlen(cards[i].text), cards[i].names);
}

static void the_front_matter_names_one_base_or_several(void **state)
{
	static const struct card cards[] = {
		{ "---\nbase_model: org/base\n---\n# Model\n", "org/base " },
		{ "---\r\nbase_model: org/base\r\n---\r\n", "org/base " },
		{ "\xef\xbb\xbf---\nbase_model: 'Org/Base'\n---", "org/base " },
		{ "---\nlicense: mit\nbase_model: \"org/base\"\ntags: [a, b]\n...\n",
		  "org/base " },
		{ "---\nbase_model:\n- org/a\n- org/b\n---\n", "org/a org/b " },
		{ "---\nbase_model: [org/a, org/b]\n---\n", "org/a org/b " },
		{ "---\nbase_model: https://huggingface.co/org/a\n---\n", "org/a " },
		{ "---\nbase_model: &x org/a\nother: *x\n---\n", "org/a " },
		{ "---\n{base_model: org/a}\n---\n", "org/a " },
		{ "---\nbase_model: >-\n  org/a\n---\n", "org/a " },
		{ "---\nx: {base_model: org/x}\nbase_model: org/a\n---\n", "org/a " },
	};

	(void)state;
	assert_cards(README, cards, ARRAY_SIZE(cards));
}

static void what_is_not_said_there_is_not_taken(void **state)
{
	static const struct card cards[] = {
		{ "", "" },
		{ "-", "" },
		{ "---", "" },
		{ "---\n", "" },
		{ "---\nbase_model: org/a\n", "" }, /* never closed */
		{ "# base_model: org/a\n", "" },
		{ "\n---\nbase_model: org/a\n---\n", "" },
		{ "---\n---\nbase_model: org/a\n", "" },
		{ "---\nother_base_model: org/a\nbase_model_relation: org/b\n---\n", "" },
		{ "---\nmodel-index:\n- base_model: org/a\n---\n", "" },
		{ "---\nbase_model: {name: org/a}\n---\n", "" },
		{ "---\nbase_model: [[org/a]]\n---\n", "" },
		{ "---\nbase_model:\n---\n", "" },
		{ "---\nbase_model: null\n---\n", "" },
		{ "---\nbase_model: ~\n---\n", "" },
		{ "---\nbase_model: /home/me/base\n---\n", "" },
		{ "---\n- base_model: org/a\n---\n", "" },
		{ "---\nbase_model\n---\n", "" },
		{ "---\na: &x base_model\n*x : org/a\n---\n", "" },
		{ "---\n*unknown : x\n---\n", "" },
		{ "---\nx: y\n--- \nbase_model: org/a\n---\n", "" },
	};

	(void)state;
	assert_cards(README, cards, ARRAY_SIZE(cards));
}

static void broken_yaml_gives_what_came_before(void **state)
{
	static const struct card cards[] = {
		{ "---\nbase_model: org/a\nx: [\n---\n", "org/a " },
		{ "---\nx: [\nbase_model: org/a\n---\n", "" },
		{ "---\nbase_model: org/a\n\xff\xfe: x\n---\n", "" },
		{ "---\nbase_model: org/\xff\n---\n", "" },
		{ "---\n\tbase_model: org/a\n---\n", "" },
		{ "---\n!!python/object:os.system base_model: org/a\n---\n", "org/a " },
	};

	(void)state;
	assert_cards(README, cards, ARRAY_SIZE(cards));
	assert_names(README, "---\nbase_model: org/\0a\n---\n", 27, "");
}

static void a_small_text_makes_no_large_one(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	/* each line stands for ten of the one before: a thousand million in all */
	buf_add_str(&text, "---\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 10; i++)
		buf_addf(&text,
		         "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i,
		         i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
		         i - 1);
	buf_add_str(&text, "base_model: org/a\n---\n");
	assert_names(README, buf_text(&text), text.size, "org/a ");
	buf_wipe(&text);
}

static void depth_and_size_are_bounded(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	buf_add_str(&text, "---\nx: ");
	for (int i = 0; i < 30000; i++)
		buf_add_u8(&text, '[');
	buf_add_str(&text, "\nbase_model: org/a\n---\n");
	assert_names(README, buf_text(&text), text.size, "");
	text.size = 0;
	buf_add_str(&text, "---\nbase_model: org/a\nx: ");
	for (int i = 0; i < FRONT_MATTER_MAX; i++)
		buf_add_u8(&text, 'x');
	buf_add_str(&text, "\n---\n");
	assert_names(README, buf_text(&text), text.size, "");
	text.size = 0;
	buf_add_str(&text, "---\nbase_model: org/a\n---\n");
	while (text.size <= MODEL_CARD_SIZE_MAX)
		buf_add_str(&text, "all the rest of a long text may be as it likes\n");
	assert_names(README, buf_text(&text), text.size, "");
	assert_names(README, buf_text(&text), MODEL_CARD_SIZE_MAX, "org/a ");
	buf_wipe(&text);
}

static void configurations_name_what_was_loaded(void **state)
{
	static const struct card configs[] = {
		{ "{\"_name_or_path\": \"org/a\"}", "org/a " },
		{ "{\"_name_or_path\": \"/data/checkpoints/a\"}", "" },
		{ "{\"_name_or_path\": \"./a\"}", "" },
		{ "{\"_name_or_path\": \"\"}", "" },
		{ "{\"_name_or_path\": 7}", "" },
		{ "{\"_name_or_path\": [\"org/a\"]}", "" },
		{ "{\"base_model_name_or_path\": \"org/a\"}", "" },
		{ "{\"x\": {\"_name_or_path\": \"org/a\"}}", "" },
		{ "[\"_name_or_path\"]", "" },
		{ "{\"_name_or_path\": \"org/a\"", "" },
		{ "", "" },
		{ "null", "" },
	};
	static const struct card adapters[] = {
		{ "{\"base_model_name_or_path\": \"org/a\", \"r\": 8}", "org/a " },
		{ "{\"_name_or_path\": \"org/a\"}", "" },
	};

	(void)state;
	assert_cards(CONFIG, configs, ARRAY_SIZE(configs));
	assert_cards(ADAPTER, adapters, ARRAY_SIZE(adapters));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_front_matter_names_one_base_or_several),
		cmocka_unit_test(what_is_not_said_there_is_not_taken),
		cmocka_unit_test(broken_yaml_gives_what_came_before),
		cmocka_unit_test(a_small_text_makes_no_large_one),
		cmocka_unit_test(depth_and_size_are_bounded),
		cmocka_unit_test(configurations_name_what_was_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
