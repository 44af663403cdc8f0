#include "index/model/format_table.h"

#include <string.h>

#define FORMAT_ADDRESS(NAME, name) &format_##name,
static const struct model_format *const formats[] = { MODEL_FORMATS(
	FORMAT_ADDRESS) FORMAT_ADDRESS(OPAQUE, opaque) };
#undef FORMAT_ADDRESS

enum { FORMAT_COUNT = sizeof(formats) / sizeof(formats[0]) };

const struct model_format *format_of(enum model_kind kind)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (formats[i]->kind == kind)
			return formats[i];
	return &format_opaque;
}

const struct model_format *format_by_name(const char *name)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

const struct model_format *format_at(size_t i)
{
	return i < FORMAT_COUNT ? formats[i] : NULL;
}
