/* The tensors that a format finds become extents without a hole, and not too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/model/extent.h"
#include "index/model/tensor_list.h"

enum { HEADER = 100, LARGE = EXTENT_INLINE_TENSOR, SMALL = EXTENT_INLINE_TENSOR - 1 };

/* Adds tensor number `i` of `size` bytes behind a header; its name and one dimension tell
 * its number. */
static void add(struct tensor_list *l, unsigned i, uint64_t size)
{
	char name[32];
	const uint64_t dims[] = { i, size };

	snprintf(name, sizeof(name), "tensor %u", i);
	const struct extent x = { .kind = EXTENT_TENSOR,
		                  .offset = l->end + HEADER,
		                  .size = size,
		                  .name = name,
		                  .dtype = DTYPE_U8,
		                  .dims = dims,
		                  .dim_count = 2 };
	assert_int_equal(tensor_list_add(l, &x), 0);
}

/* Finishes the list, checks that the file is covered and that each tensor is what its name
 * says; gives how many there are. */
static size_t finished(struct tensor_list *l, size_t tail)
{
	struct extents x;
	struct err err = ERR_INIT;
	uint64_t at = 0, size = l->end + tail;
	size_t tensors = 0;
	char name[32];

	assert_int_equal(tensor_list_finish(l, MODEL_NPZ, size, &x, &err), 0);
	for (size_t i = 0; i < x.count; i++) {
		const struct extent *one = &x.list[i];
		assert_int_equal(one->offset, at);
		at += one->size;
		assert_true(one->size > 0);
		if (one->kind != EXTENT_TENSOR)
			continue;
		tensors++;
		assert_int_equal(one->dim_count, 2);
		assert_int_equal(one->dims[1], one->size);
		snprintf(name, sizeof(name), "tensor %u", (unsigned)one->dims[0]);
		assert_string_equal(one->name, name);
	}
	assert_int_equal(at, size);
	assert_int_equal(x.size, size);
	extents_wipe(&x);
	tensor_list_wipe(l);
	return tensors;
}

static void every_tensor_is_kept_as_long_as_the_small_ones_fit_a_manifest(void **state)
{
	(void)state;
	struct tensor_list l = TENSOR_LIST_INIT;
	unsigned fit = EXTENT_INLINE_TOTAL / (SMALL + HEADER);

	for (unsigned i = 0; i < fit; i++)
		add(&l, i, SMALL);
	assert_int_equal(finished(&l, 0), fit);
	for (unsigned i = 0; i < 500; i++)
		add(&l, i, LARGE);
	assert_int_equal(finished(&l, 7), 500);
}

static void beyond_that_the_small_ones_are_part_of_headers(void **state)
{
	(void)state;
	struct tensor_list l = TENSOR_LIST_INIT;

	for (unsigned i = 0; i < 600; i++)
		add(&l, i, i % 3 ? SMALL : LARGE);
	assert_int_equal(finished(&l, 7), 200);
	for (unsigned i = 0; i < 600; i++)
		add(&l, i, i % 3 == 2 ? LARGE : SMALL);
	assert_int_equal(finished(&l, 0), 200);
}

static void without_a_tensor_there_are_no_extents(void **state)
{
	(void)state;
	struct tensor_list l = TENSOR_LIST_INIT;
	struct extents x;
	struct err err = ERR_INIT;

	assert_int_equal(tensor_list_finish(&l, MODEL_NPZ, 10, &x, &err), 1);
	for (unsigned i = 0; i < 600; i++)
		add(&l, i, SMALL);
	assert_int_equal(tensor_list_finish(&l, MODEL_NPZ, l.end, &x, &err), 1);
	tensor_list_wipe(&l);
}

static void a_tensor_that_has_no_header_or_lies_in_another_is_refused(void **state)
{
	(void)state;
	struct tensor_list l = TENSOR_LIST_INIT;
	struct extent x = { .kind = EXTENT_TENSOR, .name = "" };

	assert_int_equal(tensor_list_add(&l, &x), 1);
	add(&l, 0, LARGE);
	x.offset = l.end;
	assert_int_equal(tensor_list_add(&l, &x), 1);
	x.offset = l.end - 1;
	assert_int_equal(tensor_list_add(&l, &x), 1);
	assert_int_equal(finished(&l, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_tensor_is_kept_as_long_as_the_small_ones_fit_a_manifest),
		cmocka_unit_test(beyond_that_the_small_ones_are_part_of_headers),
		cmocka_unit_test(without_a_tensor_there_are_no_extents),
		cmocka_unit_test(
			a_tensor_that_has_no_header_or_lies_in_another_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
