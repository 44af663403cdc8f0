/*
 * Frequency tables as they are stored: by the square roots of the counts. The root
 * of a count is uncertain by the same half whatever the count is, so roots in equal
 * steps are exactly as fine as the counts deserve, and small numbers.
 * docs/format-ulp-float.md describes the bits.
 * Pure; any thread.
 */
#ifndef ZLLM_RANS_ROOTS_H
#define ZLLM_RANS_ROOTS_H

#include <stdbool.h>
#include <stdint.h>

struct bits_reader;
struct bits_writer;

enum { ROOT_MAX = 1023 };

/* Roots of `n` counts below 2^20, of which one at least is not 0. */
void rans_roots_of(const uint32_t *counts, unsigned n, uint16_t *roots);

/* Writes `n` roots, of which one at least is not 0. */
void rans_roots_put(struct bits_writer *to, const uint16_t *roots, unsigned n);

/* Reads `n` roots. False when they are not what a table can have. */
bool rans_roots_get(struct bits_reader *from, uint16_t *roots, unsigned n);

/* The frequencies of `n` roots: every root that is not 0 has one, and their sum is
 * RANS_SUM. `n` is RANS_SYMBOLS at most. */
void rans_roots_freq(const uint16_t *roots, unsigned n, uint16_t *freq);

#endif
