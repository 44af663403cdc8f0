/*
 * The kernel for AVX2, on x86-64 only: rANS in kernel_avx2_rans.c, distances in
 * kernel_avx2_ulp.c, floats by themselves in kernel_avx2_float.c, values of 8 and of 32
 * bits in kernel_avx2_byte.c and kernel_avx2_wide.c, low-rank products in
 * kernel_avx2_product.c, each function as the member of
 * struct kernel of its name. Private to codec/.
 */
#ifndef ZLLM_KERNEL_AVX2_H
#define ZLLM_KERNEL_AVX2_H

#include <stdbool.h>

#include "codec/kernel/kernel.h"

extern const struct kernel kernel_avx2;

/* Whether this CPU, and its operating system, run it. */
bool kernel_avx2_runs(void);

/* Before a function that uses it, so that the rest of the program runs anywhere. */
#define TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,fma,popcnt")))

size_t kernel_avx2_decode(struct rans_reader *r, const uint32_t *tables,
                          const uint16_t *ctx, uint16_t *symbols, size_t steps);
void kernel_avx2_encode(struct rans_writer *w, const uint32_t *table,
                        const uint16_t *index, size_t steps);
void kernel_avx2_split16(const uint8_t *src, const uint8_t *base, size_t n,
                         uint16_t *tokens, struct nibbles *nibbles);
void kernel_avx2_merge16(const uint16_t *tokens, const uint8_t *base, size_t n,
                         struct nibbles *nibbles, uint8_t *dst);
void kernel_avx2_place16(const struct placing *p, const uint8_t *base, size_t n,
                         uint16_t *ctx);
void kernel_avx2_count16(const struct placing *p, const uint8_t *base, size_t n,
                         uint16_t *index, uint32_t *const counts[KERNEL_COUNTERS]);
uint32_t kernel_avx2_score(const uint16_t *tokens, const uint16_t *ctx, size_t n);
void kernel_avx2_cut16(unsigned shift, const uint8_t *src, size_t blocks,
                       uint16_t *symbols, uint8_t *raw);
void kernel_avx2_join16(unsigned shift, const uint16_t *symbols, const uint8_t *raw,
                        size_t blocks, uint8_t *dst);

void kernel_avx2_split8(const uint8_t *src, const uint8_t *base, size_t n, uint16_t *tokens);
void kernel_avx2_merge8(const uint16_t *tokens, const uint8_t *base, size_t n, uint8_t *dst);
void kernel_avx2_place8(const struct placing *p, const uint8_t *base, size_t n, uint16_t *ctx);
uint64_t kernel_avx2_split32(const uint8_t *src, const uint8_t *base, size_t n,
                      uint16_t *tokens, uint8_t *room, uint64_t bit);
uint64_t kernel_avx2_merge32(const uint16_t *tokens, const uint8_t *base, size_t n,
                      const uint8_t *room, uint64_t bit, uint8_t *dst);
void kernel_avx2_place32(const struct placing *p, const uint8_t *base, size_t n, uint16_t *ctx);
void kernel_avx2_cut32(unsigned shift, const uint8_t *src, size_t blocks, uint16_t *symbols,
                uint8_t *raw);
void kernel_avx2_join32(unsigned shift, const uint16_t *symbols, const uint8_t *raw,
                 size_t blocks, uint8_t *dst);

void kernel_avx2_product(const int16_t *left, const int16_t *right, size_t stride,
                             unsigned pairs, size_t n, int32_t *sums);
void kernel_avx2_add16(const int32_t *sums, float unit, const uint8_t *base, size_t n,
                           uint8_t *dst);
void kernel_avx2_project(const float *rows, size_t count, size_t n, const float *to,
                             unsigned rank, float *out);
void kernel_avx2_spread(const float *rows, size_t count, size_t n, const float *by,
                            unsigned rank, float *sums);

#endif
