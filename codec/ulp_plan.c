#include "codec/ulp_plan.h"

#include <stdbool.h>
#include <string.h>

#include "codec/bits.h"
#include "codec/common/le.h"
#include "codec/kernel/kernel.h"
#include "codec/rans_room.h"
#include "codec/rans_roots.h"
#include "codec/rans_table.h"
#include "codec/ulp_context.h"

enum {
	SAMPLE_STEP = 61,     /* values from one sampled exponent to the next */
	RARE_PART = 512,      /* exponents above which fewer than 1/512 lie */
	TABLE_VALUES = 800,   /* values for which a table of their own pays */
	SPARSE_PART = 8,      /* where fewer than 1/8 moved, there are no classes */
	CLASS_VALUES = 16384, /* values from which classes pay */
	CLASS_STEPS = 3,      /* half octaves from one class to the next */
	CLASS_HEADROOM = 2,   /* exponents that lower classes need above the window */
	EXPONENTS = 256
};

static unsigned exponent_at(const struct ulp_shape *shape, const uint8_t *base, size_t i)
{
	uint32_t v = shape->unit == 1   ? base[i]
	             : shape->unit == 2 ? le16_load(base + 2 * i)
	                                : le32_load(base + 4 * i);

	return v >> shape->exp_shift & shape->exp_mask;
}

/* The lowest exponent of a window whose top takes in all but the rarest. */
static int window_low(const struct ulp_shape *shape, const uint8_t *base, size_t n)
{
	uint32_t counts[EXPONENTS] = { 0 };
	size_t total = 0, above = 0;
	int top = EXPONENTS;

	for (size_t i = 0; i < n; i += SAMPLE_STEP, total++)
		counts[exponent_at(shape, base, i)]++;
	while (top > 0 && above <= total / RARE_PART)
		above += counts[--top];
	return top >= ULP_WINDOW ? top - (ULP_WINDOW - 1) : 0;
}

static void identity(struct ulp_contexts *c)
{
	for (unsigned i = 0; i < ULP_CONTEXTS; i++)
		c->table[i] = (uint8_t)i;
}

/* ---- classes */

/* How far a block moved: distances times their unit, the lowest exponent's being
 * one, in half octaves. Very large distances count little, so that the few
 * values around zero, all of whose distances are large, do not drown the rest. */
static unsigned block_score(const struct kernel *kernel, const uint16_t *tokens,
                            const uint16_t *ctx, size_t n)
{
	uint32_t sum = kernel->score(tokens, ctx, n) | 1;
	unsigned log = 31u - (unsigned)__builtin_clz(sum);

	return 2 * log + (log > 0 && (sum >> (log - 1) & 1));
}

/* Scores become classes around the frame's middle one. A class stands for a shift
 * by an octave but takes in an octave and a half: scores scatter by chance more
 * than the blocks' true movements do. */
static void assign(uint8_t *classes, const uint8_t *scores, size_t blocks,
                   const uint32_t *counts, int steps)
{
	size_t below = 0;
	int middle = 0;

	while (below + counts[middle] <= blocks / 2)
		below += counts[middle++];
	for (size_t i = 0; i < blocks; i++) {
		int above = scores[i] - middle + 1 + steps * (ULP_CLASSES / 2);
		int k = above / steps;
		k = above < 0 ? 0 : k;
		classes[i] = (uint8_t)(k < ULP_CLASSES ? k : ULP_CLASSES - 1);
	}
}

/* Whether most values did not move at all: how far blocks did is chance then. */
static bool is_sparse(const uint16_t *tokens, size_t n)
{
	size_t moved = 0, total = 0;

	for (size_t i = 0; i < n; i += SAMPLE_STEP, total++)
		moved += tokens[i] != 0;
	return moved < total / SPARSE_PART;
}

static void choose_classes(struct ulp_contexts *c, const uint8_t *base, size_t n,
                           struct rans_room *room)
{
	uint32_t counts[64] = { 0 };
	size_t blocks = (n + ROOM_BLOCK - 1) / ROOM_BLOCK;

	if (n < CLASS_VALUES || c->shape->unit == 4 || is_sparse(room->index, n))
		return;
	for (size_t at = 0; at < n; at += ROOM_CHUNK) {
		size_t m = n - at < ROOM_CHUNK ? n - at : ROOM_CHUNK;
		ulp_contexts_fill(c, base + at * c->shape->unit, at, m, room->ctx);
		for (size_t i = 0; i < m; i += ROOM_BLOCK) {
			size_t k = m - i < ROOM_BLOCK ? m - i : ROOM_BLOCK;
			unsigned s = block_score(c->kernel, room->index + at + i,
			                         room->ctx + i, k);
			room->scores[(at + i) / ROOM_BLOCK] = (uint8_t)s;
			counts[s]++;
		}
	}
	assign(room->classes, room->scores, blocks, counts,
	       c->shape->integer ? 1 : CLASS_STEPS);
	int low = c->low[0] + CLASS_HEADROOM;
	for (int k = 0; k < ULP_CLASSES; k++) {
		int moved = low + k - ULP_CLASSES / 2;
		c->low[k] = (uint8_t)(moved < 0 ? 0 : moved);
		c->bank[k] = c->shape->integer ? (uint8_t)(k * ULP_BANKS / ULP_CLASSES)
		                               : 0;
	}
	c->banks = c->shape->integer ? ULP_BANKS : 1;
	c->classes = ULP_CLASSES;
}

/* ---- contexts and counts */

void ulp_plan_contexts(struct ulp_contexts *c, const uint8_t *base, size_t n,
                       struct rans_room *room)
{
	c->classes = 1;
	c->banks = 1;
	c->block_class = room->classes;
	memset(room->classes, 0, (n + ROOM_BLOCK - 1) / ROOM_BLOCK);
	identity(c);
	c->low[0] = (uint8_t)window_low(c->shape, base, n);
	choose_classes(c, base, n, room);
	size_t used = (size_t)c->banks * ULP_WINDOW * ROOM_STRIDE;
	rans_room_clear(room, used);
	for (size_t at = 0; at < n; at += ROOM_CHUNK) {
		size_t m = n - at < ROOM_CHUNK ? n - at : ROOM_CHUNK;
		ulp_contexts_count(c, base + at * c->shape->unit, at, m, room);
	}
	rans_room_sum(room, used);
}

/* ---- tables */

static uint32_t total_of(const uint32_t *counts, unsigned n)
{
	uint32_t total = 0;

	for (unsigned i = 0; i < n; i++)
		total += counts[i];
	return total;
}

/* The end of the group of contexts that begins at `first`: as many as it takes
 * to have enough values, and all that are left where those have too few. */
static unsigned group_end(const uint32_t *totals, unsigned first, unsigned end)
{
	uint32_t have = 0, left = 0;
	unsigned i = first;

	while (i < end && have < TABLE_VALUES)
		have += totals[i++];
	for (unsigned k = i; k < end; k++)
		left += totals[k];
	return left < TABLE_VALUES ? end : i;
}

/* One table for the contexts [first, end). */
static void make_table(unsigned first, unsigned end, unsigned symbols,
                       struct rans_room *room, struct bits_writer *to)
{
	uint16_t roots[ROOM_STRIDE], freq[ROOM_STRIDE];
	uint32_t *counts = room->counts[0] + (size_t)first * ROOM_STRIDE;
	uint32_t *coder = room->coder + (size_t)first * ROOM_STRIDE;

	for (unsigned c = 1; c < end - first; c++)
		for (unsigned i = 0; i < symbols; i++)
			counts[i] += counts[c * ROOM_STRIDE + i];
	if (total_of(counts, symbols) == 0)
		counts[0] = 1;
	rans_roots_of(counts, symbols, roots);
	rans_roots_put(to, roots, symbols);
	rans_roots_freq(roots, symbols, freq);
	rans_table_encoder(freq, symbols, coder);
	for (unsigned c = 1; c < end - first; c++)
		memcpy(coder + c * ROOM_STRIDE, coder, symbols * sizeof(*coder));
}

void ulp_plan_tables(struct ulp_contexts *c, struct rans_room *room,
                     struct bits_writer *to)
{
	uint32_t totals[ULP_CONTEXTS] = { 0 };
	unsigned ends[ULP_CONTEXTS];
	unsigned groups = 0, contexts = c->banks * ULP_WINDOW;

	for (unsigned i = 0; i < contexts; i++)
		totals[i] = total_of(room->counts[0] + (size_t)i * ROOM_STRIDE,
		                     c->shape->tokens);
	for (unsigned i = 0; i < contexts; i = ends[groups++])
		ends[groups] = group_end(totals, i, (i / ULP_WINDOW + 1) * ULP_WINDOW);
	for (unsigned i = 0, g = 0; i < contexts; i++) {
		unsigned begins = i == ends[g];
		g += begins;
		if (i > 0)
			bits_put(to, begins, 1);
		c->table[i] = (uint8_t)g;
	}
	for (unsigned g = 0, first = 0; g < groups; first = ends[g++])
		make_table(first, ends[g], c->shape->tokens, room, to);
}
