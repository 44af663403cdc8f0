#include "agent/report/budget_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "agent/report/duration_text.h"
#include "codec/common/err.h"
#include "index/work/budget.h"

enum { PART_MAX = 40 }; /* bytes of one limit, NUL included */

static const struct {
	const char *name;
	uint64_t size;
} bytes_units[] = {
	{ "b", 1 },
	{ "kb", 1000 },
	{ "mb", 1000000 },
	{ "gb", 1000000000 },
	{ "tb", 1000000000000 },
	{ "kib", 1024 },
	{ "mib", (uint64_t)1 << 20 },
	{ "gib", (uint64_t)1 << 30 },
	{ "tib", (uint64_t)1 << 40 },
};

/* A number, 1 to 2^64 - 1, and where it ends; false when there is none. */
static bool number(const char *text, uint64_t *n, const char **end)
{
	uint64_t value = 0;

	for (*end = text; **end >= '0' && **end <= '9'; ++*end) {
		unsigned digit = (unsigned)(**end - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = 10 * value + digit;
	}
	*n = value;
	return value > 0;
}

static bool parse_bytes(uint64_t n, const char *unit, uint64_t *bytes)
{
	for (size_t i = 0; i < sizeof(bytes_units) / sizeof(bytes_units[0]); i++)
		if (strcasecmp(unit, bytes_units[i].name) == 0) {
			*bytes = n * bytes_units[i].size;
			return n <= UINT64_MAX / bytes_units[i].size;
		}
	return false;
}

/* One limit; false when it makes no sense, or was said already. */
static bool parse_limit(const char *text, struct budget_limits *out)
{
	const char *unit;
	uint64_t n, seconds;

	if (!number(text, &n, &unit))
		return false;
	unit += strspn(unit, " ");
	if (strcmp(unit, "requests") == 0 || strcmp(unit, "request") == 0) {
		bool first = !out->requests;
		out->requests = n;
		return first;
	}
	if (duration_parse(text, &seconds)) {
		bool first = !out->milliseconds;
		out->milliseconds = seconds * 1000;
		return first;
	}
	return !out->bytes && parse_bytes(n, unit, &out->bytes);
}

int budget_parse(const char *text, struct budget_limits *out, struct err *err)
{
	struct budget_limits limits = { 0 };
	const char *at = text;

	while (at) {
		char part[PART_MAX];
		size_t n = strcspn(at, ",");
		if (n >= sizeof(part))
			goto wrong;
		memcpy(part, at, n);
		part[n] = 0;
		if (!parse_limit(part, &limits))
			goto wrong;
		at = at[n] ? at + n + 1 : NULL;
	}
	*out = limits;
	return 0;
wrong:
	return err_set(err, ERR_INPUT,
	               "'%s' is not a budget; write a time, bytes or requests, such as "
	               "10m, 5GB or 1000requests",
	               text);
}
