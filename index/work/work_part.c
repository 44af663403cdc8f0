#include "index/work/work_part.h"

#include <string.h>

bool work_part_has(const struct work_part *p, const uint8_t id[2])
{
	uint32_t place = (uint32_t)id[0] << 8 | id[1];

	return (uint32_t)((uint64_t)place * p->of >> 16) == p->nth;
}

bool work_part_is_all(const struct work_part *p)
{
	return p->of <= 1;
}

/* A number from 1 to WORK_PARTS_MAX and nothing else before `end`. */
static bool read_number(const char *text, const char *end, uint32_t *out)
{
	uint32_t n = 0;

	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (uint32_t)(*text - '0');
		if (n > WORK_PARTS_MAX)
			return false;
	}
	*out = n;
	return n > 0;
}

bool work_part_parse(const char *text, struct work_part *out)
{
	const char *slash = strchr(text, '/');
	uint32_t nth, of;

	if (!slash || !read_number(text, slash, &nth) ||
	    !read_number(slash + 1, slash + strlen(slash), &of) || nth > of)
		return false;
	*out = (struct work_part){ nth - 1, of };
	return true;
}
