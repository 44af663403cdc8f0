/*
 * Floats by themselves: the exponent and the leading bits of the mantissa are
 * one symbol coded by rANS, the sign and the rest of the mantissa are as good as
 * random and stay as they are.
 *
 *     BF16   s eeeeeeee mm mmmmm   ->   symbol: eeeeeeeemm   raw: s mmmmm
 *
 * Two mantissa bits of BF16 pay, and one of F16 (three exponent bits of which
 * hardly occur): a third costs more in table than it gains. 8-bit floats are
 * symbols whole.
 */
#include "codec/codec_table.h"

#include <string.h>

#include "codec/bits.h"
#include "codec/coded_frame.h"
#include "codec/common/cursor.h"
#include "codec/common/le.h"
#include "codec/frame_job.h"
#include "codec/frame_scratch.h"
#include "codec/kernel/fields.h"
#include "codec/rans_coder.h"
#include "codec/rans_room.h"
#include "codec/rans_roots.h"
#include "codec/rans_table.h"

/* What `float` must know of a dtype. */
struct shape {
	unsigned unit;  /* bytes */
	unsigned shift; /* mantissa bits that stay raw */
};

static const struct shape shapes[DTYPE_COUNT] = {
	[DTYPE_BF16] = { 2, 5 },        [DTYPE_F16] = { 2, 7 },
	[DTYPE_F32] = { 4, 21 },        [DTYPE_F8_E4M3] = { 1, 0 },
	[DTYPE_F8_E5M2] = { 1, 0 },     [DTYPE_F8_E4M3FNUZ] = { 1, 0 },
	[DTYPE_F8_E5M2FNUZ] = { 1, 0 },
};

/* How the values of a frame are taken apart. */
struct cut {
	unsigned unit;
	unsigned sign;  /* the sign's bit; 8 where the sign is part of the symbol */
	unsigned shift; /* raw mantissa bits */
	unsigned width; /* raw bits, the sign's included */
};

static struct cut cut_of(const struct shape *shape, unsigned shift)
{
	unsigned sign = shape->unit == 1 ? 8 : shape->unit * 8 - 1;

	return (struct cut){ shape->unit, sign, shift, shape->unit == 1 ? 0 : shift + 1 };
}

static bool takes(enum dtype dtype)
{
	return dtype < DTYPE_COUNT && shapes[dtype].unit > 0;
}

static uint32_t load(const uint8_t *src, unsigned unit)
{
	return unit == 2 ? le16_load(src) : unit == 4 ? le32_load(src) : *src;
}

/* ---- values taken apart and put together, at most FIELDS_BLOCK at a time */

static void split(const struct cut *c, const uint8_t *src, size_t n, uint16_t *symbols,
                  uint32_t *raw)
{
	uint32_t mask = (UINT32_C(1) << c->sign) - 1;
	uint32_t low_mask = (UINT32_C(1) << c->shift) - 1;

	for (size_t i = 0; i < n; i++) {
		uint32_t v = load(src + i * c->unit, c->unit);
		symbols[i] = (uint16_t)((v & mask) >> c->shift);
		raw[i] = (v & low_mask) | v >> c->sign << c->shift;
	}
}

static void merge(const struct cut *c, const uint16_t *symbols, const uint32_t *raw,
                  size_t n, uint8_t *dst)
{
	uint32_t low_mask = (UINT32_C(1) << c->shift) - 1;

	for (size_t i = 0; i < n; i++) {
		uint32_t v = (uint32_t)symbols[i] << c->shift | (raw[i] & low_mask) |
		             raw[i] >> c->shift << c->sign;
		if (c->unit == 2)
			le16_store(dst + 2 * i, (uint16_t)v);
		else if (c->unit == 4)
			le32_store(dst + 4 * i, v);
		else
			dst[i] = (uint8_t)v;
	}
}

/* 8-bit values are symbols as they are. Blocks of one size are done by loops that become
 * vectors; the values after the last block are done like those of other sizes. */

static size_t whole_bytes(size_t n)
{
	return n / FIELDS_BLOCK * FIELDS_BLOCK;
}

static void widen(const uint8_t *src, size_t n, uint16_t *symbols)
{
	for (size_t at = 0; at < n; at += FIELDS_BLOCK) {
		uint8_t bytes[FIELDS_BLOCK];
		uint16_t wide[FIELDS_BLOCK];
		memcpy(bytes, src + at, sizeof(bytes));
		for (int i = 0; i < FIELDS_BLOCK; i++)
			wide[i] = bytes[i];
		memcpy(symbols + at, wide, sizeof(wide));
	}
}

static void narrow(const uint16_t *symbols, size_t n, uint8_t *dst)
{
	for (size_t at = 0; at < n; at += FIELDS_BLOCK) {
		uint8_t bytes[FIELDS_BLOCK];
		for (int i = 0; i < FIELDS_BLOCK; i++)
			bytes[i] = (uint8_t)symbols[at + (size_t)i];
		memcpy(dst + at, bytes, sizeof(bytes));
	}
}

/* ---- encoding */

static void split_all(const struct cut *c, const struct kernel *kernel,
                      const uint8_t *src, size_t n, struct rans_room *room)
{
	uint8_t *to = room->raw;

	size_t at = 0;

	if (c->unit > 1) {
		at = n / FIELDS_BLOCK * FIELDS_BLOCK;
		(c->unit == 2 ? kernel->cut16 : kernel->cut32)(
			c->shift, src, at / FIELDS_BLOCK, room->index, to);
		to += fields_size(at, c->width);
	} else {
		at = whole_bytes(n);
		widen(src, at, room->index);
	}
	for (; at < n; at += FIELDS_BLOCK) {
		uint32_t raw[FIELDS_BLOCK] = { 0 };
		size_t m = n - at < FIELDS_BLOCK ? n - at : FIELDS_BLOCK;
		split(c, src + at * c->unit, m, room->index + at, raw);
		to = fields_pack(raw, c->width, to);
	}
}

static void make_table(struct rans_room *room, size_t n, struct bits_writer *to)
{
	uint16_t roots[RANS_SYMBOLS], freq[RANS_SYMBOLS];

	rans_room_clear(room, RANS_SYMBOLS);
	rans_room_count(room, room->index, n);
	rans_room_sum(room, RANS_SYMBOLS);
	rans_roots_of(room->counts[0], RANS_SYMBOLS, roots);
	rans_roots_put(to, roots, RANS_SYMBOLS);
	rans_roots_freq(roots, RANS_SYMBOLS, freq);
	rans_table_encoder(freq, RANS_SYMBOLS, room->coder);
}

static size_t encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                     size_t cap)
{
	const struct shape *shape = &shapes[job->dtype];
	const struct kernel *kernel = job->scratch->kernel;
	struct rans_room *room = job->scratch->rans;
	size_t n = job->size / shape->unit, tail = job->size % shape->unit;
	struct bits_writer head = { .at = dst, .end = dst + cap };

	if (n == 0 || n > FRAME_VALUES)
		return 0;
	struct cut cut = cut_of(shape, shape->shift);
	split_all(&cut, kernel, src, n, room);
	bits_put(&head, cut.shift, 8);
	make_table(room, n, &head);
	uint8_t *at = bits_finish(&head);
	if (head.full)
		return 0;
	uint8_t *end = room->words + sizeof(room->words);
	uint8_t *words = rans_coder_write(kernel, room->coder, room->index, n, end);
	size_t raw_size = fields_size(n, cut.width), words_size = (size_t)(end - words);
	size_t total = (size_t)(at - dst) + raw_size + tail + words_size;
	if (total > cap)
		return 0;
	memcpy(at, room->raw, raw_size);
	memcpy(at + raw_size, src + job->size - tail, tail);
	memcpy(at + raw_size + tail, words, words_size);
	return total;
}

/* ---- decoding */

/* Where in a coded frame what is. */
struct layout {
	struct coded_frame frame;
	struct cut cut;
	const uint8_t *raw;
};

static bool get_table(enum frame_mode form, struct bits_reader *from, uint16_t *freq)
{
	uint16_t roots[RANS_SYMBOLS];

	if (form == FRAME_CODED)
		return rans_table_get(from, freq, RANS_SYMBOLS);
	if (!rans_roots_get(from, roots, RANS_SYMBOLS))
		return false;
	rans_roots_freq(roots, RANS_SYMBOLS, freq);
	return true;
}

static bool find_layout(struct layout *l, const struct frame_job *job, struct cursor from)
{
	const struct shape *shape = &shapes[job->dtype];
	size_t n = job->size / shape->unit;
	uint16_t freq[RANS_SYMBOLS];
	struct bits_reader head = { .at = from.at, .end = from.at + from.left };

	unsigned shift = bits_get(&head, 8);
	if (head.bad || shift < shape->shift || shift > shape->unit * 8 - 8)
		return false;
	if (!get_table(l->frame.form, &head, freq))
		return false;
	l->cut = cut_of(shape, shift);
	rans_table_decoder(freq, RANS_SYMBOLS, job->scratch->rans->tables);
	struct cursor rest = cursor_over(head.at, (size_t)(head.end - head.at));
	l->raw = cursor_take(&rest, fields_size(n, l->cut.width));
	return coded_frame_open(&l->frame, job, &rest);
}

/* `n` values from their symbols and the raw bits at l->raw, which moves on. */
static void join(struct layout *l, const struct kernel *kernel, const uint16_t *symbols,
                 size_t n, uint8_t *dst)
{
	uint32_t raw[FIELDS_BLOCK];
	size_t i = n / FIELDS_BLOCK * FIELDS_BLOCK;

	if (l->cut.unit > 1) {
		(l->cut.unit == 2 ? kernel->join16 : kernel->join32)(
			l->cut.shift, symbols, l->raw, i / FIELDS_BLOCK, dst);
		l->raw += fields_size(i, l->cut.width);
	} else {
		narrow(symbols, i, dst);
	}
	for (; i < n; i += FIELDS_BLOCK) {
		size_t k = n - i < FIELDS_BLOCK ? n - i : FIELDS_BLOCK;
		l->raw = fields_unpack(l->raw, l->cut.width, raw);
		merge(&l->cut, symbols + i, raw, k, dst + i * l->cut.unit);
	}
}

static bool restore_values(struct layout *l, const struct frame_job *job, uint8_t *dst)
{
	struct rans_room *room = job->scratch->rans;
	size_t n = job->size / l->cut.unit;

	l->frame.reader.soon = l->raw;
	l->frame.reader.soon_bytes = fields_size(RANS_LANES, l->cut.width);
	for (size_t at = 0; at < n; at += ROOM_CHUNK) {
		size_t m = coded_frame_chunk(n, at);
		if (at + m < n)
			l->frame.reader.soon = l->raw + fields_size(m, l->cut.width);
		if (!rans_coder_read(&l->frame.reader, room->tables, NULL, room->symbols,
		                     m))
			return false;
		join(l, job->scratch->kernel, room->symbols, m, dst + at * l->cut.unit);
		frame_scratch_sum(job->scratch, dst + (at + m) * l->cut.unit);
	}
	return rans_coder_done(&l->frame.reader);
}

static int decode_form(enum frame_mode form, const struct frame_job *job,
                       struct cursor from, uint8_t *dst, struct err *err)
{
	struct layout l = { .frame.form = form };

	if (!coded_frame_fits(job) || !find_layout(&l, job, from))
		return coded_frame_damaged("parts of a coded frame", err);
	if (!restore_values(&l, job, dst))
		return coded_frame_damaged("coded values of a frame", err);
	coded_frame_end(&l.frame, job, dst);
	return 0;
}

static int decode(const struct frame_job *job, const uint8_t *src, size_t n, uint8_t *dst,
                  struct err *err)
{
	return decode_form(FRAME_TIGHT, job, cursor_over(src, n), dst, err);
}

static int decode_v1(const struct frame_job *job, const uint8_t *src, size_t n,
                     uint8_t *dst, struct err *err)
{
	return decode_form(FRAME_CODED, job, cursor_over(src, n), dst, err);
}

const struct codec codec_float = {
	.id = CODEC_FLOAT,
	.name = "float",
	.needs_base = false,
	.mode = FRAME_TIGHT,
	.takes = takes,
	.encode = encode,
	.decode = decode,
	.decode_v1 = decode_v1,
};
