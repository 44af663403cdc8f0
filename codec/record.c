/*
 *     64 fixed bytes | bases | parameters | frame table | sum of all before
 *
 * Reading goes in two steps, for a reader that does not know how much to fetch:
 * record_head_measure() looks at the counts in the fixed bytes, and
 * record_head_parse(), once the sum has shown the head to be whole, at the rest.
 */
#include "codec/record.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cast.h"
#include "codec/codec_table.h"
#include "codec/common/buf.h"
#include "codec/common/checked.h"
#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "codec/low_rank.h"

static const uint8_t magic[8] = { 'Z', 'L', 'L', 'M', 'R', 'E', 'C', 0 };

enum {
	BASE_SIZE = 40, /* bytes of a base's id and offset */
	SUM_SIZE = 8,   /* bytes of the head's own sum */
	RESERVED_SIZE = 11,
	ROW_SIZE = 8,   /* bytes of parameters: the row's length, */
	PART_SIZE = 56, /* and then each part */
	PART_RESERVED = 7,
	PARAMETERS_MAX = 64 << 20 /* bytes a later version may put there */
};

/* The fixed bytes as they are, before anything is believed. */
struct fixed {
	unsigned version, codec, dtype, prediction, base_count, flags;
	uint64_t size;
	uint32_t frame_size, frame_count;
	struct xxh128 sum;
	uint32_t parameters; /* bytes */
	unsigned base_dtype;
	uint8_t reserved[RESERVED_SIZE];
};

static uint64_t frames_of(uint64_t size, uint32_t frame_size)
{
	return size / frame_size + (size % frame_size != 0);
}

static enum prediction prediction_of(enum dtype dtype, const struct record_basis *basis)
{
	if (!basis)
		return PREDICTION_NONE;
	if (basis->parts.count)
		return PREDICTION_PARTS;
	return basis->bases[0].dtype == dtype ? PREDICTION_BASE : PREDICTION_CAST;
}

const char *record_basis_fault(const struct record_basis *b, enum dtype dtype,
                               uint64_t size)
{
	unsigned unit = dtype_unit(dtype);
	enum dtype from = b->bases[0].dtype;

	if (from != dtype && !cast_exists(from, dtype))
		return "its base has a dtype that cannot predict it";
	for (unsigned i = 1; i < b->base_count; i++)
		if (b->bases[i].dtype != b->bases[0].dtype)
			return "its bases are of several dtypes";
	if (!b->parts.count)
		return b->base_count == 1 ? NULL : "it has several bases and no parts";
	if (b->base_count == 0 || b->base_count > RECORD_BASES_MAX || size % unit != 0)
		return "its size or its bases do not allow parts";
	for (unsigned i = 0; i < b->base_count; i++)
		if (b->bases[i].offset != 0)
			return "it has parts and an offset";
	return parts_fault(&b->parts, size / unit, b->base_count);
}

bool record_basis_equal(const struct record_basis *a, const struct record_basis *b)
{
	if (a->base_count != b->base_count)
		return false;
	for (unsigned i = 0; i < a->base_count; i++)
		if (!oid_equal(&a->bases[i].id, &b->bases[i].id) ||
		    a->bases[i].offset != b->bases[i].offset ||
		    a->bases[i].dtype != b->bases[i].dtype)
			return false;
	return parts_equal(&a->parts, &b->parts);
}

static int check_basis(const struct record_basis *basis, const struct codec *codec,
                       enum dtype dtype, uint64_t size, struct err *err)
{
	const char *fault;

	if (codec->needs_base != (basis != NULL))
		return err_set(err, ERR_INPUT, "codec %s %s a base", codec->name,
		               basis ? "does not take" : "needs");
	fault = basis ? record_basis_fault(basis, dtype, size) : NULL;
	return fault ? err_set(err, ERR_INPUT, "no basis of a record: %s", fault) : 0;
}

int record_head_init(struct record_head *head, const struct codec *codec,
                     enum dtype dtype, uint64_t size, const struct record_basis *basis,
                     struct err *err)
{
	uint32_t frame = (uint32_t)frame_size(dtype);
	uint64_t count = frames_of(size, frame);
	int rc = check_basis(basis, codec, dtype, size, err);

	if (rc)
		return rc;
	if (count > RECORD_FRAMES_MAX)
		return err_set(err, ERR_INPUT, "%llu bytes are too many for one record",
		               (unsigned long long)size);
	struct record_head made = {
		.codec = codec->id,
		.dtype = dtype,
		.prediction = prediction_of(dtype, basis),
		.size = size,
		.frame_size = frame,
		.frame_count = (uint32_t)count,
		/* One more, so that an empty blob has a table too. */
		.frames = calloc((size_t)count + 1, sizeof(*made.frames)),
	};
	if (!made.frames)
		return err_nomem(err, "the frame table of a record");
	if (basis)
		made.basis = *basis;
	*head = made;
	return 0;
}

/* Why these cannot go together, as half a sentence, or NULL. */
static const char *low_rank_misfit(const struct record_head *head,
                                   const struct low_rank *l)
{
	const struct codec *codec = codec_by_id(head->codec);

	if (!codec || !codec->policy.low_rank_permille)
		return "its codec knows no low-rank product";
	return low_rank_fault(l, head->dtype, head->size, head->frame_size);
}

int record_head_add_low_rank(struct record_head *head, const struct low_rank *l,
                             struct err *err)
{
	size_t frame = low_rank_frame_bytes(l, head->dtype, head->frame_size);
	const char *fault = frame ? NULL : "its rows are too long";

	head->frame_size = frame ? (uint32_t)frame : head->frame_size;
	if (!fault && (head->basis.base_count != 1 || head->basis.parts.count))
		fault = "it has not one whole base";
	if (!fault)
		fault = low_rank_misfit(head, l);
	if (fault)
		return err_set(err, ERR_INPUT, "no low-rank record: %s", fault);
	uint64_t count = frames_of(head->size, head->frame_size);
	if (count > RECORD_FRAMES_MAX)
		return err_set(err, ERR_INPUT, "too many frames for one record");
	struct frame_out *frames = calloc((size_t)count + 1, sizeof(*frames));
	if (!frames)
		return err_nomem(err, "the frame table of a record");
	free(head->frames);
	head->frames = frames;
	head->frame_count = (uint32_t)count;
	head->prediction = PREDICTION_LOW_RANK;
	return low_rank_copy(l, &head->low_rank, err);
}

void record_head_wipe(struct record_head *head)
{
	low_rank_free(head->low_rank);
	free(head->frames);
	*head = (struct record_head){ 0 };
}

static size_t head_size(unsigned bases, uint32_t parameters, uint32_t frames)
{
	return RECORD_FIXED_SIZE + (size_t)bases * BASE_SIZE + parameters +
	       (size_t)frames * RECORD_ENTRY_SIZE + SUM_SIZE;
}

static uint32_t parameter_size(const struct record_head *head)
{
	const struct parts *p = &head->basis.parts;

	if (head->low_rank)
		return low_rank_size(head->low_rank);
	return p->count ? ROW_SIZE + p->count * PART_SIZE : 0;
}

size_t record_head_size(const struct record_head *head)
{
	return head_size(head->basis.base_count, parameter_size(head), head->frame_count);
}

size_t record_frame_size(const struct record_head *head, uint32_t i)
{
	uint64_t left = head->size - record_frame_start(head, i);

	return left < head->frame_size ? (size_t)left : head->frame_size;
}

uint64_t record_frame_start(const struct record_head *head, uint32_t i)
{
	return (uint64_t)i * head->frame_size;
}

/* Whether the dtype of the bases' values is told, which need not be our own. */
static bool tells_base_dtype(unsigned prediction)
{
	return prediction >= PREDICTION_CAST || prediction == PREDICTION_LOW_RANK;
}

static void add_fixed(const struct record_head *head, struct buf *out)
{
	static const uint8_t reserved[RESERVED_SIZE];

	buf_add(out, magic, sizeof(magic));
	buf_add_u16(out, RECORD_VERSION);
	buf_add_u8(out, (uint8_t)head->codec);
	buf_add_u8(out, (uint8_t)head->dtype);
	buf_add_u8(out, (uint8_t)head->prediction);
	buf_add_u8(out, (uint8_t)head->basis.base_count);
	buf_add_u16(out, 0); /* flags */
	buf_add_u64(out, head->size);
	buf_add_u32(out, head->frame_size);
	buf_add_u32(out, head->frame_count);
	buf_add(out, head->sum.bytes, XXH128_SIZE);
	buf_add_u32(out, parameter_size(head));
	buf_add_u8(out, tells_base_dtype(head->prediction)
	                        ? (uint8_t)head->basis.bases[0].dtype
	                        : 0);
	buf_add(out, reserved, sizeof(reserved));
}

static void add_parts(const struct parts *p, struct buf *out)
{
	static const uint8_t reserved[PART_RESERVED];

	if (p->count)
		buf_add_u64(out, p->row);
	for (unsigned i = 0; i < p->count; i++) {
		const struct part *one = &p->list[i];
		buf_add_u64(out, one->first);
		buf_add_u64(out, one->rows);
		buf_add_u64(out, one->column);
		buf_add_u64(out, one->width);
		buf_add_u64(out, one->at);
		buf_add_u64(out, one->stride);
		buf_add_u8(out, (uint8_t)one->base);
		buf_add(out, reserved, sizeof(reserved));
	}
}

static void add_frame(const struct frame_out *frame, struct buf *out)
{
	static const uint8_t reserved[3];

	buf_add_u32(out, (uint32_t)frame->stored);
	buf_add_u8(out, (uint8_t)frame->mode);
	buf_add(out, reserved, sizeof(reserved));
	buf_add(out, frame->sum.bytes, XXH128_SIZE);
}

int record_head_format(const struct record_head *head, struct buf *out, struct err *err)
{
	size_t size = record_head_size(head);

	if (!buf_reserve(out, size))
		return err_nomem(err, "the head of a record");
	size_t start = out->size;
	add_fixed(head, out);
	for (unsigned i = 0; i < head->basis.base_count; i++) {
		buf_add(out, head->basis.bases[i].id.bytes, SHA256_SIZE);
		buf_add_u64(out, head->basis.bases[i].offset);
	}
	if (head->low_rank)
		low_rank_format(head->low_rank, out);
	else
		add_parts(&head->basis.parts, out);
	for (uint32_t i = 0; i < head->frame_count; i++)
		add_frame(&head->frames[i], out);
	struct xxh128 sum = xxh128_of(out->data + start, size - SUM_SIZE);
	buf_add(out, sum.bytes, SUM_SIZE);
	return 0;
}

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
	const uint8_t *m = cursor_take(c, sizeof(magic));

	if (!m || memcmp(m, magic, sizeof(magic)) != 0)
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
	cursor_copy(c, f->reserved, RESERVED_SIZE);
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
	*size = head_size(f.base_count, f.parameters, f.frame_count);
	return 0;
}

void record_head_take_for_ours(uint8_t *bytes)
{
	bytes[sizeof(magic)] = RECORD_VERSION;
	bytes[sizeof(magic) + 1] = 0;
}

/* The numbers that a later version may give new meanings to. */
static int check_known(const struct fixed *f, struct err *err)
{
	static const uint8_t zeros[RESERVED_SIZE];
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
	if (memcmp(f->reserved, zeros, RESERVED_SIZE) != 0)
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
	else if (tells_base_dtype(f->prediction))
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
		return f->base_count > 0 && parts > ROW_SIZE &&
		       (parts - ROW_SIZE) % PART_SIZE == 0 &&
		       (parts - ROW_SIZE) / PART_SIZE <= PARTS_MAX;
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
	if (f->frame_count != frames_of(f->size, f->frame_size))
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
	static const uint8_t zeros[PART_RESERVED];

	p->row = cursor_u64(c);
	p->count = count;
	for (unsigned i = 0; i < count; i++) {
		uint8_t reserved[PART_RESERVED];
		struct part *one = &p->list[i];
		one->first = cursor_u64(c);
		one->rows = cursor_u64(c);
		one->column = cursor_u64(c);
		one->width = cursor_u64(c);
		one->at = cursor_u64(c);
		one->stride = cursor_u64(c);
		one->base = cursor_u8(c);
		cursor_copy(c, reserved, PART_RESERVED);
		if (memcmp(reserved, zeros, PART_RESERVED) != 0)
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
	const char *fault = low_rank_misfit(head, head->low_rank);
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
	int rc = take_parts(c, (parameters - ROW_SIZE) / PART_SIZE, &basis->parts, err);
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
	struct xxh128 sum = xxh128_of(bytes, n - SUM_SIZE);
	if (memcmp(sum.bytes, bytes + n - SUM_SIZE, SUM_SIZE) != 0)
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
	enum dtype base_dtype = tells_base_dtype(head.prediction)
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
