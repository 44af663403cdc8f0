#include "agent/report/shell_word.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/report/printable.h"
#include "codec/common/buf.h"

static const char bare[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			   "0123456789@%+=:,./_-";

static bool is_bare(const char *text)
{
	return *text && *text != '=' && *text != '-' && !text[strspn(text, bare)];
}

/* Whether it is printed as it is. */
static bool is_plain(const char *text)
{
	struct buf printed = BUF_INIT;

	printable_add(&printed, text);
	bool same = strcmp(buf_text(&printed), text) == 0;
	buf_wipe(&printed);
	return same;
}

static void add_quoted(struct buf *out, const char *text)
{
	buf_add_str(out, "'");
	for (; *text; text++)
		if (*text == '\'')
			buf_add_str(out, "'\\''");
		else
			buf_add(out, text, 1);
	buf_add_str(out, "'");
}

static void add_escaped(struct buf *out, const char *text)
{
	int32_t code = 0;

	buf_add_str(out, "$'");
	for (size_t left = strlen(text), n; left; text += n, left -= n) {
		n = printable_next(text, left, &code);
		if (printable_is_plain(code) && code != '\'' && code != '\\')
			buf_add(out, text, n);
		else
			for (size_t i = 0; i < n; i++)
				buf_addf(out, "\\%03o", (uint8_t)text[i]);
	}
	buf_add_str(out, "'");
}

void shell_word_add(struct buf *out, const char *text)
{
	if (is_bare(text))
		buf_add_str(out, text);
	else if (is_plain(text))
		add_quoted(out, text);
	else
		add_escaped(out, text);
}
