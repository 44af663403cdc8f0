#include "agent/report/size_text.h"

#include <stdio.h>

void size_format(uint64_t bytes, char text[SIZE_TEXT])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	double value = (double)bytes;
	unsigned unit = 0;

	while (value >= 999.95 && unit < 5) {
		value /= 1000;
		unit++;
	}
	snprintf(text, SIZE_TEXT, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

void saved_format(uint64_t part, uint64_t whole, char text[SIZE_TEXT])
{
	if (!whole) {
		snprintf(text, SIZE_TEXT, "-");
		return;
	}
	double saved = 100.0 - 100.0 * (double)part / (double)whole;
	snprintf(text, SIZE_TEXT, "%.1f %%", saved);
}
