/* Parts of a blob: against a naive reading of the document, value by value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/parts.h"

/* What predicts value `i`, as docs/format-record.md, 2.3, says. */
static bool naive(const struct parts *p, uint64_t i, unsigned *part, uint64_t *from)
{
	uint64_t r = i / p->row, c = i % p->row;

	for (unsigned k = 0; k < p->count; k++) {
		const struct part *one = &p->list[k];
		if (r < one->first || r >= one->first + one->rows || c < one->column ||
		    c >= one->column + one->width)
			continue;
		*part = k;
		*from = one->at + (r - one->first) * one->stride + (c - one->column);
		return true;
	}
	return false;
}

static void expect_runs(const struct parts *p, uint64_t begin, uint64_t end)
{
	for (uint64_t at = begin; at < end;) {
		struct part_run run = parts_run(p, at, end - at);
		assert_true(run.length >= 1 && run.length <= end - at);
		for (uint64_t i = 0; i < run.length; i++) {
			unsigned part = 0;
			uint64_t from = 0;
			bool found = naive(p, at + i, &part, &from);
			if (found != (run.part != NULL) ||
			    (found &&
			     (run.part != &p->list[part] || run.from + i != from)))
				fail_msg("value %llu of a run at %llu",
				         (unsigned long long)(at + i),
				         (unsigned long long)at);
		}
		at += run.length;
	}
}

static uint64_t state = 7;

static uint64_t below(uint64_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % n;
}

/* Parts at random; most have a fault, and then they are none. */
static bool make_parts(uint64_t rows, struct parts *p)
{
	*p = (struct parts){ .row = 1 + below(12), .count = 1 + (unsigned)below(3) };
	for (unsigned i = 0; i < p->count; i++) {
		struct part *one = &p->list[i];
		one->base = (unsigned)below(2) ? i : 0;
		one->first = below(rows);
		one->rows = 1 + below(rows - one->first);
		one->column = below(2) ? 0 : below(p->row);
		one->width = below(2) ? p->row - one->column
		                      : 1 + below(p->row - one->column);
		one->at = below(50);
		one->stride = below(2) ? one->width : one->width + below(9);
	}
	for (unsigned bases = 1; bases <= 3; bases++)
		if (!parts_fault(p, rows * p->row, bases))
			return true;
	return false;
}

static void runs_are_what_the_document_says(void **state_)
{
	unsigned good = 0;
	(void)state_;

	for (unsigned i = 0; i < 20000; i++) {
		struct parts p;
		uint64_t rows = 1 + below(8);
		if (!make_parts(rows, &p))
			continue;
		good++;
		uint64_t begin = below(rows * p.row);
		expect_runs(&p, 0, rows * p.row);
		expect_runs(&p, begin, rows * p.row);
	}
	assert_true(good > 3000);
}

static void rows_without_gaps_are_one_run(void **state_)
{
	const struct parts p = { 10, 1, { { 0, 2, 5, 0, 10, 100, 10 } } };
	const struct parts gap = { 10, 1, { { 0, 2, 5, 0, 10, 100, 11 } } };
	(void)state_;

	assert_int_equal(parts_run(&p, 0, 1000).length, 20);
	assert_null(parts_run(&p, 0, 1000).part);
	assert_int_equal(parts_run(&p, 20, 1000).length, 50);
	assert_int_equal(parts_run(&p, 33, 1000).length, 37);
	assert_int_equal(parts_run(&p, 33, 1000).from, 113);
	assert_int_equal(parts_run(&p, 33, 5).length, 5);
	assert_int_equal(parts_run(&p, 70, 1000).length, 1000); /* nothing follows */
	assert_int_equal(parts_run(&gap, 33, 1000).length, 7);
}

#define HUGE_VALUE UINT64_MAX

/* Of 20 rows of 50 and two bases; the second part stays as it is. */
static const struct part wrong[] = {
	{ 0, 0, 0, 0, 10, 0, 10 },                       /* no rows */
	{ 0, 0, 1, 0, 0, 0, 10 },                        /* no columns */
	{ 0, 0, 11, 0, 10, 0, 10 },                      /* meets the second */
	{ 0, 12, 1, 0, 10, 0, 10 },                      /* out of order */
	{ 0, 10, 1, 0, 50, 0, 50 },                      /* the place of the second */
	{ 0, 0, 1, 41, 10, 0, 10 },                      /* too far right */
	{ 0, 0, 1, 50, 1, 0, 10 },                       /* beside the blob */
	{ 0, 0, 1, HUGE_VALUE, 2, 0, 10 },               /* overflows */
	{ 0, HUGE_VALUE, 2, 0, 10, 0, 10 },              /* overflows */
	{ 0, 0, HUGE_VALUE, 0, 10, 0, 10 },              /* overflows */
	{ 0, 0, 1, 0, HUGE_VALUE, 0, HUGE_VALUE },       /* overflows */
	{ 0, 0, 3, 0, 10, 0, 9 },                        /* stride too short */
	{ 0, 0, 3, 0, 10, 0, HUGE_VALUE / 2 },           /* overflows */
	{ 0, 0, 1, 0, 10, HUGE_VALUE - 3, 10 },          /* overflows */
	{ 0, 0, 1, 0, 10, (UINT64_C(1) << 60) - 9, 10 }, /* beyond the limit */
	{ 2, 0, 1, 0, 10, 0, 10 },                       /* no such base */
	{ 1, 0, 1, 0, 10, 0, 10 },                       /* base 0 without a part */
};

static void every_fault_is_found(void **state_)
{
	struct parts p = { 50,
		           2,
		           { { 0, 0, 10, 0, 10, 0, 10 }, { 1, 10, 10, 0, 50, 0, 50 } } };
	(void)state_;

	assert_null(parts_fault(&p, 1000, 2));
	assert_non_null(parts_fault(&p, 1000, 1));
	assert_non_null(parts_fault(&p, 1000, 3));
	assert_non_null(parts_fault(&p, 999, 2));
	assert_non_null(parts_fault(&p, 950, 2));
	assert_non_null(parts_fault(&p, 0, 2));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		p.list[0] = wrong[i];
		if (!parts_fault(&p, 1000, 2))
			fail_msg("wrong part %zu has no fault", i);
	}
	p.count = 0;
	assert_non_null(parts_fault(&p, 1000, 0));
	p.count = 4;
	assert_non_null(parts_fault(&p, 1000, 2));
	p = (struct parts){ 0, 1, { { 0, 0, 1, 0, 1, 0, 1 } } };
	assert_non_null(parts_fault(&p, 1000, 1));
}

static void parts_say_how_much_of_a_base_they_need(void **state_)
{
	const struct parts p = {
		50, 2, { { 0, 0, 10, 0, 10, 7, 30 }, { 1, 10, 10, 0, 50, 0, 50 } }
	};
	(void)state_;

	assert_int_equal(parts_need(&p, 0), 7 + 9 * 30 + 10);
	assert_int_equal(parts_need(&p, 1), 500);
	assert_int_equal(parts_need(&p, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_what_the_document_says),
		cmocka_unit_test(rows_without_gaps_are_one_run),
		cmocka_unit_test(every_fault_is_found),
		cmocka_unit_test(parts_say_how_much_of_a_base_they_need),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
