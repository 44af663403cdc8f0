/*
 * Everything happens in blocks that stay in the first-level cache, by loops
 * with constant bounds over bytes, which compilers turn into vector code for
 * any CPU (20 GB/s and more each) and which know no byte order.
 *
 * Splitting is dealing cards: one pass sends even bytes to the first half of
 * the block and odd ones to the second, so the lowest bit of a byte's index
 * becomes its highest. After log2(width) passes the index within the number,
 * which was lowest, is highest: plane k lies at k / width of the block.
 * Merging riffles the halves together as many times.
 */
#include "codec/planes.h"

#include <string.h>

enum {
	BLOCK = 4096, /* bytes */
	HALF = BLOCK / 2,
	EIGHTH = BLOCK / 8 /* the smallest plane of a block */
};

/* Two blocks, of which `now` holds the bytes and `next` takes the next step's. */
struct table {
	uint8_t a[BLOCK], b[BLOCK];
	uint8_t *now, *next;
};

static void turn(struct table *t)
{
	uint8_t *now = t->now;

	t->now = t->next;
	t->next = now;
}

struct planes planes_of(enum dtype dtype, size_t size)
{
	unsigned width = dtype == DTYPE_C64 ? 4 : dtype_unit(dtype);
	bool rotated = dtype == DTYPE_F16 || dtype == DTYPE_BF16 || dtype == DTYPE_F32 ||
	               dtype == DTYPE_F64 || dtype == DTYPE_C64;

	return (struct planes){ width, size / width, size % width, rotated };
}

static void deal(const uint8_t *restrict in, uint8_t *restrict out)
{
	for (int i = 0; i < HALF; i++) {
		out[i] = in[2 * i];
		out[HALF + i] = in[2 * i + 1];
	}
}

static void riffle(const uint8_t *restrict in, uint8_t *restrict out)
{
	for (int i = 0; i < HALF; i++) {
		out[2 * i] = in[i];
		out[2 * i + 1] = in[HALF + i];
	}
}

/* Left by one bit, the vacated bit coming from the top of `below`. */
static void shift_left(const uint8_t *restrict in, const uint8_t *restrict below,
                       uint8_t *restrict out)
{
	for (int i = 0; i < EIGHTH; i++)
		out[i] = (uint8_t)(in[i] << 1 | below[i] >> 7);
}

/* Right by one bit, the vacated bit coming from the bottom of `above`. */
static void shift_right(const uint8_t *restrict in, const uint8_t *restrict above,
                        uint8_t *restrict out)
{
	for (int i = 0; i < EIGHTH; i++)
		out[i] = (uint8_t)(in[i] >> 1 | above[i] << 7);
}

/* Rotates every number whose planes make up the block; a plane is one or more
 * eighths, and the one below plane 0 is the top one. */
static void rotate_left(const uint8_t *in, uint8_t *out, unsigned width)
{
	for (unsigned e = 0; e < 8; e++) {
		unsigned below = (e + 8 - 8 / width) % 8;
		shift_left(in + e * EIGHTH, in + below * EIGHTH, out + e * EIGHTH);
	}
}

static void rotate_right(const uint8_t *in, uint8_t *out, unsigned width)
{
	for (unsigned e = 0; e < 8; e++) {
		unsigned above = (e + 8 / width) % 8;
		shift_right(in + e * EIGHTH, in + above * EIGHTH, out + e * EIGHTH);
	}
}

/* dst = a ^ b, which may be dst itself; NULL stands for zeros. */
static void xor_bytes(uint8_t *dst, const uint8_t *a, const uint8_t *b, size_t n)
{
	if (!b) {
		memcpy(dst, a, n);
		return;
	}
	for (; n >= 64; n -= 64, dst += 64, a += 64, b += 64) {
		uint8_t mixed[64];
		for (int i = 0; i < 64; i++)
			mixed[i] = a[i] ^ b[i];
		memcpy(dst, mixed, 64);
	}
	for (size_t i = 0; i < n; i++)
		dst[i] = a[i] ^ b[i];
}

static void split_block(struct table *t, const struct planes *p)
{
	for (unsigned w = p->width; w > 1; w /= 2) {
		deal(t->now, t->next);
		turn(t);
	}
	if (p->rotated) {
		rotate_left(t->now, t->next, p->width);
		turn(t);
	}
}

static void merge_block(struct table *t, const struct planes *p)
{
	if (p->rotated) {
		rotate_right(t->now, t->next, p->width);
		turn(t);
	}
	for (unsigned w = p->width; w > 1; w /= 2) {
		riffle(t->now, t->next);
		turn(t);
	}
}

/* Numbers to treat in the block that starts at number `at`. */
static size_t block_count(const struct planes *p, size_t at)
{
	size_t whole = BLOCK / p->width;
	size_t left = p->count - at;

	return left < whole ? left : whole;
}

void planes_split(const struct planes *p, const uint8_t *src, const uint8_t *base,
                  uint8_t *out)
{
	struct table t = { .now = t.a, .next = t.b };
	size_t whole = BLOCK / p->width;
	size_t body = p->count * p->width;

	for (size_t at = 0, n; at < p->count; at += n) {
		n = block_count(p, at);
		size_t byte = at * p->width;
		xor_bytes(t.now, src + byte, base ? base + byte : NULL, n * p->width);
		split_block(&t, p);
		for (unsigned k = 0; k < p->width; k++)
			memcpy(out + k * p->count + at, t.now + k * whole, n);
	}
	xor_bytes(out + body, src + body, base ? base + body : NULL, p->tail);
}

void planes_merge(const struct planes *p, const uint8_t *in, const uint8_t *base,
                  uint8_t *dst)
{
	struct table t = { .now = t.a, .next = t.b };
	size_t whole = BLOCK / p->width;
	size_t body = p->count * p->width;

	for (size_t at = 0, n; at < p->count; at += n) {
		n = block_count(p, at);
		size_t byte = at * p->width;
		for (unsigned k = 0; k < p->width; k++)
			memcpy(t.now + k * whole, in + k * p->count + at, n);
		merge_block(&t, p);
		xor_bytes(dst + byte, t.now, base ? base + byte : NULL, n * p->width);
	}
	xor_bytes(dst + body, in + body, base ? base + body : NULL, p->tail);
}
