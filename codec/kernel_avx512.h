/* The kernel for AVX-512 with VBMI2, on x86-64 only. Private to codec/. */
#ifndef ZLLM_KERNEL_AVX512_H
#define ZLLM_KERNEL_AVX512_H

#include <stdbool.h>

#include "codec/kernel.h"

extern const struct kernel kernel_avx512;

/* Whether this CPU, and its operating system, run it. */
bool kernel_avx512_runs(void);

#endif
