#include "codec/record.h"

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/low_rank.h"

static void add_fixed(const struct record_head *head, struct buf *out)
{
	static const uint8_t reserved[RECORD_RESERVED_SIZE];

	buf_add(out, RECORD_MAGIC, RECORD_MAGIC_SIZE);
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
	buf_add_u32(out, record_parameter_size(head));
	buf_add_u8(out, record_tells_base_dtype(head->prediction)
	                        ? (uint8_t)head->basis.bases[0].dtype
	                        : 0);
	buf_add(out, reserved, sizeof(reserved));
}

static void add_parts(const struct parts *p, struct buf *out)
{
	static const uint8_t reserved[RECORD_PART_RESERVED];

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
	struct xxh128 sum = xxh128_of(out->data + start, size - RECORD_SUM_SIZE);
	buf_add(out, sum.bytes, RECORD_SUM_SIZE);
	return 0;
}
