/* The codec float: all kernels alike, every value restored, damage refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/codec_kernels.h"

static void every_content_comes_back_by_every_kernel(void **state)
{
	every_case(&codec_float, *state);
}

static void damage_stays_within_bounds(void **state)
{
	static const enum dtype dtypes[] = { DTYPE_BF16, DTYPE_F16, DTYPE_F32,
		                             DTYPE_F8_E4M3 };

	for (int i = 0; i < 4; i++)
		every_damage(&codec_float, *state, dtypes[i]);
}

static void frames_of_too_many_values_are_refused(void **state)
{
	static const uint8_t made[1000] = { 5 };

	too_many_values(&codec_float, *state, DTYPE_BF16, made, sizeof(made));
	too_many_values(&codec_float, *state, DTYPE_F32, made, sizeof(made));
}

static void real_weights_come_back(void **state)
{
	enum { SIZE = 512 * 1024 };
	uint8_t *src = real_values("base", SIZE);

	if (!src)
		skip();
	size_t n = all_kernels(&codec_float, *state, src, NULL, SIZE, DTYPE_BF16);
	assert_in_range(n, 1, SIZE * 68 / 100);
	free(src);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_content_comes_back_by_every_kernel),
		cmocka_unit_test(damage_stays_within_bounds),
		cmocka_unit_test(frames_of_too_many_values_are_refused),
		cmocka_unit_test(real_weights_come_back),
	};
	return cmocka_run_group_tests(tests, kernels_setup, kernels_teardown);
}
