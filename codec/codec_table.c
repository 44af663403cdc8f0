#include "codec/codec_table.h"

#include <string.h>

#define CODEC_ADDRESS(number, NAME, name) &codec_##name,
static const struct codec *const codecs[] = { CODEC_LIST(CODEC_ADDRESS) };
#undef CODEC_ADDRESS

enum { CODEC_COUNT = sizeof(codecs) / sizeof(codecs[0]) };

const struct codec *codec_at(unsigned i)
{
	return i < CODEC_COUNT ? codecs[i] : NULL;
}

const struct codec *codec_by_id(unsigned id)
{
	for (int i = 0; i < CODEC_COUNT; i++)
		if (codecs[i]->id == id)
			return codecs[i];
	return NULL;
}

const struct codec *codec_by_name(const char *name)
{
	for (int i = 0; i < CODEC_COUNT; i++)
		if (strcmp(codecs[i]->name, name) == 0)
			return codecs[i];
	return NULL;
}

const struct codec *codec_for_delta(enum dtype dtype)
{
	for (int i = 0; i < CODEC_COUNT; i++)
		if (codecs[i]->needs_base && codecs[i]->takes(dtype))
			return codecs[i];
	return NULL;
}
