#include "codec/frame.h"

#include <string.h>

#include "codec/common/err.h"
#include "codec/frame_scratch.h"
#include "codec/sparse.h"

/* A sparse frame of at most a part in so many of its size is not tried otherwise. */
enum { SMALL_PART = 128 };

size_t frame_size(enum dtype dtype)
{
	return (size_t)FRAME_VALUES * dtype_unit(dtype);
}

bool frame_valid(const struct frame_out *frame, enum dtype dtype, size_t size)
{
	switch (frame->mode) {
	case FRAME_RAW:
		return frame->stored == size;
	case FRAME_CODED:
	case FRAME_TIGHT:
	case FRAME_SPARSE:
		return frame->stored > 0 && frame->stored < size;
	case FRAME_SAME:
		return frame->stored == 0;
	case FRAME_FILL:
		return frame->stored == dtype_unit(dtype) &&
		       size % dtype_unit(dtype) == 0;
	case FRAME_MODES:
		break;
	}
	return false;
}

bool frame_mode_suits(enum frame_mode mode, const struct codec *codec)
{
	switch (mode) {
	case FRAME_SAME:
	case FRAME_SPARSE:
		return codec->needs_base;
	case FRAME_TIGHT:
		return codec->mode == FRAME_TIGHT;
	default:
		return true;
	}
}

/* What stays the same while one frame is treated. */
struct task {
	const struct codec *codec;
	enum dtype dtype;
	const uint8_t *base;
	size_t size; /* decoded bytes */
	struct frame_scratch *scratch;
};

/* What a call must have right before it touches memory. */
static int check_task(const struct task *t, struct err *err)
{
	if (t->size == 0 || t->size > FRAME_MAX)
		return err_set(err, ERR_INPUT, "a frame cannot have %zu bytes", t->size);
	if (t->codec->needs_base && !t->base)
		return err_set(err, ERR_INPUT, "codec %s needs a base", t->codec->name);
	return 0;
}

static bool is_fill(const uint8_t *src, size_t size, size_t unit)
{
	return size % unit == 0 && memcmp(src, src + unit, size - unit) == 0;
}

static void fill(uint8_t *dst, size_t size, const uint8_t *value, size_t unit)
{
	memcpy(dst, value, unit);
	/* What is filled doubles with each copy. */
	for (size_t done = unit; done < size;) {
		size_t n = done < size - done ? done : size - done;
		memcpy(dst + done, dst, n);
		done += n;
	}
}

static int unsuitable(const struct task *t, const struct frame_out *in, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "codec %s cannot store a frame in mode %u",
	               t->codec->name, (unsigned)in->mode);
}

static int restore_coded(const struct task *t, const struct frame_out *in,
                         const uint8_t *src, uint8_t *dst, struct err *err)
{
	bool first = in->mode == FRAME_CODED && t->codec->decode_first;

	if (!t->codec->takes(t->dtype))
		return unsuitable(t, in, err);
	return (first ? t->codec->decode_first : t->codec->decode)(
		src, in->stored, t->base, dst, t->size, t->dtype, t->scratch, err);
}

/* Writes the frame's bytes to `dst`; that they are the right ones is not yet
 * known. */
static int restore(const struct task *t, const struct frame_out *in, const uint8_t *src,
                   uint8_t *dst, struct err *err)
{
	if (!frame_mode_suits(in->mode, t->codec))
		return unsuitable(t, in, err);
	switch (in->mode) {
	case FRAME_RAW:
		memcpy(dst, src, t->size);
		return 0;
	case FRAME_CODED:
	case FRAME_TIGHT:
		return restore_coded(t, in, src, dst, err);
	case FRAME_SAME:
		memcpy(dst, t->base, t->size);
		return 0;
	case FRAME_SPARSE:
		if (sparse_decode(src, in->stored, t->base, dst, t->size, t->dtype))
			return 0;
		return err_set(err, ERR_DAMAGED, "a sparse frame is damaged");
	case FRAME_FILL:
		fill(dst, t->size, src, dtype_unit(t->dtype));
		return 0;
	case FRAME_MODES:
		break;
	}
	return unsuitable(t, in, err);
}

/* The same, and the sum of what was written, whatever it is. */
static int restore_and_sum(const struct task *t, const struct frame_out *in,
                           const uint8_t *src, uint8_t *dst, struct xxh128 *sum,
                           struct err *err)
{
	struct frame_scratch *s = t->scratch;

	s->sum = s->hasher;
	s->summed = dst;
	int rc = restore(t, in, src, dst, err);
	frame_scratch_sum(s, rc ? s->summed : dst + t->size);
	s->sum = NULL;
	*sum = xxh128_finish(s->hasher); /* which starts anew */
	return rc;
}

/* Decodes what was coded, compares, and keeps the sum: the last look before it is
 * stored. */
static int prove(const struct task *t, const uint8_t *src, const uint8_t *coded,
                 struct frame_out *made, struct err *err)
{
	uint8_t *check = t->scratch->check;
	struct err ignored = ERR_INIT;

	if (restore_and_sum(t, made, coded, check, &made->sum, &ignored) == 0 &&
	    memcmp(check, src, t->size) == 0)
		return 0;
	return err_set(err, ERR_DAMAGED,
	               "codec %s did not restore a frame of %zu bytes that it had just "
	               "coded; this machine's memory or git-zllm is defective",
	               t->codec->name, t->size);
}

/* Bytes of the frame as SPARSE, or 0. */
static size_t code_sparse(const struct task *t, const uint8_t *src, uint8_t *dst)
{
	if (!t->codec->needs_base)
		return 0;
	return sparse_encode(src, t->base, t->size, t->dtype, dst, t->size - 1);
}

/* Codes as SPARSE where that is very small, which is quick; else in the smaller of
 * that and what the codec makes. Returns the bytes, or 0: nothing gains. */
static size_t code(const struct task *t, const uint8_t *src, uint8_t *dst,
                   enum frame_mode *mode)
{
	size_t sparse = code_sparse(t, src, dst), n = 0;

	*mode = FRAME_SPARSE;
	if (sparse && sparse <= t->size / SMALL_PART)
		return sparse;
	if (t->codec->takes(t->dtype))
		n = t->codec->encode(src, t->base, t->size, t->dtype, dst,
		                     (sparse ? sparse : t->size) - 1, t->scratch);
	if (n > 0) {
		*mode = t->codec->mode;
		return n;
	}
	return sparse ? code_sparse(t, src, dst) : 0;
}

/* Codes or, where that gains nothing, stores the frame as it is. */
static int code_or_copy(const struct task *t, const uint8_t *src, uint8_t *dst,
                        struct frame_out *made, struct err *err)
{
	made->stored = code(t, src, dst, &made->mode);
	if (made->stored)
		return prove(t, src, dst, made, err);
	memcpy(dst, src, t->size);
	made->mode = FRAME_RAW;
	made->stored = t->size;
	made->sum = xxh128_of(src, t->size);
	return 0;
}

int frame_encode(const struct codec *codec, enum dtype dtype, const uint8_t *src,
                 const uint8_t *base, size_t size, uint8_t *dst,
                 struct frame_scratch *scratch, struct frame_out *out, struct err *err)
{
	struct task t = { codec, dtype, base, size, scratch };
	struct frame_out made = { FRAME_SAME, 0, { { 0 } } };
	size_t unit = dtype_unit(dtype);

	int rc = check_task(&t, err);
	if (rc)
		return rc;
	if (codec->needs_base && memcmp(src, base, size) == 0) {
		made.mode = FRAME_SAME;
		made.sum = xxh128_of(src, size);
	} else if (is_fill(src, size, unit)) {
		made.mode = FRAME_FILL;
		made.stored = unit;
		made.sum = xxh128_of(src, size);
		memcpy(dst, src, unit);
	} else {
		rc = code_or_copy(&t, src, dst, &made, err);
		if (rc)
			return rc;
	}
	*out = made;
	return 0;
}

/* What a call to restore must have right. */
static int check_restore(const struct task *t, const struct frame_out *in,
                         struct err *err)
{
	int rc = check_task(t, err);

	if (rc)
		return rc;
	if (!frame_valid(in, t->dtype, t->size))
		return err_set(err, ERR_DAMAGED,
		               "a frame of %zu bytes cannot be stored as %zu in mode %u",
		               t->size, in->stored, (unsigned)in->mode);
	return 0;
}

int frame_restore(const struct codec *codec, enum dtype dtype, const struct frame_out *in,
                  const uint8_t *src, const uint8_t *base, uint8_t *dst, size_t size,
                  struct frame_scratch *scratch, struct err *err)
{
	struct task t = { codec, dtype, base, size, scratch };
	int rc = check_restore(&t, in, err);

	return rc ? rc : restore(&t, in, src, dst, err);
}

int frame_decode(const struct codec *codec, enum dtype dtype, const struct frame_out *in,
                 const uint8_t *src, const uint8_t *base, uint8_t *dst, size_t size,
                 struct frame_scratch *scratch, struct err *err)
{
	struct task t = { codec, dtype, base, size, scratch };
	struct xxh128 sum;
	int rc = check_restore(&t, in, err);

	if (!rc)
		rc = restore_and_sum(&t, in, src, dst, &sum, err);
	if (rc)
		return rc;
	if (!xxh128_equal(&sum, &in->sum))
		return err_set(err, ERR_DAMAGED,
		               "a frame of %zu bytes fails its checksum", size);
	return 0;
}
