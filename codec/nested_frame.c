#include "codec/nested_frame.h"

#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/common/le.h"

/* Whether a frame in this mode says which codec made it. */
static bool is_by_codec(enum frame_mode mode)
{
	return mode == FRAME_CODED || mode == FRAME_TIGHT;
}

int nested_frame_encode(const struct nested_frame *f, const struct codec *codec,
                        const uint8_t *src, uint8_t *dst, size_t *n, struct err *err)
{
	const uint8_t *base = codec->needs_base ? f->base : NULL;
	struct frame_out made;
	int rc = frame_encode(codec, f->dtype, src, base, f->size, dst + NESTED_HEAD,
	                      f->scratch, &made, err);

	if (rc)
		return rc;
	dst[0] = (uint8_t)made.mode;
	dst[1] = is_by_codec(made.mode) ? (uint8_t)codec->id : 0;
	le32_store(dst + 2, (uint32_t)made.stored);
	*n = NESTED_HEAD + made.stored;
	return 0;
}

/* The codec of one that says codec `id`; NULL where it cannot be that one. */
static const struct codec *codec_of(const struct codec *based, const struct frame_out *in,
                                    unsigned id, bool bare)
{
	if (!is_by_codec(in->mode))
		return id != CODEC_RAW ? NULL : bare ? codec_by_id(CODEC_RAW) : based;
	if (bare)
		return id == CODEC_ZSTD || id == CODEC_FLOAT ? codec_by_id(id) : NULL;
	return id == (unsigned)based->id ? based : NULL;
}

int nested_frame_decode(const struct nested_frame *f, const struct codec *codec,
                        struct cursor *c, uint8_t *dst, struct err *err)
{
	struct frame_out in = { .mode = (enum frame_mode)cursor_u8(c) };
	const struct codec *by = codec_of(codec, &in, cursor_u8(c), f->base == NULL);
	in.stored = cursor_u32(c);
	const uint8_t *src = cursor_take(c, in.stored);

	if (!src || !by || (unsigned)in.mode >= FRAME_MODES)
		return err_set(err, ERR_DAMAGED,
		               "a frame within a frame contradicts itself");
	return frame_restore(by, f->dtype, &in, src, f->base, dst, f->size, f->scratch,
	                     err);
}
