#include "codec/parts.h"

#include <stddef.h>

#include "codec/common/checked.h"

/* Values times 8 bytes, twice over, still fit 64 bits. */
#define VALUES_MAX (1ULL << 60)

static bool within(uint64_t begin, uint64_t length, uint64_t end)
{
	return length && begin < end && length <= end - begin;
}

/* One past the last value of the base; false where that is out of range. */
static bool end_of(const struct part *p, uint64_t *end)
{
	uint64_t jump;

	return !checked_mul(p->rows - 1, p->stride, &jump) &&
	       !checked_add(p->at, jump, end) && !checked_add(*end, p->width, end) &&
	       *end <= VALUES_MAX;
}

static bool meet(const struct part *a, const struct part *b)
{
	return a->first < b->first + b->rows && b->first < a->first + a->rows &&
	       a->column < b->column + b->width && b->column < a->column + a->width;
}

static bool in_order(const struct part *a, const struct part *b)
{
	return a->first != b->first ? a->first < b->first : a->column < b->column;
}

static const char *part_fault(const struct parts *p, unsigned i, uint64_t rows)
{
	const struct part *one = &p->list[i];
	uint64_t end;

	if (!within(one->first, one->rows, rows) ||
	    !within(one->column, one->width, p->row))
		return "a part does not lie within the blob";
	if (one->stride < one->width || !end_of(one, &end))
		return "a part has an impossible place in its base";
	for (unsigned k = 0; k < i; k++)
		if (!in_order(&p->list[k], one) || meet(&p->list[k], one))
			return "its parts overlap or are out of order";
	return NULL;
}

const char *parts_fault(const struct parts *p, uint64_t values, unsigned bases)
{
	unsigned used = 0;

	if (p->count == 0 || p->count > PARTS_MAX)
		return "it has no parts or too many";
	if (p->row == 0 || values == 0 || values > VALUES_MAX || values % p->row != 0)
		return "its rows do not add up to its size";
	for (unsigned i = 0; i < p->count; i++) {
		const char *fault = part_fault(p, i, values / p->row);
		if (fault)
			return fault;
		if (p->list[i].base >= bases)
			return "a part has a base that the record has not";
		used |= 1U << p->list[i].base;
	}
	return used == (1U << bases) - 1 ? NULL : "it has a base that predicts nothing";
}

bool parts_equal(const struct parts *a, const struct parts *b)
{
	if (a->count != b->count || (a->count && a->row != b->row))
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		const struct part *x = &a->list[i], *y = &b->list[i];
		if (x->base != y->base || x->first != y->first || x->rows != y->rows ||
		    x->column != y->column || x->width != y->width || x->at != y->at ||
		    x->stride != y->stride)
			return false;
	}
	return true;
}

uint64_t parts_need(const struct parts *p, unsigned base)
{
	uint64_t need = 0, end;

	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].base == base && end_of(&p->list[i], &end) && end > need)
			need = end;
	return need;
}

/* A run within a part: to the end of its row, or of the part where its rows follow
 * one another without a gap on both sides. */
static struct part_run run_in(const struct parts *p, const struct part *part,
                              uint64_t row, uint64_t column)
{
	uint64_t down = row - part->first, right = column - part->column;
	struct part_run run = { part, part->at + down * part->stride + right,
		                part->width - right };

	if (part->width == p->row && part->stride == p->row)
		run.length += (part->rows - down - 1) * p->row;
	return run;
}

/* How far it is from (row, column), which is bare, to the next value that some part
 * may hold: in this row, or else where a later row begins. */
static uint64_t bare_length(const struct parts *p, uint64_t row, uint64_t column)
{
	uint64_t next_column = p->row, next_row = VALUES_MAX;

	for (unsigned i = 0; i < p->count; i++) {
		const struct part *one = &p->list[i];
		uint64_t end = one->first + one->rows;
		bool here = row >= one->first && row < end;
		if (here && one->column > column && one->column < next_column)
			next_column = one->column;
		if (end > row + 1 && one->first <= row)
			next_row = row + 1;
		else if (one->first > row && one->first < next_row)
			next_row = one->first;
	}
	if (next_column < p->row)
		return next_column - column;
	if (next_row == VALUES_MAX)
		return VALUES_MAX; /* nothing follows */
	return (next_row - row) * p->row - column;
}

struct part_run parts_run(const struct parts *p, uint64_t at, uint64_t limit)
{
	uint64_t row = at / p->row, column = at % p->row;
	struct part_run run = { NULL, 0, 0 };

	for (unsigned i = 0; i < p->count && !run.part; i++) {
		const struct part *one = &p->list[i];
		if (row >= one->first && row - one->first < one->rows &&
		    column >= one->column && column - one->column < one->width)
			run = run_in(p, one, row, column);
	}
	if (!run.part)
		run.length = bare_length(p, row, column);
	if (run.length > limit)
		run.length = limit;
	return run;
}
