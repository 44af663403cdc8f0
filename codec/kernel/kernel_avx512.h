/*
 * The kernel for AVX-512 with VBMI2, on x86-64 only: rANS in
 * kernel_avx512_rans.c, distances in kernel_avx512_ulp.c, floats by themselves in
 * kernel_avx512_float.c, each function as the member of struct kernel of its
 * name. Private to codec/.
 */
#ifndef ZLLM_KERNEL_AVX512_H
#define ZLLM_KERNEL_AVX512_H

#include <stdbool.h>

#include "codec/kernel/kernel.h"

extern const struct kernel kernel_avx512;

/* Whether this CPU, and its operating system, run it. */
bool kernel_avx512_runs(void);

/* Before a function that uses it, so that the rest of the program runs anywhere. */
#ifndef TARGET_AVX512 /* which tests define as nothing, to emulate it */
#define TARGET_AVX512                                                          \
	__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi," \
	                      "avx512vbmi2,bmi,bmi2,popcnt")))
#endif

size_t kernel_avx512_decode(struct rans_reader *r, const uint32_t *tables,
                            const uint16_t *ctx, uint16_t *symbols, size_t steps);
void kernel_avx512_encode(struct rans_writer *w, const uint32_t *table,
                          const uint16_t *index, size_t steps);
void kernel_avx512_split16(const uint8_t *src, const uint8_t *base, size_t n,
                           uint16_t *tokens, struct nibbles *nibbles);
void kernel_avx512_merge16(const uint16_t *tokens, const uint8_t *base, size_t n,
                           struct nibbles *nibbles, uint8_t *dst);
void kernel_avx512_place16(const struct placing *p, const uint8_t *base, size_t n,
                           uint16_t *ctx);
uint32_t kernel_avx512_score(const uint16_t *tokens, const uint16_t *ctx, size_t n);
void kernel_avx512_cut16(unsigned shift, const uint8_t *src, size_t blocks,
                         uint16_t *symbols, uint8_t *raw);
void kernel_avx512_join16(unsigned shift, const uint16_t *symbols, const uint8_t *raw,
                          size_t blocks, uint8_t *dst);

#endif
