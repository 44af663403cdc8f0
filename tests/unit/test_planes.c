/* Byte planes against a naive twin that follows docs/format-record.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/planes.h"

enum { SIZE_MAX_TESTED = 9000 }; /* bytes; two blocks of planes.c and some */

static const size_t sizes[] = {
	0,    1,    2,    3,    7,    8,    9,    63,   64,   65,
	1000, 4095, 4096, 4097, 4104, 8191, 8192, 8193, 8999, 9000
};

enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void noise(uint8_t *bytes, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = (uint8_t)(seed >> 56);
	}
}

/* One number at a time, one bit of thought each. */
static void split_naively(const struct planes *p, const uint8_t *src, const uint8_t *base,
                          uint8_t *out)
{
	unsigned bits = 8 * p->width;

	for (size_t i = 0; i < p->count; i++) {
		uint64_t v = 0;
		for (unsigned k = 0; k < p->width; k++) {
			size_t at = i * p->width + k;
			v |= (uint64_t)(src[at] ^ (base ? base[at] : 0)) << (8 * k);
		}
		if (p->rotated)
			v = v << 1 | v >> (bits - 1);
		for (unsigned k = 0; k < p->width; k++)
			out[k * p->count + i] = (uint8_t)(v >> (8 * k));
	}
	for (size_t at = p->count * p->width; at < p->count * p->width + p->tail; at++)
		out[at] = src[at] ^ (base ? base[at] : 0);
}

static void check_one(enum dtype dtype, const uint8_t *src, const uint8_t *base,
                      size_t size)
{
	struct planes p = planes_of(dtype, size);
	/* Exactly as large as needed, so that ASan sees a step too far. */
	uint8_t *want = malloc(size + 1), *got = malloc(size + 1),
		*back = malloc(size + 1);

	want[size] = got[size] = back[size] = 0x55;
	assert_int_equal(p.count * p.width + p.tail, size);
	split_naively(&p, src, base, want);
	planes_split(&p, src, base, got);
	assert_memory_equal(got, want, size + 1);
	planes_merge(&p, got, base, back);
	assert_memory_equal(back, src, size);
	assert_int_equal(back[size], 0x55);
	free(want);
	free(got);
	free(back);
}

static void every_dtype_and_size_agrees_with_the_naive_twin(void **state)
{
	uint8_t src[SIZE_MAX_TESTED], base[SIZE_MAX_TESTED];
	(void)state;

	noise(src, sizeof(src), 1);
	noise(base, sizeof(base), 2);
	for (int dtype = 0; dtype < DTYPE_COUNT; dtype++) {
		for (int i = 0; i < SIZES; i++) {
			check_one((enum dtype)dtype, src, NULL, sizes[i]);
			check_one((enum dtype)dtype, src, base, sizes[i]);
		}
	}
}

static void exponents_fill_the_top_plane(void **state)
{
	/* BF16 -1.5 = bfc0; rotated left: 7f81. F32 -1.5 = bfc00000: 7f800001. */
	static const uint8_t bf16[] = { 0xc0, 0xbf }, f32[] = { 0, 0, 0xc0, 0xbf };
	static const uint8_t bf16_planes[] = { 0x81, 0x7f };
	static const uint8_t f32_planes[] = { 0x01, 0x00, 0x80, 0x7f };
	uint8_t out[4];
	(void)state;

	struct planes p = planes_of(DTYPE_BF16, 2);
	planes_split(&p, bf16, NULL, out);
	assert_memory_equal(out, bf16_planes, 2);
	p = planes_of(DTYPE_F32, 4);
	planes_split(&p, f32, NULL, out);
	assert_memory_equal(out, f32_planes, 4);
}

static void only_floats_of_two_bytes_and_more_are_rotated(void **state)
{
	(void)state;
	for (int dtype = 0; dtype < DTYPE_COUNT; dtype++) {
		struct planes p = planes_of((enum dtype)dtype, 64);
		assert_int_equal(p.rotated, dtype == DTYPE_F16 || dtype == DTYPE_BF16 ||
		                                    dtype == DTYPE_F32 ||
		                                    dtype == DTYPE_F64 ||
		                                    dtype == DTYPE_C64);
		if (dtype != DTYPE_C64)
			assert_int_equal(p.width, dtype_unit((enum dtype)dtype));
	}
	assert_int_equal(planes_of(DTYPE_C64, 64).width, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dtype_and_size_agrees_with_the_naive_twin),
		cmocka_unit_test(exponents_fill_the_top_plane),
		cmocka_unit_test(only_floats_of_two_bytes_and_more_are_rotated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
