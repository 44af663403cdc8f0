/*
 * The codecs by number, by name and one after another. What is listed is in codec.h;
 * whoever wants to know of all codecs asks here.
 * Thread rule: any thread at any time.
 */
#ifndef ZLLM_CODEC_TABLE_H
#define ZLLM_CODEC_TABLE_H

#include "codec/codec.h"

#define CODEC_EXTERN(number, NAME, name) extern const struct codec codec_##name;
CODEC_LIST(CODEC_EXTERN)
#undef CODEC_EXTERN

/* The codec of that number or name, or NULL. Raw is a codec too (it stores). */
const struct codec *codec_by_id(unsigned id);
const struct codec *codec_by_name(const char *name);

/* The codec at place `i` of the table, in the order of trials; NULL after the last. */
const struct codec *codec_at(unsigned i);

/* The first that codes `dtype` against a base, or NULL. */
const struct codec *codec_for_delta(enum dtype dtype);

#endif
