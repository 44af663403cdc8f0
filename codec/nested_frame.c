#include "codec/nested_frame.h"

#include <stdbool.h>

#include "codec/codec_table.h"
#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/common/le.h"
#include "codec/simple_frame.h"

/* Whether a frame in this mode says which codec made it. */
static bool is_by_codec(enum frame_mode mode)
{
	return mode == FRAME_CODED || mode == FRAME_TIGHT;
}

int nested_frame_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                        size_t *n, struct err *err)
{
	struct frame_out made;
	int rc = simple_frame_encode(job, src, dst + NESTED_HEAD, &made, err);

	if (rc)
		return rc;
	dst[0] = (uint8_t)made.mode;
	dst[1] = is_by_codec(made.mode) ? (uint8_t)job->codec->id : 0;
	le32_store(dst + 2, (uint32_t)made.stored);
	*n = NESTED_HEAD + made.stored;
	return 0;
}

/* The codec of a frame that says codec `id`; NULL where it cannot be that one. */
static const struct codec *codec_of(const struct frame_job *job, enum frame_mode mode,
                                    unsigned id)
{
	const struct codec *named = codec_by_id(id);

	if (!is_by_codec(mode))
		return id != CODEC_RAW ? NULL : job->base ? job->codec : named;
	if (job->base)
		return id == (unsigned)job->codec->id ? job->codec : NULL;
	return named && !named->needs_base && id != CODEC_RAW ? named : NULL;
}

int nested_frame_decode(const struct frame_job *job, struct cursor *c, uint8_t *dst,
                        struct err *err)
{
	struct frame_out in = { .mode = (enum frame_mode)cursor_u8(c) };
	struct frame_job nested = *job;
	nested.codec = codec_of(job, in.mode, cursor_u8(c));
	in.stored = cursor_u32(c);
	const uint8_t *src = cursor_take(c, in.stored);

	if (!src || !nested.codec || (unsigned)in.mode >= FRAME_MODES)
		return err_set(err, ERR_DAMAGED,
		               "a frame within a frame contradicts itself");
	return simple_frame_restore(&nested, &in, src, dst, err);
}
