#include "codec/simple_frame.h"

#include <stdbool.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/common/err.h"
#include "codec/frame_scratch.h"
#include "codec/sparse.h"

/* A sparse frame of at most a part in so many of its size is not tried otherwise. */
enum { SMALL_PART = 96 };

/* What a call must have right before it touches memory. */
static int check_job(const struct frame_job *job, struct err *err)
{
	if (job->size == 0 || job->size > FRAME_MAX)
		return err_set(err, ERR_INPUT, "a frame cannot have %zu bytes",
		               job->size);
	if (job->codec->needs_base && !job->base)
		return err_set(err, ERR_INPUT, "codec %s needs a base", job->codec->name);
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

static int unsuitable(const struct frame_job *job, const struct frame_out *in,
                      struct err *err)
{
	return err_set(err, ERR_DAMAGED, "codec %s cannot store a frame in mode %u",
	               job->codec->name, (unsigned)in->mode);
}

static int restore_coded(const struct frame_job *job, const struct frame_out *in,
                         const uint8_t *src, uint8_t *dst, struct err *err)
{
	const struct codec *codec = job->codec;
	bool v1 = in->mode == FRAME_CODED && codec->decode_v1;

	if (!codec->takes(job->dtype))
		return unsuitable(job, in, err);
	return (v1 ? codec->decode_v1 : codec->decode)(job, src, in->stored, dst, err);
}

/* Writes the frame's bytes to `dst`; that they are the right ones is not yet
 * known. */
static int restore(const struct frame_job *job, const struct frame_out *in,
                   const uint8_t *src, uint8_t *dst, struct err *err)
{
	if (!frame_out_suits(in, job->codec))
		return unsuitable(job, in, err);
	switch (in->mode) {
	case FRAME_RAW:
		memcpy(dst, src, job->size);
		return 0;
	case FRAME_CODED:
	case FRAME_TIGHT:
		return restore_coded(job, in, src, dst, err);
	case FRAME_SAME:
		memcpy(dst, job->base, job->size);
		return 0;
	case FRAME_SPARSE:
		if (sparse_decode(job, src, in->stored, dst))
			return 0;
		return err_set(err, ERR_DAMAGED, "a sparse frame is damaged");
	case FRAME_FILL:
		fill(dst, job->size, src, dtype_unit(job->dtype));
		return 0;
	case FRAME_MODES:
		break;
	}
	return unsuitable(job, in, err);
}

/* A frame on its way back: what it is stored as, and where. */
struct stored {
	const struct frame_out *as;
	const uint8_t *bytes;
};

/* Restores it, and says the sum of what was written, whatever that is. */
static int restore_and_sum(const struct frame_job *job, const struct stored *from,
                           uint8_t *dst, struct xxh128 *sum, struct err *err)
{
	struct frame_scratch *s = job->scratch;

	s->sum = s->hasher;
	s->summed = dst;
	int rc = restore(job, from->as, from->bytes, dst, err);
	frame_scratch_sum(s, rc ? s->summed : dst + job->size);
	s->sum = NULL;
	*sum = xxh128_finish(s->hasher); /* which starts anew */
	return rc;
}

/* Decodes what was coded, compares, and keeps the sum: the last look before it is
 * stored. */
static int prove(const struct frame_job *job, const uint8_t *src, const uint8_t *coded,
                 struct frame_out *made, struct err *err)
{
	const struct stored stored = { made, coded };
	uint8_t *check = job->scratch->check;
	struct err ignored = ERR_INIT;

	if (restore_and_sum(job, &stored, check, &made->sum, &ignored) == 0 &&
	    memcmp(check, src, job->size) == 0)
		return 0;
	return err_set(err, ERR_DAMAGED,
	               "codec %s did not restore a frame of %zu bytes that it had just "
	               "coded; this machine's memory or git-zllm is defective",
	               job->codec->name, job->size);
}

/* Bytes of the frame as SPARSE, or 0. */
static size_t code_sparse(const struct frame_job *job, const uint8_t *src, uint8_t *dst)
{
	return job->codec->needs_base ? sparse_encode(job, src, dst, job->size - 1) : 0;
}

/* Codes as SPARSE where that is very small, which is quick; else in the smaller of
 * that and what the codec makes. Returns the bytes, or 0: nothing gains. */
static size_t code(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                   enum frame_mode *mode)
{
	size_t sparse = code_sparse(job, src, dst), n = 0;

	*mode = FRAME_SPARSE;
	if (sparse && sparse <= job->size / SMALL_PART)
		return sparse;
	if (job->codec->takes(job->dtype))
		n = job->codec->encode(job, src, dst, (sparse ? sparse : job->size) - 1);
	if (n > 0) {
		*mode = job->codec->mode;
		return n;
	}
	return sparse ? code_sparse(job, src, dst) : 0;
}

/* Codes or, where that gains nothing, stores the frame as it is. */
static int code_or_copy(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                        struct frame_out *made, struct err *err)
{
	made->stored = code(job, src, dst, &made->mode);
	if (made->stored)
		return prove(job, src, dst, made, err);
	memcpy(dst, src, job->size);
	made->mode = FRAME_RAW;
	made->stored = job->size;
	made->sum = xxh128_of(src, job->size);
	return 0;
}

int simple_frame_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                        struct frame_out *out, struct err *err)
{
	struct frame_out made = { FRAME_SAME, 0, { { 0 } } };
	size_t unit = dtype_unit(job->dtype);
	int rc = check_job(job, err);

	if (rc)
		return rc;
	if (job->codec->needs_base && memcmp(src, job->base, job->size) == 0) {
		made.mode = FRAME_SAME;
		made.sum = xxh128_of(src, job->size);
	} else if (is_fill(src, job->size, unit)) {
		made.mode = FRAME_FILL;
		made.stored = unit;
		made.sum = xxh128_of(src, job->size);
		memcpy(dst, src, unit);
	} else {
		rc = code_or_copy(job, src, dst, &made, err);
		if (rc)
			return rc;
	}
	*out = made;
	return 0;
}

/* What a call to restore must have right. */
static int check_restore(const struct frame_job *job, const struct frame_out *in,
                         struct err *err)
{
	int rc = check_job(job, err);

	if (rc)
		return rc;
	if (!frame_out_valid(in, job->dtype, job->size))
		return err_set(err, ERR_DAMAGED,
		               "a frame of %zu bytes cannot be stored as %zu in mode %u",
		               job->size, in->stored, (unsigned)in->mode);
	return 0;
}

int simple_frame_restore(const struct frame_job *job, const struct frame_out *in,
                         const uint8_t *src, uint8_t *dst, struct err *err)
{
	int rc = check_restore(job, in, err);

	return rc ? rc : restore(job, in, src, dst, err);
}

int simple_frame_decode(const struct frame_job *job, const struct frame_out *in,
                        const uint8_t *src, uint8_t *dst, struct err *err)
{
	const struct stored stored = { in, src };
	struct xxh128 sum;
	int rc = check_restore(job, in, err);

	if (!rc)
		rc = restore_and_sum(job, &stored, dst, &sum, err);
	if (rc)
		return rc;
	if (!xxh128_equal(&sum, &in->sum))
		return err_set(err, ERR_DAMAGED,
		               "a frame of %zu bytes fails its checksum", job->size);
	return 0;
}
