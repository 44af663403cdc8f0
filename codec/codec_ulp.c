/*
 * The difference to a base in units in the last place (the idea of FM-Delta and
 * fpzip), as tokens coded by rANS in the context of the base's exponent.
 *
 *     head | contexts and tables | raw bits | odd bytes | states and words
 *
 * ulp_token.h says what a difference is, ulp_context.h in which context it
 * stands, rans.h how it is coded.
 */
#include "codec/codec_table.h"

#include <string.h>

#include "codec/bits.h"
#include "codec/coded_frame.h"
#include "codec/common/cursor.h"
#include "codec/frame_job.h"
#include "codec/frame_scratch.h"
#include "codec/rans_coder.h"
#include "codec/rans_room.h"
#include "codec/rans_roots.h"
#include "codec/rans_table.h"
#include "codec/rice.h"
#include "codec/ulp_context.h"
#include "codec/ulp_plan.h"
#include "codec/ulp_raw.h"

static bool takes(enum dtype dtype)
{
	return ulp_shape_of(dtype) != NULL;
}

/* ---- contexts as they are stored */

enum { CLASS_BITS = 3 }; /* of the number of classes */

/* How far a class is from the last block's, round the circle of `n` classes: the
 * same, one up, one down, two up, ... */
static unsigned fold(unsigned class, unsigned last, unsigned n)
{
	unsigned up = (class + n - last) % n;

	return up <= n / 2 ? 2 * up - (up > 0) : 2 * (n - up);
}

static unsigned unfold(unsigned ones, unsigned last, unsigned n)
{
	return ones % 2 ? (last + ones / 2 + 1) % n : (last + n - ones / 2) % n;
}

/* Runs of blocks of one class: which one, as ones ended by a zero where fewer than
 * are possible, then how many more blocks. After the first run, "the same as
 * before" is not possible, so there is a one less. */
static void put_runs(struct bits_writer *to, const struct ulp_contexts *c, size_t blocks)
{
	unsigned last = 0, mean = RICE_MEAN_FIRST;

	for (size_t i = 0; i < blocks;) {
		unsigned class = c->block_class[i], first = i == 0;
		unsigned ones = fold(class, last, c->classes);
		unsigned most = c->classes - 1 - !first, run = 0;
		ones -= !first && ones; /* it is another one than before */
		bits_put(to, (1u << ones) - 1, ones + (ones < most));
		for (i++; i < blocks && c->block_class[i] == class; i++)
			run++;
		rice_put(to, run, mean);
		rice_follow(&mean, run);
		last = class;
	}
}

static void put_classes(struct bits_writer *to, const struct ulp_contexts *c, size_t n)
{
	bits_put(to, c->classes - 1, CLASS_BITS);
	for (unsigned k = 0; k < c->classes; k++) {
		bits_put(to, c->low[k], 8);
		bits_put(to, c->bank[k], 2);
	}
	if (c->classes > 1)
		put_runs(to, c, (n + ROOM_BLOCK - 1) / ROOM_BLOCK);
}

static bool get_runs(struct bits_reader *from, unsigned classes, size_t blocks,
                     uint8_t *block_class)
{
	unsigned last = 0, mean = RICE_MEAN_FIRST;

	for (size_t i = 0; i < blocks;) {
		unsigned later = i > 0;
		unsigned ones = bits_get_ones(from, classes - 1 - later) + later;
		unsigned run = rice_get(from, mean);
		rice_follow(&mean, run);
		if (run >= blocks - i || from->bad)
			return false;
		last = unfold(ones, last, classes);
		memset(block_class + i, (int)last, run + 1);
		i += run + 1;
	}
	return true;
}

/* Version 1 had every block's class. */
static bool get_each(struct bits_reader *from, unsigned classes, size_t blocks,
                     uint8_t *block_class)
{
	unsigned last = 0;

	for (size_t i = 0; i < blocks; i++) {
		last = unfold(bits_get_ones(from, classes - 1), last, classes);
		block_class[i] = (uint8_t)last;
	}
	return !from->bad;
}

static bool get_classes(enum frame_mode form, struct bits_reader *from,
                        struct ulp_contexts *c, size_t n, uint8_t *block_class)
{
	size_t blocks = (n + ROOM_BLOCK - 1) / ROOM_BLOCK;

	c->classes = bits_get(from, CLASS_BITS) + 1;
	c->banks = 1;
	c->block_class = block_class;
	for (unsigned k = 0; k < c->classes; k++) {
		c->low[k] = (uint8_t)bits_get(from, 8);
		c->bank[k] = (uint8_t)bits_get(from, 2);
		if (c->bank[k] >= c->banks)
			c->banks = c->bank[k] + 1u;
	}
	memset(block_class, 0, blocks);
	if (c->classes == 1)
		return !from->bad;
	return (form == FRAME_CODED ? get_each : get_runs)(from, c->classes, blocks,
	                                                   block_class);
}

static bool get_table(enum frame_mode form, struct bits_reader *from, uint16_t *freq,
                      unsigned symbols)
{
	uint16_t roots[ROOM_STRIDE];

	if (form == FRAME_CODED)
		return rans_table_get(from, freq, symbols);
	if (!rans_roots_get(from, roots, symbols))
		return false;
	rans_roots_freq(roots, symbols, freq);
	return true;
}

static bool get_tables(enum frame_mode form, struct bits_reader *from,
                       struct ulp_contexts *c, unsigned symbols, struct rans_room *room)
{
	uint16_t freq[ROOM_STRIDE];
	unsigned tables = 0;

	for (unsigned i = 1; i < c->banks * ULP_WINDOW; i++) {
		tables += bits_get(from, 1);
		c->table[i] = (uint8_t)tables;
	}
	for (unsigned t = 0; t <= tables; t++) {
		if (!get_table(form, from, freq, symbols))
			return false;
		rans_table_decoder(freq, symbols,
		                   room->tables + ((size_t)t << RANS_BITS));
	}
	return !from->bad;
}

/* ---- encoding */

/* Puts what comes after the head together at `at`; 0 when it does not fit. */
static size_t assemble(const struct frame_job *job, const struct ulp_raw *raw,
                       const uint8_t *src, uint8_t *at, size_t cap)
{
	struct rans_room *room = job->scratch->rans;
	unsigned unit = raw->shape->unit;
	size_t n = job->size / unit, tail = job->size % unit;
	uint8_t *end = room->words + sizeof(room->words);
	uint8_t *words = rans_coder_write(raw->kernel, room->coder, room->index, n, end);
	size_t words_size = (size_t)(end - words);

	size_t size = ulp_raw_size(raw) + tail + words_size;
	if (size > cap)
		return 0;
	at = ulp_raw_pack(raw, at);
	memcpy(at, src + n * unit, tail);
	memcpy(at + tail, words, words_size);
	return size;
}

static size_t encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                     size_t cap)
{
	const struct ulp_shape *shape = ulp_shape_of(job->dtype);
	const struct kernel *kernel = job->scratch->kernel;
	struct rans_room *room = job->scratch->rans;
	size_t n = job->size / shape->unit;
	struct ulp_raw raw;
	struct ulp_contexts contexts = { .shape = shape, .kernel = kernel };
	struct bits_writer head = { .at = dst, .end = dst + cap };

	if (n == 0 || n > FRAME_VALUES)
		return 0;
	ulp_raw_init(&raw, kernel, shape, room->raw);
	for (size_t at = 0; at < n; at += ROOM_CHUNK) {
		size_t byte = at * shape->unit;
		ulp_raw_split(&raw, src + byte, job->base + byte,
		              coded_frame_chunk(n, at), room->index + at);
	}
	ulp_plan_contexts(&contexts, job->base, n, room);
	put_classes(&head, &contexts, n);
	ulp_plan_tables(&contexts, room, &head);
	uint8_t *at = bits_finish(&head);
	if (head.full)
		return 0;
	size_t rest = assemble(job, &raw, src, at, cap - (size_t)(at - dst));
	return rest ? (size_t)(at - dst) + rest : 0;
}

/* ---- decoding */

/* Where in a coded frame what is. */
struct layout {
	struct coded_frame frame;
	struct ulp_contexts contexts;
	struct ulp_raw packed; /* its raw bits, all of them */
};

static bool find_layout(struct layout *l, const struct frame_job *job, struct cursor from)
{
	const struct ulp_shape *shape = ulp_shape_of(job->dtype);
	const struct kernel *kernel = job->scratch->kernel;
	struct rans_room *room = job->scratch->rans;
	size_t n = job->size / shape->unit;
	struct bits_reader head = { .at = from.at, .end = from.at + from.left };

	l->contexts.shape = shape;
	l->contexts.kernel = kernel;
	if (!get_classes(l->frame.form, &head, &l->contexts, n, room->classes) ||
	    !get_tables(l->frame.form, &head, &l->contexts, shape->tokens, room))
		return false;
	struct cursor rest = cursor_over(head.at, (size_t)(head.end - head.at));
	ulp_raw_init(&l->packed, kernel, shape, room->raw);
	if (!ulp_raw_unpack(&l->packed, &rest, n))
		return false;
	return coded_frame_open(&l->frame, job, &rest);
}

static bool restore_values(struct layout *l, const struct frame_job *job, uint8_t *dst)
{
	const struct kernel *kernel = job->scratch->kernel;
	struct rans_room *room = job->scratch->rans;
	unsigned unit = l->contexts.shape->unit;
	size_t n = job->size / unit;
	struct ulp_raw raw;

	ulp_raw_init(&raw, kernel, l->contexts.shape, room->raw);
	l->frame.reader.soon = job->base;
	l->frame.reader.soon_bytes = (size_t)RANS_LANES * unit;
	for (size_t at = 0; at < n; at += ROOM_CHUNK) {
		size_t m = coded_frame_chunk(n, at), byte = at * unit;
		const uint8_t *base = job->base + byte;
		ulp_contexts_fill(&l->contexts, base, at, m, room->ctx);
		if (at + m < n)
			l->frame.reader.soon = base + m * unit;
		if (!rans_coder_read(&l->frame.reader, room->tables, room->ctx,
		                     room->symbols, m))
			return false;
		ulp_raw_merge(&raw, room->symbols, base, m, dst + byte);
		frame_scratch_sum(job->scratch, dst + byte + m * unit);
	}
	return rans_coder_done(&l->frame.reader) && ulp_raw_same(&raw, &l->packed);
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

const struct codec codec_ulp = {
	.id = CODEC_ULP,
	.name = "ulp",
	.needs_base = true,
	.mode = FRAME_TIGHT,
	.policy = { .keep_below_percent = 97,
	            .low_rank_permille = 15,
	            .low_rank_keep_percent = 97 },
	.takes = takes,
	.encode = encode,
	.decode = decode,
	.decode_v1 = decode_v1,
};
