#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/cast.h"

static uint32_t cast_one(enum dtype from, enum dtype to, uint32_t value)
{
	uint8_t in[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
		          (uint8_t)(value >> 24) };
	uint8_t out[4] = { 0 };

	cast_values(from, to, in, 1, out);
	return (uint32_t)out[0] | (uint32_t)out[1] << 8 | (uint32_t)out[2] << 16 |
	       (uint32_t)out[3] << 24;
}

static void casts_exist_between_different_floats_only(void **state)
{
	(void)state;
	assert_true(cast_exists(DTYPE_F32, DTYPE_BF16));
	assert_true(cast_exists(DTYPE_BF16, DTYPE_F16));
	assert_false(cast_exists(DTYPE_BF16, DTYPE_BF16));
	assert_false(cast_exists(DTYPE_F64, DTYPE_F32));
	assert_false(cast_exists(DTYPE_U8, DTYPE_F32));
}

static void known_values_are_cast_as_ieee_754_says(void **state)
{
	static const struct {
		enum dtype from, to;
		uint32_t in, out;
	} cases[] = {
		{ DTYPE_F32, DTYPE_BF16, 0x3f800000, 0x3f80 },
		{ DTYPE_F32, DTYPE_BF16, 0x3f808000, 0x3f80 }, /* a tie goes to even */
		{ DTYPE_F32, DTYPE_BF16, 0x3f818000, 0x3f82 },
		{ DTYPE_F32, DTYPE_BF16, 0x3f808001, 0x3f81 },
		{ DTYPE_F32, DTYPE_BF16, 0x7f7fffff, 0x7f80 }, /* rounds to infinity */
		{ DTYPE_F32, DTYPE_BF16, 0xff800001, 0x7fc0 }, /* a NaN stays one */
		{ DTYPE_F32, DTYPE_BF16, 0x80000000, 0x8000 },
		{ DTYPE_BF16, DTYPE_F32, 0x7fc1, 0x7fc10000 },
		{ DTYPE_F32, DTYPE_F16, 0x3f800000, 0x3c00 },
		{ DTYPE_F32, DTYPE_F16, 0x477fefff, 0x7bff }, /* just below a tie */
		{ DTYPE_F32, DTYPE_F16, 0x477ff000, 0x7c00 },
		{ DTYPE_F32, DTYPE_F16, 0xc77fe000, 0xfbff },
		{ DTYPE_F32, DTYPE_F16, 0x33800000, 0x0001 }, /* 2^-24 */
		{ DTYPE_F32, DTYPE_F16, 0x33000000, 0x0000 }, /* a tie with zero */
		{ DTYPE_F32, DTYPE_F16, 0x33000001, 0x0001 },
		{ DTYPE_F32, DTYPE_F16, 0x33c00000, 0x0002 }, /* 1.5 * 2^-24: to even */
		{ DTYPE_F32, DTYPE_F16, 0x387fffff, 0x0400 }, /* up to the first normal */
		{ DTYPE_F32, DTYPE_F16, 0x7f800000, 0x7c00 },
		{ DTYPE_F32, DTYPE_F16, 0x7fc00000, 0x7e00 },
		{ DTYPE_F16, DTYPE_F32, 0x0001, 0x33800000 },
		{ DTYPE_F16, DTYPE_F32, 0x83ff, 0xb87fc000 },
		{ DTYPE_F16, DTYPE_F32, 0x7c01, 0x7f802000 },
		{ DTYPE_BF16, DTYPE_F16, 0x3f80, 0x3c00 },
		{ DTYPE_F16, DTYPE_BF16, 0x3c01, 0x3f80 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cast_one(cases[i].from, cases[i].to, cases[i].in),
		                 cases[i].out);
}

/* Widening is exact, so narrowing must give back every value that is a number. */
static void every_narrow_value_survives_the_way_up_and_down(void **state)
{
	static const enum dtype narrow[] = { DTYPE_BF16, DTYPE_F16 };

	(void)state;
	for (size_t k = 0; k < 2; k++)
		for (uint32_t v = 0; v < 0x10000; v++) {
			uint32_t wide = cast_one(narrow[k], DTYPE_F32, v);
			float f;
			memcpy(&f, &wide, sizeof(f));
			if (f == f)
				assert_int_equal(cast_one(DTYPE_F32, narrow[k], wide), v);
		}
}

#if defined(__FLT16_MAX__)
/* The compiler's own half floats are a second opinion. */
static void halves_are_rounded_as_the_machine_does_it(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < 2000000; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		uint32_t bits = (uint32_t)(random >> 32);
		if (i & 1) /* half of them in the range where halves live */
			bits = (bits & 0x807fffff) | (0x60 + (bits >> 24) % 0x32) << 23;
		float f;
		_Float16 h;
		uint16_t expected;
		memcpy(&f, &bits, sizeof(f));
		h = (_Float16)f;
		memcpy(&expected, &h, sizeof(expected));
		if (f == f)
			assert_int_equal(cast_one(DTYPE_F32, DTYPE_F16, bits), expected);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(casts_exist_between_different_floats_only),
		cmocka_unit_test(known_values_are_cast_as_ieee_754_says),
		cmocka_unit_test(every_narrow_value_survives_the_way_up_and_down),
#if defined(__FLT16_MAX__)
		cmocka_unit_test(halves_are_rounded_as_the_machine_does_it),
#endif
	};
	return cmocka_run_group_tests_name("cast", tests, NULL, NULL);
}
