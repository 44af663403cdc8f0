#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/report/json.h"
#include "agent/report/printable.h"
#include "agent/report/shell_word.h"
#include "agent/session/lfs_message.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What others may call a tensor, a file or a bucket. */
static const struct {
	const char *raw, *printed;
} texts[] = {
	{ "", "" },
	{ "model.layers.0.weight", "model.layers.0.weight" },
	{ "Gr\xc3\xb6\xc3\x9f"
	  "e \xe2\x82\xac \xf0\x9f\x98\x80", /* letters, a sign, a face */
	  "Gr\xc3\xb6\xc3\x9f"
	  "e \xe2\x82\xac \xf0\x9f\x98\x80" },
	{ "\x1b]52;c;cm0=\x07", "\\x1b]52;c;cm0=\\x07" },
	{ "a\nb\r\tc\x7f", "a\\x0ab\\x0d\\x09c\\x7f" },
	{ "\xc2\x9b"
	  "2J",
	  "\\xc2\\x9b2J" }, /* CSI as one character */
	{ "\x9b"
	  "2J",
	  "\\x9b2J" }, /* and as one byte */
	{ "\xe2\x80\xae"
	  "fdp",
	  "\\xe2\\x80\\xaefdp" }, /* right-to-left override */
	{ "\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9" },
	{ "\xe2\x81\xa6x\xe2\x81\xa9", "\\xe2\\x81\\xa6x\\xe2\\x81\\xa9" },
	{ "\xe2\x80\x8b\xef\xbb\xbf", "\\xe2\\x80\\x8b\\xef\\xbb\\xbf" },
	{ "\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81" }, /* a tag */
	{ "\xc0\x8a", "\\xc0\\x8a" },                   /* a newline spelled too long */
	{ "\xe0\x80\x8a", "\\xe0\\x80\\x8a" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },          /* half of a UTF-16 pair */
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* beyond the last */
	{ "\xc3", "\\xc3" },                            /* cut */
	{ "\xe2\x82", "\\xe2\\x82" },
	{ "\xc3\x1b", "\\xc3\\x1b" },
	{ "\\x1b", "\\x5cx1b" }, /* four letters, not an escape */
	{ "\\xG1 \\x1 C:\\xy \\\\", "\\xG1 \\x1 C:\\xy \\\\" },
	{ "\\\x1b", "\\\\x1b" },
	{ "\\x\x1b", "\\x\\x1b" },
	{ "it's $(x) `y`; z", "it's $(x) `y`; z" },
};

static unsigned digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

/* Reads the notation, from left to right. */
static void read_back(const char *printed, struct buf *out)
{
	static const char hex[] = "0123456789abcdef";

	while (*printed)
		if (printed[0] == '\\' && printed[1] == 'x' && printed[2] && printed[3] &&
		    strchr(hex, printed[2]) && strchr(hex, printed[3])) {
			buf_add_u8(out,
			           (uint8_t)(digit(printed[2]) << 4 | digit(printed[3])));
			printed += 4;
		} else {
			buf_add(out, printed++, 1);
		}
}

static void names_are_printed_so_that_a_terminal_only_shows_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct buf out = BUF_INIT;
		printable_add(&out, texts[i].raw);
		assert_string_equal(buf_text(&out), texts[i].printed);
		buf_wipe(&out);
	}
}

static void what_is_printed_can_be_told_back(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		static const char letters[] = "\\\\\\x1b0a\x1b\n\xc2\x9b\xe2\x80\xae";
		char raw[10] = "";
		struct buf printed = BUF_INIT, back = BUF_INIT;
		for (size_t k = 0; k < sizeof(raw) - 1; k++) {
			seed = seed * 1664525 + 1013904223;
			raw[k] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		printable_add(&printed, raw);
		read_back(buf_text(&printed), &back);
		assert_string_equal(buf_text(&back), raw);
		for (const char *p = buf_text(&printed); *p; p++)
			assert_true((uint8_t)*p >= 0x20 && *p != 0x7f);
		buf_wipe(&printed);
		buf_wipe(&back);
	}
}

/* ---------------------------------------------------------------- JSON */

static void json_holds_names_without_control_characters(void **state)
{
	static const struct {
		const char *raw, *text;
	} cases[] = {
		{ "a\x1b\n\x7f", "{\"k\":\"a\\u001b\\n\\u007f\"}" },
		{ "\xc2\x9b\xe2\x80\xae", "{\"k\":\"\\u009b\\u202e\"}" },
		{ "\xf3\xa0\x81\x81", "{\"k\":\"\\udb40\\udc41\"}" },
		{ "\xff\xc3", "{\"k\":\"\\ufffd\\ufffd\"}" },
		{ "\xc3\xb6\xf0\x9f\x98\x80", "{\"k\":\"\xc3\xb6\xf0\x9f\x98\x80\"}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json *j = json_object();
		json_put_str(j, "k", cases[i].raw);
		char *text = json_text(j);
		assert_string_equal(text, cases[i].text);
		struct json *back = json_parse(text, strlen(text));
		if (i != 3) /* the fourth is not UTF-8 */
			assert_string_equal(json_get_str(back, "k"), cases[i].raw);
		free(text);
		json_free(back);
		json_free(j);
	}
}

/* git-lfs prints the sentence of an error as it is. */
static void an_error_for_git_lfs_has_no_control_characters(void **state)
{
	struct err failure = ERR_INIT;

	(void)state;
	err_set(&failure, ERR_INPUT, "tensor '%s'", "w\x1b]0;T\x07\n\xc2\x9b");
	char *text = lfs_reply_complete("ab", NULL, &failure);
	assert_non_null(
		strstr(text, "tensor 'w\\\\x1b]0;T\\\\x07\\\\x0a\\\\xc2\\\\x9b'"));
	free(text);
}

/* ---------------------------------------------------------------- the shell */

static void a_word_for_the_shell_is_bare_where_it_may_be(void **state)
{
	static const struct {
		const char *raw, *word;
	} cases[] = {
		{ "s3://models/team-a_1.0", "s3://models/team-a_1.0" },
		{ "/mnt/nas/store", "/mnt/nas/store" },
		{ "", "''" },
		{ "a b", "'a b'" },
		{ "-x", "'-x'" },
		{ "~root", "'~root'" },
		{ "=ls", "'=ls'" },
		{ "it's", "'it'\\''s'" },
		{ "s3://b?endpoint=h", "'s3://b?endpoint=h'" },
		{ "a$(b)", "'a$(b)'" },
		{ "\xc3\xb6", "'\xc3\xb6'" },
		{ "\\n", "'\\n'" },
		{ "\\x1b", "$'\\134x1b'" },
		{ "a'\x1b\\", "$'a\\047\\033\\134'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf word = BUF_INIT;
		shell_word_add(&word, cases[i].raw);
		assert_string_equal(buf_text(&word), cases[i].word);
		buf_wipe(&word);
	}
}

/* bash reads the word as it is printed, and says which bytes it is. */
static void a_word_for_the_shell_is_these_bytes_and_starts_nothing(void **state)
{
	static const char *const raw[] = {
		"s3://b/a$(touch${IFS}PWN)",
		"a;touch PWN;:",
		"`touch PWN`",
		"' ; touch PWN '",
		"\"$(touch PWN)\"",
		"a\nb",
		"\x1b]52;c;x\x07'",
		"\\",
		"\\x1b",
		"'",
		"''",
		"\\'\x01\\",
		"!!",
		"{a,b}",
		"*",
		"#x",
		"a\xc2\x9b\xff",
		"-n",
		"~",
		"=x",
		"&",
		"a|b<c>d",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(raw); i++) {
		struct buf word = BUF_INIT, line = BUF_INIT;
		char out[200];
		shell_word_add(&word, raw[i]);
		printable_add(&line, buf_text(&word));
		assert_string_equal(buf_text(&line), buf_text(&word));
		setenv("LINE", buf_text(&line), 1);
		FILE *shell = popen("bash -c 'eval \"printf \\\"<%s>\\\" $LINE\"'", "r");
		assert_non_null(shell);
		size_t n = fread(out, 1, sizeof(out) - 1, shell);
		out[n] = 0;
		pclose(shell);
		buf_wipe(&word);
		buf_addf(&word, "<%s>", raw[i]);
		assert_string_equal(out, buf_text(&word));
		buf_wipe(&word);
		buf_wipe(&line);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_printed_so_that_a_terminal_only_shows_them),
		cmocka_unit_test(what_is_printed_can_be_told_back),
		cmocka_unit_test(json_holds_names_without_control_characters),
		cmocka_unit_test(an_error_for_git_lfs_has_no_control_characters),
		cmocka_unit_test(a_word_for_the_shell_is_bare_where_it_may_be),
		cmocka_unit_test(a_word_for_the_shell_is_these_bytes_and_starts_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
