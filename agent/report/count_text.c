#include "agent/report/count_text.h"

#include <inttypes.h>
#include <stdio.h>

const char *count_format(uint64_t n, const char *one, const char *many,
                         char text[COUNT_TEXT])
{
	snprintf(text, COUNT_TEXT, "%" PRIu64 " %s", n, n == 1 ? one : many);
	return text;
}
