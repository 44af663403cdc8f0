/*
 * One Rice number for how many values are equal, one for the distance of the next
 * value; the parameters follow what was seen, for distances apart for each exponent
 * of the base, which says how large a unit in the last place is. Equal stretches
 * are passed over at the speed of memory.
 */
#include "codec/sparse.h"

#include <string.h>

#include "codec/bits.h"
#include "codec/common/le.h"
#include "codec/frame_job.h"
#include "codec/frame_scratch.h"
#include "codec/kernel/ulp_token.h"
#include "codec/ulp_context.h"

enum {
	MOST = FRAME_VALUES / 8, /* values that may differ, */
	PART = 8,                /* and at most one in so many, */
	ANYWHERE_PART = 32,      /* or if they are not in clusters, in so many */
	STRETCH = 64,            /* bytes compared at once */
	LOOKS = 256,             /* values that are looked at first, */
	LOOKS_DIFFER = 64,       /* of which more than so many do not differ by chance */
	COUNT_SIZE = 4,          /* bytes of the number of values that differ */
	UNARY_MAX = 12,          /* ones that announce a plain number */
	GAP_BITS = 32,           /* of a plain gap */
	PACE_LIMIT = 1 << 20,
	PACE_FIRST = 8, /* eight times the mean distance, before any was seen */
	EXPONENTS = 256
};

/* Each loop over values is made once for each unit, which is a constant there. */
#define UNITWISE static inline __attribute__((always_inline))

/* ---- values of any unit */

UNITWISE uint64_t load(const uint8_t *at, unsigned unit)
{
	switch (unit) {
	case 1:
		return *at;
	case 2:
		return le16_load(at);
	case 4:
		return le32_load(at);
	default:
		return le64_load(at);
	}
}

UNITWISE void store(uint8_t *at, uint64_t v, unsigned unit)
{
	switch (unit) {
	case 1:
		*at = (uint8_t)v;
		break;
	case 2:
		le16_store(at, (uint16_t)v);
		break;
	case 4:
		le32_store(at, (uint32_t)v);
		break;
	default:
		le64_store(at, v);
		break;
	}
}

/* The frame, and what has been seen of it. */
struct sparse {
	unsigned unit;                /* bytes of a value */
	bool is_float;                /* else values are integers */
	unsigned exp_shift, exp_mask; /* of the exponent in a value */
	const uint8_t *base;
	size_t n;                 /* values */
	uint32_t pace[EXPONENTS]; /* of distances */
	uint32_t gap_pace;
};

static void begin(struct sparse *s, const struct frame_job *job)
{
	const struct ulp_shape *shape = ulp_shape_of(job->dtype);

	s->unit = dtype_unit(job->dtype);
	s->is_float = shape && !shape->integer;
	s->exp_shift = s->is_float ? shape->exp_shift : 0;
	s->exp_mask = s->is_float ? shape->exp_mask : 0;
	s->base = job->base;
	s->n = job->size / s->unit;
	for (unsigned i = 0; i < EXPONENTS; i++)
		s->pace[i] = PACE_FIRST;
}

/* The first pace of gaps: eight times what they are in the mean. */
static uint32_t first_gap_pace(size_t n, uint32_t count)
{
	uint64_t pace = 8 * (uint64_t)n / count;

	return pace < PACE_LIMIT ? (uint32_t)pace : PACE_LIMIT;
}

UNITWISE uint32_t *pace_of(struct sparse *s, uint64_t base)
{
	return &s->pace[base >> s->exp_shift & s->exp_mask];
}

UNITWISE uint64_t distance(const struct sparse *s, uint64_t value, uint64_t base,
                           unsigned unit)
{
	unsigned top = 64 - 8 * unit;

	if (!s->is_float) {
		uint64_t d = (value - base) << top;
		return (d << 1 ^ (0 - (d >> 63))) >> top;
	}
	return unit == 1   ? ulp8_distance((uint8_t)value, (uint8_t)base)
	       : unit == 2 ? ulp16_distance((uint16_t)value, (uint16_t)base)
	                   : ulp32_distance((uint32_t)value, (uint32_t)base);
}

UNITWISE uint64_t value_at(const struct sparse *s, uint64_t z, uint64_t base,
                           unsigned unit)
{
	if (!s->is_float)
		return base + (z >> 1 ^ (0 - (z & 1)));
	return unit == 1   ? ulp8_value((uint8_t)z, (uint8_t)base)
	       : unit == 2 ? ulp16_value((uint16_t)z, (uint16_t)base)
	                   : ulp32_value((uint32_t)z, (uint32_t)base);
}

/* ---- Rice numbers that adapt slowly: a pace is eight times the mean */

/* The least k for which the pace is at most 16 << k; paces are never 0. */
static inline unsigned parameter(uint32_t pace)
{
	uint64_t above = (pace - 1) >> 4;

	return 63u - (unsigned)__builtin_clzll(2 * above | 1);
}

static inline void follow(uint32_t *pace, uint64_t v)
{
	*pace = *pace - *pace / 8 + (uint32_t)(v < PACE_LIMIT ? v : PACE_LIMIT);
}

static void put_plain(struct bits_writer *to, uint64_t v, unsigned bits)
{
	bits_put(to, (1u << UNARY_MAX) - 1, UNARY_MAX);
	bits_put(to, (uint32_t)v, bits < 32 ? bits : 32);
	if (bits > 32)
		bits_put(to, (uint32_t)(v >> 32), bits - 32);
}

static inline void put(struct bits_writer *to, uint64_t v, uint32_t *pace, unsigned bits)
{
	unsigned k = parameter(*pace);

	if (v >> k >= UNARY_MAX) {
		put_plain(to, v, bits);
	} else { /* fewer than 32 bits, as k is 19 at the most */
		unsigned ones = (unsigned)(v >> k);
		uint32_t low = (uint32_t)v & ((1u << k) - 1);
		bits_put(to, ((1u << ones) - 1) | low << (ones + 1), ones + 1 + k);
	}
	follow(pace, v);
}

static uint64_t get_plain(struct bits_reader *from, unsigned bits)
{
	uint64_t v = bits_get(from, bits < 32 ? bits : 32);

	return bits > 32 ? v | (uint64_t)bits_get(from, bits - 32) << 32 : v;
}

static inline uint64_t get(struct bits_reader *from, uint32_t *pace, unsigned bits)
{
	unsigned k = parameter(*pace);
	uint32_t low;
	unsigned ones = bits_get_rice(from, UNARY_MAX, k, &low);
	uint64_t v = ones == UNARY_MAX ? get_plain(from, bits)
	                               : (uint64_t)ones << k | low;

	follow(pace, v);
	return v;
}

/* ---- encoding */

/* Places of values that differ. */
struct places {
	uint32_t *at;
	size_t count, most;
	bool full; /* there are more than `most` */
};

/* Adds the values of eight bytes, the first of which is number `first`, that are
 * not zero in `x`. */
UNITWISE void add_word(struct places *p, uint64_t x, unsigned unit, size_t first)
{
	unsigned bits = 8 * unit;
	uint64_t ones = UINT64_MAX >> (64 - bits);

	while (x && !p->full) {
		unsigned k = (unsigned)__builtin_ctzll(x) / bits;
		x &= ~(ones << k * bits);
		p->full = p->count == p->most;
		if (!p->full)
			p->at[p->count++] = (uint32_t)(first + k);
	}
}

/* Adds what differs in STRETCH bytes from byte `at`. */
UNITWISE void add_stretch(struct places *p, const uint8_t *a, const uint8_t *b,
                          unsigned unit, size_t at)
{
	uint64_t x[STRETCH / 8], all = 0;
	unsigned differ = 0; /* a bit for each word */

	for (unsigned i = 0; i < STRETCH / 8; i++) {
		x[i] = le64_load(a + at + 8 * i) ^ le64_load(b + at + 8 * i);
		all |= x[i];
	}
	if (!all)
		return;
	for (unsigned i = 0; i < STRETCH / 8; i++)
		differ |= (unsigned)(x[i] != 0) << i;
	for (; differ; differ &= differ - 1) {
		unsigned i = (unsigned)__builtin_ctz(differ);
		add_word(p, x[i], unit, (at + 8 * i) / unit);
	}
}

/* Whether so many values differ that not all need be looked for. */
UNITWISE bool is_dense(const struct sparse *s, const uint8_t *src, unsigned unit)
{
	size_t step = s->n / LOOKS * unit, differ = 0;

	for (size_t i = 0; i < LOOKS && step; i++)
		differ += load(src + i * step, unit) != load(s->base + i * step, unit);
	return differ > LOOKS_DIFFER;
}

UNITWISE void find_places(const struct sparse *s, const uint8_t *src, struct places *p,
                          unsigned unit)
{
	size_t end = s->n * unit, at = 0;

	for (; end - at >= STRETCH && !p->full; at += STRETCH)
		add_stretch(p, src, s->base, unit, at);
	for (; at < end && !p->full; at += unit)
		add_word(p, load(src + at, unit) ^ load(s->base + at, unit), unit,
		         at / unit);
}

static unsigned bit_length(uint32_t v)
{
	return v ? 32u - (unsigned)__builtin_clz(v) : 0;
}

/*
 * Whether coding them here, which takes time for each, may be worth it. Where many
 * values differ, codecs do better unless most of them are next to each other: a chance
 * that is the same all over makes gaps of a third of a bit less than the mean gap's
 * logarithm.
 */
static bool promising(const struct places *p, size_t n)
{
	uint64_t bits = 0;

	if (p->count == 0 || p->full)
		return false;
	if (p->count <= n / ANYWHERE_PART)
		return true;
	for (size_t i = 1; i < p->count; i++)
		bits += bit_length(p->at[i] - p->at[i - 1] - 1);
	return 2 * bits + 3 * p->count <
	       2 * p->count * bit_length((uint32_t)(n / p->count));
}

UNITWISE void put_values(struct sparse *s, const uint8_t *src, const struct places *p,
                         struct bits_writer *to, unsigned unit)
{
	uint32_t gap_pace = s->gap_pace;

	for (size_t i = 0, after = 0; i < p->count; i++) {
		size_t at = (size_t)p->at[i] * unit;
		uint64_t b = load(s->base + at, unit);
		put(to, p->at[i] - after, &gap_pace, GAP_BITS);
		put(to, distance(s, load(src + at, unit), b, unit) - 1, pace_of(s, b),
		    8 * unit);
		after = p->at[i] + 1u;
	}
}

/* Finds what differs and writes it. False where that is nothing, or too much. */
UNITWISE bool code(struct sparse *s, const uint8_t *src, struct places *p,
                   struct bits_writer *to, unsigned unit)
{
	if (is_dense(s, src, unit))
		return false;
	find_places(s, src, p, unit);
	if (!promising(p, s->n))
		return false;
	s->gap_pace = first_gap_pace(s->n, (uint32_t)p->count);
	put_values(s, src, p, to, unit);
	return true;
}

static bool code_any(struct sparse *s, const uint8_t *src, struct places *p,
                     struct bits_writer *to)
{
	switch (s->unit) {
	case 1:
		return code(s, src, p, to, 1);
	case 2:
		return code(s, src, p, to, 2);
	case 4:
		return code(s, src, p, to, 4);
	default:
		return code(s, src, p, to, 8);
	}
}

size_t sparse_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                     size_t cap)
{
	struct sparse s;
	struct places p = { .at = (uint32_t *)(void *)job->scratch->planes };
	struct bits_writer to = { .at = dst + COUNT_SIZE, .end = dst + cap };

	begin(&s, job);
	size_t whole = s.n * s.unit;
	if (cap < COUNT_SIZE ||
	    memcmp(src + whole, job->base + whole, job->size - whole) != 0)
		return 0;
	p.most = s.n / PART < MOST ? s.n / PART : MOST;
	if (!code_any(&s, src, &p, &to))
		return 0;
	le32_store(dst, (uint32_t)p.count);
	uint8_t *end = bits_finish(&to);
	return to.full ? 0 : (size_t)(end - dst);
}

/* ---- decoding */

UNITWISE bool patch(struct sparse *s, struct bits_reader from, uint32_t count,
                    uint8_t *dst, unsigned unit)
{
	uint64_t most = UINT64_MAX >> (64 - 8 * unit);
	uint32_t gap_pace = s->gap_pace;

	for (size_t i = 0; count > 0; count--, i++) {
		uint64_t gap = get(&from, &gap_pace, GAP_BITS);
		if (gap >= s->n - i)
			return false;
		i += (size_t)gap;
		uint64_t b = load(s->base + i * unit, unit);
		uint64_t less = get(&from, pace_of(s, b), 8 * unit);
		if (from.bad || less >= most)
			return false;
		store(dst + i * unit, value_at(s, less + 1, b, unit), unit);
	}
	return from.at == from.end;
}

static bool patch_any(struct sparse *s, struct bits_reader from, uint32_t count,
                      uint8_t *dst)
{
	switch (s->unit) {
	case 1:
		return patch(s, from, count, dst, 1);
	case 2:
		return patch(s, from, count, dst, 2);
	case 4:
		return patch(s, from, count, dst, 4);
	default:
		return patch(s, from, count, dst, 8);
	}
}

bool sparse_decode(const struct frame_job *job, const uint8_t *src, size_t n,
                   uint8_t *dst)
{
	struct sparse s;

	begin(&s, job);
	uint32_t count = n < COUNT_SIZE ? 0 : le32_load(src);
	if (count == 0 || count > s.n)
		return false;
	struct bits_reader from = { .at = src + COUNT_SIZE, .end = src + n };
	s.gap_pace = first_gap_pace(s.n, count);
	memcpy(dst, job->base, job->size);
	return patch_any(&s, from, count, dst);
}
