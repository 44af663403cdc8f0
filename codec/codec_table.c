#include "codec/codec_table.h"

#include <string.h>

static const struct codec *const codecs[] = { &codec_raw, &codec_zstd, &codec_bitx,
	                                      &codec_float, &codec_ulp };

enum { CODEC_COUNT = sizeof(codecs) / sizeof(codecs[0]) };

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
