#include "index/base/base_hint.h"

#include <stdlib.h>
#include <string.h>

void base_hints_wipe(struct base_hints *h)
{
	for (size_t i = 0; i < h->count; i++) {
		free(h->list[i].path);
		free(h->list[i].commit);
		free(h->list[i].local_file);
	}
	free(h->list);
	free(h->path);
	free(h->commit);
	*h = (struct base_hints)BASE_HINTS_INIT;
}

const char *base_source_name(unsigned source)
{
	static const char *const names[] = { "",     "user",    "git",
		                             "card", "markers", "itself" };

	return source < sizeof(names) / sizeof(names[0]) ? names[source] : "";
}

void base_hints_mark_earlier(struct base_hints *h)
{
	for (size_t i = 0; i < h->count && h->path; i++) {
		struct base_hint *hint = &h->list[i];
		hint->earlier = hint->source == BASE_SOURCE_HISTORY && hint->path &&
		                strcmp(hint->path, h->path) == 0;
	}
}
