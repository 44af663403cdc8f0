/* zstd behind its four calls: one frame of the right size, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/zstd_box.h"

static void a_box_takes_one_zstd_frame_of_the_right_size_and_nothing_else(void **state)
{
	static const uint8_t skippable[] = { 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0 };
	struct zstd_box *box = zstd_box_new();
	uint8_t src[1000] = { 1 }, coded[400], back[1001];
	(void)state;

	size_t n = zstd_box_encode(box, 3, src, sizeof(src), coded, sizeof(coded) / 4);
	assert_int_not_equal(n, 0);
	back[1000] = 0x55;
	assert_true(zstd_box_decode(box, coded, n, back, 1000));
	assert_memory_equal(back, src, 1000);
	assert_int_equal(back[1000], 0x55);
	assert_false(zstd_box_decode(box, coded, n, back, 999));
	assert_false(zstd_box_decode(box, coded, n, back, 1001));
	assert_false(zstd_box_decode(box, coded, n - 1, back, 1000));
	assert_false(zstd_box_decode(box, coded, n + 1, back, 1000));
	assert_false(zstd_box_decode(box, coded, 0, back, 1000));
	/* Two frames, or one to skip, are not one. */
	memcpy(coded + n, skippable, sizeof(skippable));
	assert_false(zstd_box_decode(box, coded, n + sizeof(skippable), back, 1000));
	assert_false(zstd_box_decode(box, skippable, sizeof(skippable), back, 0));
	memcpy(coded + n, coded, n);
	assert_false(zstd_box_decode(box, coded, 2 * n, back, 1000));
	assert_int_equal(zstd_box_encode(box, 3, src, sizeof(src), coded, 3), 0);
	zstd_box_free(box);
	zstd_box_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_box_takes_one_zstd_frame_of_the_right_size_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
