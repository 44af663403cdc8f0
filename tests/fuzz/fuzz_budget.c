/* Any text as a budget and as a time: what is taken makes sense, and nothing else is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/report/budget_text.h"
#include "agent/report/duration_text.h"
#include "codec/common/err.h"
#include "index/work/budget.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct budget_limits limits = { 1, 2, 3 };
	struct err err = ERR_INIT;
	uint64_t seconds = 7;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	int rc = budget_parse(text, &limits, &err);
	if (rc && (limits.milliseconds != 1 || limits.bytes != 2 || limits.requests != 3))
		abort();
	if (!rc && !limits.milliseconds && !limits.bytes && !limits.requests)
		abort();
	if (duration_parse(text, &seconds)) {
		char out[DURATION_TEXT];
		duration_format(seconds, out);
		if (seconds > (uint64_t)100 * 366 * 86400)
			abort();
	} else if (seconds != 7) {
		abort();
	}
	free(text);
	return 0;
}
