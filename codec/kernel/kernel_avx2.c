/* The probe for AVX2, and what it stands for. */
#include "codec/kernel/kernel_avx2.h"

#if defined(__x86_64__)

const struct kernel kernel_avx2 = {
	.name = "avx2",
	.decode = kernel_avx2_decode,
	.encode = kernel_avx2_encode,
	.split16 = kernel_avx2_split16,
	.merge16 = kernel_avx2_merge16,
	.place16 = kernel_avx2_place16,
	.count16 = kernel_avx2_count16,
	.score = kernel_avx2_score,
	.cut16 = kernel_avx2_cut16,
	.join16 = kernel_avx2_join16,
	.split8 = kernel_avx2_split8,
	.merge8 = kernel_avx2_merge8,
	.place8 = kernel_avx2_place8,
	.split32 = kernel_avx2_split32,
	.merge32 = kernel_avx2_merge32,
	.place32 = kernel_avx2_place32,
	.cut32 = kernel_avx2_cut32,
	.join32 = kernel_avx2_join32,
	.product = kernel_avx2_product,
	.add16 = kernel_avx2_add16,
	.project = kernel_avx2_project,
	.spread = kernel_avx2_spread,
};

bool kernel_avx2_runs(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma") &&
	       __builtin_cpu_supports("popcnt");
}

#endif
