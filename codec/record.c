#include "codec/record.h"

#include <stdlib.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "codec/low_rank.h"

static enum prediction prediction_of(enum dtype dtype, const struct record_basis *basis)
{
	if (!basis)
		return PREDICTION_NONE;
	if (basis->parts.count)
		return PREDICTION_PARTS;
	return basis->bases[0].dtype == dtype ? PREDICTION_BASE : PREDICTION_CAST;
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
	uint64_t count = record_frames_of(size, frame);
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

const char *record_low_rank_fault(const struct record_head *head,
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
		fault = record_low_rank_fault(head, l);
	if (fault)
		return err_set(err, ERR_INPUT, "no low-rank record: %s", fault);
	uint64_t count = record_frames_of(head->size, head->frame_size);
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

uint32_t record_parameter_size(const struct record_head *head)
{
	const struct parts *p = &head->basis.parts;

	if (head->low_rank)
		return low_rank_size(head->low_rank);
	return p->count ? RECORD_ROW_SIZE + p->count * RECORD_PART_SIZE : 0;
}

size_t record_head_size(const struct record_head *head)
{
	return record_layout_size(head->basis.base_count, record_parameter_size(head),
	                          head->frame_count);
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
