#include "index/blob/effort.h"

#include <stddef.h>
#include <string.h>

#include "codec/codec.h"

const struct effort effort_fast = { .name = "fast",
	                            .samples = 2,
	                            .slow = EFFORT_SLOW_NEVER,
	                            .candidates = 1,
	                            .products = false,
	                            .zstd_level = 1 };

const struct effort effort_normal = { .name = "normal",
	                              .samples = CODEC_SAMPLES,
	                              .slow = EFFORT_SLOW_FIRST,
	                              .candidates = 3,
	                              .products = true,
	                              .zstd_level = 3 };

const struct effort effort_best = { .name = "best",
	                            .samples = 4 * CODEC_SAMPLES,
	                            .slow = EFFORT_SLOW_ALWAYS,
	                            .candidates = 3,
	                            .products = true,
	                            .zstd_level = 9 };

const struct effort *effort_by_name(const char *name)
{
	static const struct effort *const all[] = { &effort_fast, &effort_normal,
		                                    &effort_best };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(name, all[i]->name) == 0)
			return all[i];
	return NULL;
}

const struct effort *effort_or_normal(const struct effort *e)
{
	return e ? e : &effort_normal;
}

bool effort_tries(const struct effort *e, const struct codec *codec,
                  const struct codec *best)
{
	bool slow = codec->policy.first_values != 0;

	return !slow || e->slow != EFFORT_SLOW_NEVER || !best || best->id == CODEC_RAW;
}
