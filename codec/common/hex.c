#include "codec/common/hex.h"

void hex_format(const uint8_t *bytes, size_t n, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * n] = 0;
}

/* Upper case is refused: every id has exactly one spelling. */
static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool hex_parse(const char *text, size_t n, uint8_t *bytes)
{
	for (size_t i = 0; i < n; i++) {
		int high = digit_value(text[2 * i]);
		if (high < 0)
			return false;
		int low = digit_value(text[2 * i + 1]);
		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
