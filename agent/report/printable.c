#include "agent/report/printable.h"

#include <ctype.h>
#include <string.h>

#include "codec/common/buf.h"

/* ---------------------------------------------------------------- characters */

/* How many bytes follow the first of a character; its own bits are put into *code. */
static size_t bytes_after(uint8_t first, int32_t *code)
{
	if (first >= 0xc2 && first <= 0xdf) {
		*code = first & 0x1f;
		return 1;
	}
	if (first >= 0xe0 && first <= 0xef) {
		*code = first & 0x0f;
		return 2;
	}
	if (first >= 0xf0 && first <= 0xf4) {
		*code = first & 0x07;
		return 3;
	}
	return 0;
}

size_t printable_next(const char *text, size_t n, int32_t *code)
{
	static const int32_t smallest[] = { 0, 0x80, 0x800, 0x10000 };
	const uint8_t *at = (const uint8_t *)text;
	int32_t c = -1;

	*code = at[0] < 0x80 ? at[0] : -1;
	size_t more = bytes_after(at[0], &c);
	if (!more || more >= n)
		return 1;
	for (size_t i = 1; i <= more; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (at[i] & 0x3f);
	}
	/* Spelled too long, half of a UTF-16 pair, beyond the last character. */
	if (c < smallest[more] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 1;
	*code = c;
	return more + 1;
}

bool printable_is_plain(int32_t code)
{
	static const struct {
		int32_t first, last;
	} hidden[] = {
		{ 0x00, 0x1f },     /* C0 controls */
		{ 0x7f, 0x9f },     /* DEL, C1 controls */
		{ 0xad, 0xad },     /* soft hyphen */
		{ 0x61c, 0x61c },   /* Arabic letter mark */
		{ 0x180e, 0x180e }, /* Mongolian vowel separator */
		{ 0x200b, 0x200f }, /* no width; left-to-right and right-to-left marks */
		{ 0x2028, 0x202e }, /* line and paragraph separators, overrides */
		{ 0x2060, 0x206f }, /* no width; isolates */
		{ 0xfeff, 0xfeff }, /* byte order mark */
		{ 0xfff9, 0xfffb }, /* interlinear annotation */
		{ 0xe0000, 0xe0fff }, /* tags */
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (code >= hidden[i].first && code <= hidden[i].last)
			return false;
	return code >= 0;
}

/* ---------------------------------------------------------------- text */

static bool reads_as_escape(const char *text)
{
	return text[0] == '\\' && text[1] == 'x' && isxdigit((uint8_t)text[2]) &&
	       isxdigit((uint8_t)text[3]);
}

void printable_add(struct buf *out, const char *text)
{
	for (size_t left = strlen(text); left;) {
		int32_t code;
		size_t n = printable_next(text, left, &code);

		if (printable_is_plain(code) && !reads_as_escape(text))
			buf_add(out, text, n);
		else
			for (size_t i = 0; i < n; i++)
				buf_addf(out, "\\x%02x", (uint8_t)text[i]);
		text += n;
		left -= n;
	}
}
