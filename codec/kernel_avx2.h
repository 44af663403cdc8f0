/* The kernel for AVX2 and BMI, on x86-64 only. Private to codec/. */
#ifndef ZLLM_KERNEL_AVX2_H
#define ZLLM_KERNEL_AVX2_H

#include <stdbool.h>

#include "codec/kernel.h"

extern const struct kernel kernel_avx2;

/* Whether this CPU, and its operating system, run it. */
bool kernel_avx2_runs(void);

#endif
