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
#include "codec/ulp_context.h"
#include "codec/ulp_token.h"

enum {
	PART = 64,      /* at most one value in so many differs, */
	MOST = 4096,    /* and at most so many */
	STRETCH = 64,   /* bytes compared at once */
	COUNT_SIZE = 4, /* bytes of the number of values that differ */
	UNARY_MAX = 12, /* ones that announce a plain number */
	GAP_BITS = 32,  /* of a plain gap */
	PACE_LIMIT = 1 << 20,
	PACE_FIRST = 8, /* eight times the mean distance, before any was seen */
	EXPONENTS = 256
};

/* ---- values of any unit */

static uint64_t load(const uint8_t *at, unsigned unit)
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

static void store(uint8_t *at, uint64_t v, unsigned unit)
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

/* What is to know of a frame. */
struct sparse {
	unsigned unit;                 /* bytes of a value */
	const struct ulp_shape *shape; /* NULL: values are integers */
	const uint8_t *base;
	size_t n;                 /* values */
	uint32_t pace[EXPONENTS]; /* of distances */
	uint32_t gap_pace;
};

static void begin(struct sparse *s, enum dtype dtype, const uint8_t *base, size_t size)
{
	s->unit = dtype_unit(dtype);
	s->shape = ulp_shape_of(dtype);
	if (s->shape && s->shape->integer)
		s->shape = NULL;
	s->base = base;
	s->n = size / s->unit;
	for (unsigned i = 0; i < EXPONENTS; i++)
		s->pace[i] = PACE_FIRST;
}

/* The first pace of gaps: eight times what they are in the mean. */
static uint32_t first_gap_pace(size_t n, uint32_t count)
{
	uint64_t pace = 8 * (uint64_t)n / count;

	return pace < PACE_LIMIT ? (uint32_t)pace : PACE_LIMIT;
}

static uint32_t *pace_of(struct sparse *s, uint64_t base)
{
	return &s->pace[s->shape ? base >> s->shape->exp_shift & s->shape->exp_mask : 0];
}

static uint64_t distance(const struct sparse *s, uint64_t value, uint64_t base)
{
	unsigned top = 64 - 8 * s->unit;

	if (!s->shape) {
		uint64_t d = (value - base) << top;
		return (d << 1 ^ (0 - (d >> 63))) >> top;
	}
	return s->unit == 1   ? ulp8_distance((uint8_t)value, (uint8_t)base)
	       : s->unit == 2 ? ulp16_distance((uint16_t)value, (uint16_t)base)
	                      : ulp32_distance((uint32_t)value, (uint32_t)base);
}

static uint64_t value_at(const struct sparse *s, uint64_t z, uint64_t base)
{
	if (!s->shape)
		return base + (z >> 1 ^ (0 - (z & 1)));
	return s->unit == 1   ? ulp8_value((uint8_t)z, (uint8_t)base)
	       : s->unit == 2 ? ulp16_value((uint16_t)z, (uint16_t)base)
	                      : ulp32_value((uint32_t)z, (uint32_t)base);
}

/* ---- Rice numbers that adapt slowly: a pace is eight times the mean */

static unsigned parameter(uint32_t pace)
{
	unsigned k = 0;

	while (pace > 16u << k)
		k++;
	return k;
}

static void follow(uint32_t *pace, uint64_t v)
{
	*pace = *pace - *pace / 8 + (uint32_t)(v < PACE_LIMIT ? v : PACE_LIMIT);
}

static void put_plain(struct bits_writer *to, uint64_t v, unsigned bits)
{
	bits_put(to, (uint32_t)v, bits < 32 ? bits : 32);
	if (bits > 32)
		bits_put(to, (uint32_t)(v >> 32), bits - 32);
}

static void put(struct bits_writer *to, uint64_t v, uint32_t *pace, unsigned bits)
{
	unsigned k = parameter(*pace);

	if (v >> k >= UNARY_MAX) {
		bits_put(to, (1u << UNARY_MAX) - 1, UNARY_MAX);
		put_plain(to, v, bits);
	} else {
		unsigned ones = (unsigned)(v >> k);
		bits_put(to, (1u << ones) - 1, ones + 1);
		bits_put(to, (uint32_t)v & ((1u << k) - 1), k);
	}
	follow(pace, v);
}

static uint64_t get_plain(struct bits_reader *from, unsigned bits)
{
	uint64_t v = bits_get(from, bits < 32 ? bits : 32);

	return bits > 32 ? v | (uint64_t)bits_get(from, bits - 32) << 32 : v;
}

static uint64_t get(struct bits_reader *from, uint32_t *pace, unsigned bits)
{
	unsigned k = parameter(*pace), ones = 0;
	uint64_t v;

	while (ones < UNARY_MAX && bits_get(from, 1))
		ones++;
	if (ones == UNARY_MAX)
		v = get_plain(from, bits);
	else
		v = (uint64_t)ones << k | bits_get(from, k);
	follow(pace, v);
	return v;
}

/* ---- encoding */

static bool same_stretch(const uint8_t *a, const uint8_t *b)
{
	uint64_t x = 0;

	for (int i = 0; i < STRETCH; i += 8)
		x |= le64_load(a + i) ^ le64_load(b + i);
	return x == 0;
}

/* Places of values that differ. */
struct places {
	uint32_t at[MOST];
	size_t count, most;
	bool full; /* there are more than `most` */
};

/* Adds the values of eight bytes, the first of which is number `first`, that are
 * not zero in `x`. */
static void add_word(struct places *p, uint64_t x, unsigned unit, size_t first)
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

static void find_places(const struct sparse *s, const uint8_t *src, struct places *p)
{
	size_t end = s->n * s->unit, at = 0;

	while (end - at >= 8 && !p->full) {
		if (at % STRETCH == 0 && end - at >= STRETCH &&
		    same_stretch(src + at, s->base + at)) {
			at += STRETCH;
			continue;
		}
		add_word(p, le64_load(src + at) ^ le64_load(s->base + at), s->unit,
		         at / s->unit);
		at += 8;
	}
	for (; at < end && !p->full; at += s->unit)
		add_word(p, load(src + at, s->unit) ^ load(s->base + at, s->unit),
		         s->unit, at / s->unit);
}

size_t sparse_encode(const uint8_t *src, const uint8_t *base, size_t size,
                     enum dtype dtype, uint8_t *dst, size_t cap)
{
	struct places p;
	struct sparse s;
	struct bits_writer to = { .at = dst + COUNT_SIZE, .end = dst + cap };

	begin(&s, dtype, base, size);
	size_t whole = s.n * s.unit;
	if (cap < COUNT_SIZE || memcmp(src + whole, base + whole, size - whole) != 0)
		return 0;
	p.count = 0;
	p.full = false;
	p.most = s.n / PART < MOST ? s.n / PART : MOST;
	find_places(&s, src, &p);
	if (p.count == 0 || p.full)
		return 0;
	le32_store(dst, (uint32_t)p.count);
	s.gap_pace = first_gap_pace(s.n, (uint32_t)p.count);
	for (size_t i = 0, after = 0; i < p.count; i++) {
		size_t at = p.at[i] * s.unit;
		uint64_t b = load(base + at, s.unit);
		put(&to, p.at[i] - after, &s.gap_pace, GAP_BITS);
		put(&to, distance(&s, load(src + at, s.unit), b) - 1, pace_of(&s, b),
		    8 * s.unit);
		after = p.at[i] + 1;
	}
	uint8_t *end = bits_finish(&to);
	return to.full ? 0 : (size_t)(end - dst);
}

/* ---- decoding */

static bool patch(struct sparse *s, struct bits_reader *from, uint32_t count,
                  uint8_t *dst)
{
	unsigned bits = 8 * s->unit;
	uint64_t most = UINT64_MAX >> (64 - bits);

	for (size_t i = 0; count > 0; count--, i++) {
		uint64_t gap = get(from, &s->gap_pace, GAP_BITS);
		if (from->bad || gap >= s->n - i)
			return false;
		i += (size_t)gap;
		uint64_t b = load(s->base + i * s->unit, s->unit);
		uint64_t less = get(from, pace_of(s, b), bits);
		if (from->bad || less >= most)
			return false;
		store(dst + i * s->unit, value_at(s, less + 1, b), s->unit);
	}
	return from->at == from->end;
}

bool sparse_decode(const uint8_t *src, size_t n, const uint8_t *base, uint8_t *dst,
                   size_t size, enum dtype dtype)
{
	struct sparse s;

	begin(&s, dtype, base, size);
	uint32_t count = n < COUNT_SIZE ? 0 : le32_load(src);
	if (count == 0 || count > s.n)
		return false;
	struct bits_reader from = { .at = src + COUNT_SIZE, .end = src + n };
	s.gap_pace = first_gap_pace(s.n, count);
	memcpy(dst, base, size);
	return patch(&s, &from, count, dst);
}
