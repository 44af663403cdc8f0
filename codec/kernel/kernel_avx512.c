/* The probe for AVX-512, and what it stands for. */
#include "codec/kernel/kernel_avx512.h"

#include "codec/kernel/kernel_avx2.h"

#if defined(__x86_64__)

const struct kernel kernel_avx512 = {
	.name = "avx512",
	.decode = kernel_avx512_decode,
	.encode = kernel_avx512_encode,
	.split16 = kernel_avx512_split16,
	.merge16 = kernel_avx512_merge16,
	.place16 = kernel_avx512_place16,
	.score = kernel_avx512_score,
	.cut16 = kernel_avx512_cut16,
	.join16 = kernel_avx512_join16,
	/* Every such CPU has AVX2, and nothing here needs more. */
	.count16 = kernel_avx2_count16,
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

bool kernel_avx512_runs(void)
{
	return kernel_avx2_runs() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512vbmi") &&
	       __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("popcnt");
}

#endif
