/*
 * The kernel for AVX-512 on machines without it: built against tests/avx512 it must
 * make the bytes of the portable one and read them, and stay within its memory.
 * Values of 8 and of 32 bits have no AVX-512 kernel, nor has counting: they are the
 * portable one's here.
 */
#include "codec/kernel/kernel.h"

static const struct kernel *emulated_or_portable(unsigned i);

#define KERNEL_AT emulated_or_portable

#include "codec/kernel/kernel_avx512.h"
#include "codec/kernel/kernel_portable.h"
#include "codec/rans_room.h"
#include "tests/unit/codec_kernels.h"

#if defined(__x86_64__)

static struct kernel emulated(void)
{
	return (struct kernel){
		.name = "emulated avx512",
		.decode = kernel_avx512_decode,
		.encode = kernel_avx512_encode,
		.split16 = kernel_avx512_split16,
		.merge16 = kernel_avx512_merge16,
		.place16 = kernel_avx512_place16,
		.count16 = kernel_portable.count16,
		.score = kernel_avx512_score,
		.cut16 = kernel_avx512_cut16,
		.join16 = kernel_avx512_join16,
		.split8 = kernel_portable.split8,
		.merge8 = kernel_portable.merge8,
		.place8 = kernel_portable.place8,
		.split32 = kernel_portable.split32,
		.merge32 = kernel_portable.merge32,
		.place32 = kernel_portable.place32,
		.cut32 = kernel_portable.cut32,
		.join32 = kernel_portable.join32,
		.product = kernel_portable.product,
		.add16 = kernel_portable.add16,
		.project = kernel_portable.project,
		.spread = kernel_portable.spread,
	};
}

#else

static struct kernel emulated(void)
{
	return kernel_portable;
}

#endif

static const struct kernel *emulated_or_portable(unsigned i)
{
	static struct kernel k;

	k = emulated();
	return i == 0 ? &kernel_portable : i == 1 ? &k : NULL;
}

static void every_ulp_content(void **state)
{
	every_case(&codec_ulp, *state);
}

static void every_float_content(void **state)
{
	every_case(&codec_float, *state);
}

static void damage_stays_within_bounds(void **state)
{
	every_damage(&codec_ulp, *state, DTYPE_BF16);
	every_damage(&codec_float, *state, DTYPE_F16);
}

/* Every width that a record may ask for, also those no encoder makes. */
static void every_cut_joins(void **state)
{
	enum { BLOCKS = 5, N = 64 * BLOCKS };
	uint8_t src[2 * N], back[2 * N], raw[2][2 * N];
	uint16_t symbols[2][N];
	uint64_t seed = 9;

	(void)state;
	for (int i = 0; i < 2 * N; i++)
		src[i] = (uint8_t)case_next(&seed);
	for (unsigned shift = 5; shift <= 8; shift++) {
		for (unsigned i = 0; i < 2; i++)
			KERNEL_AT(i)->cut16(shift, src, BLOCKS, symbols[i], raw[i]);
		assert_memory_equal(symbols[1], symbols[0], sizeof(symbols[0]));
		assert_memory_equal(raw[1], raw[0], (size_t)8 * BLOCKS * (shift + 1));
		KERNEL_AT(1)->join16(shift, symbols[1], raw[1], BLOCKS, back);
		assert_memory_equal(back, src, sizeof(src));
	}
}

/* Banks of contexts, which no encoder uses yet: tables of any numbers. */
static void every_place_is_found(void **state)
{
	enum { N = 1000 };
	uint8_t low[KERNEL_CLASSES], table[KERNEL_CLASSES][KERNEL_WINDOW];
	uint8_t classes[N / KERNEL_BLOCK + 1], base[2 * N];
	uint16_t ctx[2][N];
	uint64_t seed = 10;

	(void)state;
	for (int round = 0; round < 50; round++) {
		struct placing p = { 7, 0xff, low, table, classes };
		for (int k = 0; k < KERNEL_CLASSES; k++) {
			low[k] = (uint8_t)case_next(&seed);
			for (int i = 0; i < KERNEL_WINDOW; i++)
				table[k][i] = case_next(&seed) % ROOM_TABLES;
		}
		for (size_t i = 0; i < sizeof(classes); i++)
			classes[i] = case_next(&seed) % KERNEL_CLASSES;
		for (int i = 0; i < 2 * N; i++)
			base[i] = (uint8_t)case_next(&seed);
		for (unsigned i = 0; i < 2; i++)
			KERNEL_AT(i)->place16(&p, base, N - (size_t)round, ctx[i]);
		assert_memory_equal(ctx[1], ctx[0], 2 * (N - (size_t)round));
	}
}

static void real_weights_come_back(void **state)
{
	enum { SIZE = 512 * 1024 };
	uint8_t *src = real_values("sft-a", SIZE), *base = real_values("base", SIZE);

	if (!src || !base)
		skip();
	all_kernels(&codec_ulp, *state, src, base, SIZE, DTYPE_BF16);
	all_kernels(&codec_float, *state, src, base, SIZE, DTYPE_BF16);
	free(src);
	free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_ulp_content),
		cmocka_unit_test(every_float_content),
		cmocka_unit_test(damage_stays_within_bounds),
		cmocka_unit_test(every_cut_joins),
		cmocka_unit_test(every_place_is_found),
		cmocka_unit_test(real_weights_come_back),
	};
	return cmocka_run_group_tests(tests, kernels_setup, kernels_teardown);
}
