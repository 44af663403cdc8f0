#include "agent/report/duration_text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

#define DURATION_MAX ((uint64_t)100 * 365 * DAY)

/* Seconds of the unit that `text` is; 0: it is none. */
static uint64_t unit_of(const char *text)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = { { "s", 1 }, { "m", MINUTE }, { "h", HOUR }, { "d", DAY } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(text, units[i].name) == 0)
			return units[i].seconds;
	return 0;
}

bool duration_parse(const char *text, uint64_t *seconds)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t n = 0;

	if (!digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		n = 10 * n + (uint64_t)(text[i] - '0');
		if (n > DURATION_MAX)
			return false;
	}
	uint64_t unit = !n && !text[digits] ? 1 : unit_of(text + digits);
	if (!unit || n > DURATION_MAX / unit)
		return false;
	*seconds = n * unit;
	return true;
}

void duration_format(uint64_t seconds, char text[DURATION_TEXT])
{
	static const struct {
		const char *name, *below;
		uint64_t size, below_size;
	} units[] = { { "d", "h", DAY, HOUR },
		      { "h", "min", HOUR, MINUTE },
		      { "min", "s", MINUTE, 1 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		unsigned long long whole = seconds / units[i].size;
		unsigned long long rest = seconds % units[i].size / units[i].below_size;
		if (whole && rest)
			snprintf(text, DURATION_TEXT, "%llu %s %llu %s", whole,
			         units[i].name, rest, units[i].below);
		else if (whole)
			snprintf(text, DURATION_TEXT, "%llu %s", whole, units[i].name);
		if (whole)
			return;
	}
	snprintf(text, DURATION_TEXT, "%llu s", (unsigned long long)seconds);
}
