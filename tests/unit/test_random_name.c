/* Names that nothing else has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "codec/common/hex.h"
#include "index/work/random_name.h"

static void a_name_is_digits_of_hexadecimal(void **state)
{
	(void)state;
	char name[RANDOM_NAME_HEX + 1];
	uint8_t bytes[RANDOM_NAME_HEX / 2];

	assert_int_equal(random_name(name, NULL), 0);
	assert_int_equal(strlen(name), RANDOM_NAME_HEX);
	assert_true(hex_parse(name, sizeof(bytes), bytes));
}

static void two_names_differ(void **state)
{
	(void)state;
	char one[RANDOM_NAME_HEX + 1], other[RANDOM_NAME_HEX + 1];

	assert_int_equal(random_name(one, NULL), 0);
	assert_int_equal(random_name(other, NULL), 0);
	assert_string_not_equal(one, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_digits_of_hexadecimal),
		cmocka_unit_test(two_names_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
