/*
 * Columns of small signed integers as bits: the factors of a low-rank product. Each
 * column has a Rice parameter of its own, which fits bell-shaped numbers within a tenth
 * of a bit. docs/format-record.md, 4.7.
 *
 * Pure; any thread.
 */
#ifndef ZLLM_FACTORS_H
#define ZLLM_FACTORS_H

#include <stddef.h>
#include <stdint.h>

#include "codec/bits.h"

/* Appends `count` numbers, those of every `step`th place of `v`. */
void factors_put(struct bits_writer *to, const int16_t *v, size_t count, size_t step);

/* The bits that it takes. */
size_t factors_bits(const int16_t *v, size_t count, size_t step);

/* Reads them back; what is read is not to be trusted, but all numbers fit. Returns the
 * largest absolute value. The reader is bad where it ended early. */
uint32_t factors_get(struct bits_reader *from, int16_t *v, size_t count, size_t step);

#endif
