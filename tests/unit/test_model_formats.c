/* The table of formats, and that each says of its files what its row says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "index/model/format_table.h"

static void each_format_is_found_by_kind_and_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; format_at(i); i++) {
		assert_ptr_equal(format_of(format_at(i)->kind), format_at(i));
		assert_ptr_equal(format_by_name(format_at(i)->name), format_at(i));
	}
	assert_null(format_by_name("no such format"));
	assert_null(format_by_name(""));
}

static void opaque_is_the_last_and_takes_any_file(void **state)
{
	(void)state;
	size_t last = 0;

	while (format_at(last + 1))
		last++;
	assert_int_equal(format_at(last)->kind, MODEL_OPAQUE);
	assert_true(format_at(last)->sniff(NULL, 0, 0));
	assert_true(format_at(last)->sniff((const uint8_t *)"PK", 2, 2));
}

/* What is there of a file shorter than MODEL_START is all that may be looked at. */
static void no_format_but_opaque_takes_an_empty_file(void **state)
{
	(void)state;
	for (size_t i = 0; format_at(i); i++)
		assert_int_equal(format_at(i)->sniff(NULL, 0, 0), !format_at(i + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_format_is_found_by_kind_and_by_name),
		cmocka_unit_test(opaque_is_the_last_and_takes_any_file),
		cmocka_unit_test(no_format_but_opaque_takes_an_empty_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
