#include "codec/common/utf8.h"

size_t utf8_size(const uint8_t *p, size_t left)
{
	size_t n = p[0] < 0x80                    ? 1
	           : p[0] >= 0xC2 && p[0] <= 0xDF ? 2
	           : (p[0] & 0xF0) == 0xE0        ? 3
	           : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4
	                                          : 0;
	uint8_t low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
	uint8_t high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;

	if (n > left || (n > 1 && (p[1] < low || p[1] > high)))
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

bool utf8_is_text(const uint8_t *p, size_t n)
{
	while (n) {
		size_t size = *p ? utf8_size(p, n) : 0;
		if (!size)
			return false;
		p += size;
		n -= size;
	}
	return true;
}
