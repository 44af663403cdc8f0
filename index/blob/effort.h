/*
 * How much work is put into making few bytes. What is stored decodes everywhere, whatever
 * the effort: it decides what is tried, never what a record can say. One table (effort.c)
 * has all that the words mean; the README shows it.
 *
 *     fast     for who pushes in a hurry: the quick codecs, the first base, no products
 *     normal   pushes
 *     best     git zllm gc, which has time, and what it saves is saved for years
 *
 * Plain data; any thread.
 */
#ifndef ZLLM_EFFORT_H
#define ZLLM_EFFORT_H

#include <stdbool.h>

struct codec;

enum effort_slow {
	EFFORT_SLOW_NEVER, /* slow codecs are tried where no quick one takes the dtype */
	EFFORT_SLOW_FIRST, /* and else on the first values (codec.h, codec_policy) */
	EFFORT_SLOW_ALWAYS /* on all */
};

struct effort {
	const char *name;
	unsigned samples;      /* pieces of a blob that are coded to choose, of
	                        * CODEC_SAMPLE_VALUES each */
	enum effort_slow slow; /* codecs that are slow and mostly lose */
	unsigned candidates;   /* bases that are tried for a tensor, at most */
	bool products;         /* low-rank products are looked for */
	int zstd_level;        /* of what is no float: files, integers, tokens */
};

extern const struct effort effort_fast, effort_normal, effort_best;

/* The effort of that name, or NULL. */
const struct effort *effort_by_name(const char *name);

/* `e`, or normal where that is NULL. */
const struct effort *effort_or_normal(const struct effort *e);

/* Whether `codec` is tried, `best` (or NULL) being the best until now of those that need
 * a base as it does. */
bool effort_tries(const struct effort *e, const struct codec *codec,
                  const struct codec *best);

#endif
