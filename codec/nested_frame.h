/*
 * A frame within a coded frame: some of its values, with what a frame table would say of
 * them before their bytes. docs/format-record.md, 4.4.
 *
 * Pure; thread rule as in frame.h.
 */
#ifndef ZLLM_NESTED_FRAME_H
#define ZLLM_NESTED_FRAME_H

#include "codec/frame.h"

struct cursor;

struct nested_frame {
	enum dtype dtype;
	const uint8_t *base; /* `size` bytes, or NULL: nothing predicts it */
	size_t size;         /* decoded bytes */
	struct frame_scratch *scratch;
};

/* Appends what `codec` makes of it to `dst`, which has room for NESTED_HEAD bytes more
 * than its size; returns the bytes of all in *n. */
enum { NESTED_HEAD = 6 };
int nested_frame_encode(const struct nested_frame *f, const struct codec *codec,
                        const uint8_t *src, uint8_t *dst, size_t *n, struct err *err);

/* Restores it from where the cursor stands. `codec` is what codes it where it has a
 * base; where it has none, float and zstd may have. */
int nested_frame_decode(const struct nested_frame *f, const struct codec *codec,
                        struct cursor *c, uint8_t *dst, struct err *err);

#endif
