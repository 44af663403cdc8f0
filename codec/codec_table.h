/*
 * The codecs, each defined in the file of its name. Private to codec/: others
 * ask codec_by_id() and codec_by_name() in codec/frame.h. A new codec is a file,
 * a line here and a line in codec_table.c.
 */
#ifndef ZLLM_CODEC_TABLE_H
#define ZLLM_CODEC_TABLE_H

#include "codec/frame.h"

extern const struct codec codec_raw;
extern const struct codec codec_zstd;
extern const struct codec codec_bitx;
extern const struct codec codec_float;
extern const struct codec codec_ulp;

#endif
