/*
 * Frequencies: from counts, and the tables that kernels use; how they are stored
 * today is in rans_roots.h. docs/format-ulp-float.md describes the bits.
 * Pure; any thread.
 */
#ifndef ZLLM_RANS_TABLE_H
#define ZLLM_RANS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/kernel/rans.h"

struct bits_reader;

/* Frequencies of `n` symbols for these counts, of which one at least is not 0:
 * their sum is RANS_SUM, and every symbol that occurs has one. */
void rans_table_fit(const uint32_t *counts, unsigned n, uint16_t *freq);

/* Reads `n` frequencies as frames in mode FRAME_CODED have them. False when they
 * are not what a table can have. */
bool rans_table_get(struct bits_reader *from, uint16_t *freq, unsigned n);

/* RANS_SUM entries for the decoder; up to RANS_TABLE_SLACK more are overwritten. */
void rans_table_decoder(const uint16_t *freq, unsigned n, uint32_t *table);

/* An entry a symbol for the encoder: its start in the upper, its frequency in
 * the lower 16 bits. */
void rans_table_encoder(const uint16_t *freq, unsigned n, uint32_t *table);

#endif
