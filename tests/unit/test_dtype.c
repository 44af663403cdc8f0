/* Element types: names, numbers and sizes, none of which may ever change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/dtype.h"

static const struct {
	unsigned number;
	const char *name;
	unsigned bits, unit;
} known[] = {
	{ 0, "BYTES", 8, 1 },        { 1, "BOOL", 8, 1 },         { 2, "U8", 8, 1 },
	{ 3, "I8", 8, 1 },           { 4, "U16", 16, 2 },         { 5, "I16", 16, 2 },
	{ 6, "U32", 32, 4 },         { 7, "I32", 32, 4 },         { 8, "U64", 64, 8 },
	{ 9, "I64", 64, 8 },         { 10, "F16", 16, 2 },        { 11, "BF16", 16, 2 },
	{ 12, "F32", 32, 4 },        { 13, "F64", 64, 8 },        { 14, "F8_E4M3", 8, 1 },
	{ 15, "F8_E5M2", 8, 1 },     { 16, "F8_E8M0", 8, 1 },     { 17, "C64", 64, 8 },
	{ 18, "F4", 4, 1 },          { 19, "F6_E2M3", 6, 1 },     { 20, "F6_E3M2", 6, 1 },
	{ 21, "F8_E4M3FNUZ", 8, 1 }, { 22, "F8_E5M2FNUZ", 8, 1 },
};

enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static void numbers_names_and_sizes_are_those_of_the_format(void **state)
{
	(void)state;
	assert_int_equal(KNOWN, DTYPE_COUNT);
	for (int i = 0; i < KNOWN; i++) {
		enum dtype dtype = (enum dtype)known[i].number;
		assert_string_equal(dtype_name(dtype), known[i].name);
		assert_int_equal(dtype_bits(dtype), known[i].bits);
		assert_int_equal(dtype_unit(dtype), known[i].unit);
	}
}

static void names_lead_back_to_numbers(void **state)
{
	(void)state;
	for (int i = 0; i < KNOWN; i++)
		assert_int_equal(dtype_from_name(known[i].name, strlen(known[i].name)),
		                 known[i].number);
}

static void a_name_needs_no_nul_and_must_match_whole(void **state)
{
	(void)state;
	assert_int_equal(dtype_from_name("BF16garbage", 4), DTYPE_BF16);
	assert_int_equal(dtype_from_name("F8_E4M3FNUZ", 7), DTYPE_F8_E4M3);
	assert_int_equal(dtype_from_name("BF16", 3), -1);
	assert_int_equal(dtype_from_name("bf16", 4), -1);
	assert_int_equal(dtype_from_name("", 0), -1);
	assert_int_equal(dtype_from_name("F128", 4), -1);
}

static void numbers_out_of_range_have_no_name(void **state)
{
	(void)state;
	assert_null(dtype_name(DTYPE_COUNT));
	assert_null(dtype_name(~0u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_names_and_sizes_are_those_of_the_format),
		cmocka_unit_test(names_lead_back_to_numbers),
		cmocka_unit_test(a_name_needs_no_nul_and_must_match_whole),
		cmocka_unit_test(numbers_out_of_range_have_no_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
