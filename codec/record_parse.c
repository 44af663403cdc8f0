/*
 * Reading goes in two steps, for a reader that does not know how much to fetch:
 * record_head_measure() looks at the counts in the fixed bytes, and
 * record_head_parse(), once the sum has shown the head to be whole, at the rest.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/cast.h"
#include "codec/codec_table.h"
#include "codec/common/checked.h"
#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "codec/low_rank.h"
#include "codec/record.h"

enum { PARAMETERS_MAX = 64 << 20 /* bytes a later version may put there */ };

/* The fixed bytes as they are, before anything is believed. */
struct fixed {
	unsigned version, codec, dtype, prediction, base_count, flags;
	uint64_t size;
	uint32_t frame_size, frame_count;
	struct xxh128 sum;
	uint32_t parameters; /* bytes */
	unsigned base_dtype;
	uint8_t reserved[RECORD_RESERVED_SIZE];
};

static int damaged(struct err *err, const char *what)
{
	return err_set(err, ERR_DAMAGED, "damaged record: %s", what);
}

static int too_new(struct err *err, const char *what, unsigned number)
{
	return err_set(err, ERR_FORMAT,
	               "the record has %s %u, which this version does not know; "
	               "upgrade git-zllm",
	               what, number);
}

/* Reads the fixed bytes and checks what tells how long the head is. */
static int take_fixed(struct cursor *c, struct fixed *f, struct err *err)
{
	const uint8_t *m = cursor_take(c, RECORD_MAGIC_SIZE);

	if (!m || memcmp(m, RECORD_MAGIC, RECORD_MAGIC_SIZE) != 0)
		return damaged(err, "it does not begin as one");
	f->version = cursor_u16(c);
	f->codec = cursor_u8(c);
	f->dtype = cursor_u8(c);
	f->prediction = cursor_u8(c);
	f->base_count = cursor_u8(c);
	f->flags = cursor_u16(c);
	f->size = cursor_u64(c);
	f->frame_size = cursor_u32(c);
	f->frame_count = cursor_u32(c);
	cursor_copy(c, f->sum.bytes, XXH128_SIZE);
	f->parameters = cursor_u32(c);
	f->base_dtype = cursor_u8(c);
	cursor_copy(c, f->reserved, RECORD_RESERVED_SIZE);
	if (!cursor_ok(c))
		return damaged(err, "its head is cut short");
	if (f->version > RECORD_VERSION)
		return too_new(err, "version", f->version);
	if (f->version == 0)
		return damaged(err, "version 0");
	if (f->base_count > RECORD_BASES_MAX || f->frame_count > RECORD_FRAMES_MAX ||
	    f->parameters > PARAMETERS_MAX)
		return damaged(err, "a count in its head is out of range");
	return 0;
}

int record_head_measure(const uint8_t *bytes, size_t n, size_t *size, struct err *err)
{
	struct cursor c = cursor_over(bytes, n);
	struct fixed f;

	int rc = take_fixed(&c, &f, err);
	if (rc)
		return rc;
	*size = record_layout_size(f.base_count, f.parameters, f.frame_count);
	return 0;
}

void record_head_take_for_ours(uint8_t *bytes)
{
	bytes[RECORD_MAGIC_SIZE] = RECORD_VERSION;
	bytes[RECORD_MAGIC_SIZE + 1] = 0;
}

/* The numbers that a later version may give new meanings to. */
static int check_known(const struct fixed *f, struct err *err)
{
	static const uint8_t zeros[RECORD_RESERVED_SIZE];
	const struct codec *codec = codec_by_id(f->codec);

	if (!codec)
		return too_new(err, "codec", f->codec);
	if (f->dtype >= DTYPE_COUNT)
		return too_new(err, "dtype", f->dtype);
	if (!codec->takes((enum dtype)f->dtype))
		return too_new(err, "a codec not meant for dtype", f->dtype);
	if (f->prediction == PREDICTION_COMBINATION || f->prediction > PREDICTION_PARTS)
		return too_new(err, "prediction", f->prediction);
	if (f->base_dtype >= DTYPE_COUNT)
		return too_new(err, "a base of dtype", f->base_dtype);
	if (f->flags != 0)
		return too_new(err, "flags", f->flags);
	if (f->parameters != 0 && f->prediction != PREDICTION_PARTS &&
	    f->prediction != PREDICTION_LOW_RANK)
		return too_new(err, "parameter bytes", f->parameters);
	if (memcmp(f->reserved, zeros, RECORD_RESERVED_SIZE) != 0)
		return err_set(err, ERR_FORMAT,
		               "the record uses reserved bytes; upgrade git-zllm");
	if (codec->needs_base != (f->prediction != PREDICTION_NONE))
		return damaged(err, "codec and prediction contradict each other");
	return 0;
}

/* The dtype of the bases, which is told only where it need not be our own. */
static int check_base_dtype(const struct fixed *f, struct err *err)
{
	bool casts = cast_exists((enum dtype)f->base_dtype, (enum dtype)f->dtype);
	bool right = f->base_dtype == 0;

	if (f->prediction == PREDICTION_CAST)
		right = casts;
	else if (record_tells_base_dtype(f->prediction))
		right = casts || f->base_dtype == f->dtype;
	return right ? 0 : damaged(err, "its base has a dtype that cannot predict it");
}

static bool counts_suit(const struct fixed *f)
{
	uint32_t parts = f->parameters;

	switch (f->prediction) {
	case PREDICTION_NONE:
		return f->base_count == 0;
	case PREDICTION_PARTS:
		return f->base_count > 0 && parts > RECORD_ROW_SIZE &&
		       (parts - RECORD_ROW_SIZE) % RECORD_PART_SIZE == 0 &&
		       (parts - RECORD_ROW_SIZE) / RECORD_PART_SIZE <= PARTS_MAX;
	default:
		return f->base_count == 1;
	}
}

static int check_sizes(const struct fixed *f, struct err *err)
{
	if (!counts_suit(f))
		return damaged(err,
		               "its prediction needs another number of bases or parts");
	if (f->frame_size == 0 || f->frame_size > FRAME_MAX ||
	    f->frame_size % dtype_unit((enum dtype)f->dtype) != 0)
		return damaged(err, "impossible frame size");
	if (f->frame_count != record_frames_of(f->size, f->frame_size))
		return damaged(err, "its frames do not add up to its size");
	return 0;
}

static int take_base(struct cursor *c, uint64_t size, struct record_base *base,
                     struct err *err)
{
	uint64_t length, end;

	cursor_copy(c, base->id.bytes, SHA256_SIZE);
	base->offset = cursor_u64(c);
	/* A cast reads at the most two bytes for each of ours. */
	if (checked_mul(size, 2, &length) || checked_add(base->offset, length, &end))
		return damaged(err, "impossible offset in its base");
	return 0;
}

static int take_parts(struct cursor *c, unsigned count, struct parts *p, struct err *err)
{
	static const uint8_t zeros[RECORD_PART_RESERVED];

	p->row = cursor_u64(c);
	p->count = count;
	for (unsigned i = 0; i < count; i++) {
		uint8_t reserved[RECORD_PART_RESERVED];
		struct part *one = &p->list[i];
		one->first = cursor_u64(c);
		one->rows = cursor_u64(c);
		one->column = cursor_u64(c);
		one->width = cursor_u64(c);
		one->at = cursor_u64(c);
		one->stride = cursor_u64(c);
		one->base = cursor_u8(c);
		cursor_copy(c, reserved, RECORD_PART_RESERVED);
		if (memcmp(reserved, zeros, RECORD_PART_RESERVED) != 0)
			return err_set(err, ERR_FORMAT,
			               "part %u of the record uses reserved bytes; "
			               "upgrade git-zllm",
			               i);
	}
	return 0;
}

static int take_low_rank(struct cursor *c, uint32_t parameters, struct record_head *head,
                         struct err *err)
{
	const uint8_t *bytes = cursor_take(c, parameters);

	if (!bytes)
		return damaged(err, "its head is cut short");
	int rc = low_rank_parse(bytes, parameters, &head->low_rank, err);
	if (rc)
		return rc;
	const char *fault = record_low_rank_fault(head, head->low_rank);
	return fault ? damaged(err, fault) : 0;
}

/* Reads the bases and the parts of `head`, whose counts are set. */
static int take_basis(struct cursor *c, uint32_t parameters, struct record_head *head,
                      struct err *err)
{
	struct record_basis *basis = &head->basis;

	for (unsigned i = 0; i < basis->base_count; i++) {
		int rc = take_base(c, head->size, &basis->bases[i], err);
		if (rc)
			return rc;
	}
	if (head->prediction == PREDICTION_LOW_RANK)
		return take_low_rank(c, parameters, head, err);
	if (head->prediction != PREDICTION_PARTS)
		return 0;
	int rc = take_parts(c, (parameters - RECORD_ROW_SIZE) / RECORD_PART_SIZE,
	                    &basis->parts, err);
	if (rc)
		return rc;
	const char *fault = record_basis_fault(basis, head->dtype, head->size);
	return fault ? damaged(err, fault) : 0;
}

static int take_frame(struct cursor *c, const struct record_head *head, uint32_t i,
                      struct err *err)
{
	struct frame_out *frame = &head->frames[i];

	frame->stored = cursor_u32(c);
	frame->mode = (enum frame_mode)cursor_u8(c);
	unsigned reserved = cursor_u8(c);
	reserved |= cursor_u16(c);
	cursor_copy(c, frame->sum.bytes, XXH128_SIZE);
	if (reserved != 0)
		return err_set(err, ERR_FORMAT,
		               "frame %u of the record uses reserved bytes; "
		               "upgrade git-zllm",
		               i);
	if (frame->mode >= FRAME_MODES)
		return too_new(err, "a frame of mode", frame->mode);
	if (!frame_out_valid(frame, head->dtype, record_frame_size(head, i)) ||
	    !frame_out_suits(frame, codec_by_id(head->codec)))
		return damaged(err,
		               "a frame's stored size and mode contradict each other");
	return 0;
}

/* The sum at the end covers all before it: nothing is believed until then. */
static int check_whole(const uint8_t *bytes, size_t n, struct err *err)
{
	size_t size;

	int rc = record_head_measure(bytes, n, &size, err);
	if (rc)
		return rc;
	if (n != size)
		return damaged(err, "its head has another length than it says");
	struct xxh128 sum = xxh128_of(bytes, n - RECORD_SUM_SIZE);
	if (memcmp(sum.bytes, bytes + n - RECORD_SUM_SIZE, RECORD_SUM_SIZE) != 0)
		return damaged(err, "its head fails its checksum");
	return 0;
}

/* Reads the frames of `head`, whose counts are set. */
static int take_frames(struct cursor *c, struct record_head *head, uint64_t *body,
                       struct err *err)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < head->frame_count; i++) {
		int rc = take_frame(c, head, i, err);
		if (rc)
			return rc;
		total += head->frames[i].stored; /* at most 2^24 frames of 2^21 */
	}
	*body = total;
	return 0;
}

int record_head_parse(const uint8_t *bytes, size_t n, struct record_head *out,
                      uint64_t *body, struct err *err)
{
	struct cursor c = cursor_over(bytes, n);
	struct fixed f;

	int rc = check_whole(bytes, n, err);
	if (!rc)
		rc = take_fixed(&c, &f, err);
	if (!rc)
		rc = check_known(&f, err);
	if (!rc)
		rc = check_base_dtype(&f, err);
	if (!rc)
		rc = check_sizes(&f, err);
	if (rc)
		return rc;
	struct record_head head = {
		.codec = (enum codec_id)f.codec,
		.dtype = (enum dtype)f.dtype,
		.prediction = (enum prediction)f.prediction,
		.basis.base_count = f.base_count,
		.size = f.size,
		.frame_size = f.frame_size,
		.frame_count = f.frame_count,
		.sum = f.sum,
		.frames = calloc((size_t)f.frame_count + 1, sizeof(*head.frames)),
	};
	if (!head.frames)
		return err_nomem(err, "the frame table of a record");
	enum dtype base_dtype = record_tells_base_dtype(head.prediction)
	                                ? (enum dtype)f.base_dtype
	                                : head.dtype;
	for (unsigned i = 0; i < head.basis.base_count; i++)
		head.basis.bases[i].dtype = base_dtype;
	rc = take_basis(&c, f.parameters, &head, err);
	if (!rc)
		rc = take_frames(&c, &head, body, err);
	if (rc) {
		record_head_wipe(&head);
		return rc;
	}
	*out = head;
	return 0;
}
