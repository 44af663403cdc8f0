/* Any README: bounded, and what is taken is a name as we spell it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/hints/front_matter.h"
#include "agent/hints/model_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model_names names = { .count = 0 };

	front_matter_bases((const char *)data, size, &names);
	if (names.count > MODEL_NAMES_MAX)
		abort();
	for (size_t i = 0; i < names.count; i++) {
		const char *text = names.list[i].text;
		struct model_name again;
		if (!model_name_parse(text, strlen(text), &again) ||
		    strcmp(text, again.text) != 0)
			abort();
	}
	return 0;
}
