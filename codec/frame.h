/*
 * A frame: the bytes of 256 Ki values, coded by themselves. The unit of
 * parallelism, of memory and of ranged reads. docs/format-record.md describes
 * the bytes.
 *
 * Pure functions: same input, same output, on any machine and any number of
 * threads; no I/O, no allocation on the hot path, no clock.
 * Thread rule: calls may run at once as long as each has its own scratch.
 */
#ifndef ZLLM_FRAME_H
#define ZLLM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/xxh128.h"
#include "codec/dtype.h"

struct err;
struct frame_scratch;

enum {
	FRAME_VALUES = 256 * 1024,   /* values in a whole frame */
	FRAME_MAX = FRAME_VALUES * 8 /* bytes of the largest frame */
};

/* How a frame is stored; a decoder refuses any other number. */
enum frame_mode {
	FRAME_RAW = 0,    /* as it is */
	FRAME_CODED = 1,  /* by the record's codec */
	FRAME_SAME = 2,   /* equal to its prediction; nothing stored */
	FRAME_FILL = 3,   /* one unit repeated; that unit is stored */
	FRAME_TIGHT = 4,  /* by the second form of `ulp` or `float` */
	FRAME_SPARSE = 5, /* equal to its prediction but for a few values */
	FRAME_MODES
};

/* The codecs; the numbers are stored and never change. */
enum codec_id {
	CODEC_RAW = 0,
	CODEC_ZSTD = 1,
	CODEC_BITX = 2,
	CODEC_FLOAT = 3,
	CODEC_ULP = 4
};

/* One codec: how a frame becomes fewer bytes. Implementations are const
 * structs, one a file: codec_zstd.c, codec_bitx.c. */
struct codec {
	enum codec_id id;
	const char *name;
	bool needs_base;      /* codes against a prediction */
	enum frame_mode mode; /* that encode() makes: FRAME_CODED or FRAME_TIGHT */

	/* Whether it can code frames of this dtype at all. */
	bool (*takes)(enum dtype dtype);

	/* Codes `size` bytes of `src` into `dst`, which has room for `cap`
	 * bytes; `base` has `size` bytes too, or is NULL for solo codecs.
	 * Returns the bytes written, or 0 when the result would not fit:
	 * the frame is then stored raw. */
	size_t (*encode)(const uint8_t *src, const uint8_t *base, size_t size,
	                 enum dtype dtype, uint8_t *dst, size_t cap,
	                 struct frame_scratch *scratch);

	/* Restores exactly `size` bytes to `dst` from `n` bytes of `src`, which
	 * are not to be trusted and in the mode that encode() makes. 0, or ERR_DAMAGED. */
	int (*decode)(const uint8_t *src, size_t n, const uint8_t *base, uint8_t *dst,
	              size_t size, enum dtype dtype, struct frame_scratch *scratch,
	              struct err *err);

	/* The same for frames in mode FRAME_CODED, where encode() makes others. */
	int (*decode_first)(const uint8_t *src, size_t n, const uint8_t *base,
	                    uint8_t *dst, size_t size, enum dtype dtype,
	                    struct frame_scratch *scratch, struct err *err);
};

/* The codec of that number or name, or NULL. Raw is a codec too (it stores). */
const struct codec *codec_by_id(unsigned id);
const struct codec *codec_by_name(const char *name);

/* Working memory for one thread: planes, and the compressor's contexts. */
int frame_scratch_new(struct frame_scratch **out, struct err *err);
void frame_scratch_free(struct frame_scratch *s);

/* Bytes of a whole frame of this dtype: FRAME_VALUES units. */
size_t frame_size(enum dtype dtype);

/* What encoding made of a frame. */
struct frame_out {
	enum frame_mode mode;
	size_t stored;     /* bytes in dst */
	struct xxh128 sum; /* of the decoded bytes */
};

/* Whether a frame of `size` decoded bytes can be stored so: a known mode, and a
 * number of bytes that suits it. */
bool frame_valid(const struct frame_out *frame, enum dtype dtype, size_t size);

/* Whether frames of this codec can be in this mode. */
bool frame_mode_suits(enum frame_mode mode, const struct codec *codec);

/*
 * Codes one frame. `base`, where the codec needs one, has `size` bytes: the
 * caller pads a base that ends early with zeros. `dst` has room for `size`
 * bytes. Chooses SAME, FILL, SPARSE where few values differ, what the codec makes, or
 * RAW, in that order. What it made is decoded again and compared with `src` before it
 * returns: ERR_DAMAGED here means a defect of this program or of the machine,
 * and nothing may be stored.
 */
int frame_encode(const struct codec *codec, enum dtype dtype, const uint8_t *src,
                 const uint8_t *base, size_t size, uint8_t *dst,
                 struct frame_scratch *scratch, struct frame_out *out, struct err *err);

/*
 * Restores one frame of `size` bytes to `dst` from `in->stored` bytes of `src`,
 * and checks it against in->sum. 0, or ERR_DAMAGED; `dst` is then unspecified.
 */
int frame_decode(const struct codec *codec, enum dtype dtype, const struct frame_out *in,
                 const uint8_t *src, const uint8_t *base, uint8_t *dst, size_t size,
                 struct frame_scratch *scratch, struct err *err);

#endif
