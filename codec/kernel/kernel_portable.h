/*
 * The kernel in plain C, on every machine: rANS is decoded in
 * kernel_portable_rans.c, values are counted in kernel_portable_count.c, other values
 * than those of 16 bits are in kernel_portable_wide.c, low-rank products in
 * kernel_portable_product.c, all else in kernel_portable.c. Private to codec/.
 */
#ifndef ZLLM_KERNEL_PORTABLE_H
#define ZLLM_KERNEL_PORTABLE_H

#include "codec/kernel/kernel.h"

extern const struct kernel kernel_portable;

void kernel_portable_count16(const struct placing *p, const uint8_t *base, size_t n,
                             uint16_t *index, uint32_t *const counts[KERNEL_COUNTERS]);
size_t kernel_portable_decode(struct rans_reader *r, const uint32_t *tables,
                              const uint16_t *ctx, uint16_t *symbols, size_t steps);
void kernel_portable_split8(const uint8_t *src, const uint8_t *base, size_t n,
                            uint16_t *tokens);
void kernel_portable_merge8(const uint16_t *tokens, const uint8_t *base, size_t n,
                            uint8_t *dst);
void kernel_portable_place8(const struct placing *p, const uint8_t *base, size_t n,
                            uint16_t *ctx);
uint64_t kernel_portable_split32(const uint8_t *src, const uint8_t *base, size_t n,
                                 uint16_t *tokens, uint8_t *room, uint64_t bit);
uint64_t kernel_portable_merge32(const uint16_t *tokens, const uint8_t *base, size_t n,
                                 const uint8_t *room, uint64_t bit, uint8_t *dst);
void kernel_portable_place32(const struct placing *p, const uint8_t *base, size_t n,
                             uint16_t *ctx);
void kernel_portable_cut32(unsigned shift, const uint8_t *src, size_t blocks,
                           uint16_t *symbols, uint8_t *raw);
void kernel_portable_join32(unsigned shift, const uint16_t *symbols, const uint8_t *raw,
                            size_t blocks, uint8_t *dst);

void kernel_portable_product(const int16_t *left, const int16_t *right, size_t stride,
                             unsigned pairs, size_t n, int32_t *sums);
void kernel_portable_add16(const int32_t *sums, float unit, const uint8_t *base, size_t n,
                           uint8_t *dst);
void kernel_portable_project(const float *rows, size_t count, size_t n, const float *to,
                             unsigned rank, float *out);
void kernel_portable_spread(const float *rows, size_t count, size_t n, const float *by,
                            unsigned rank, float *sums);

#endif
