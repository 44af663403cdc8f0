/*
 * Frequencies: from counts, to bits and back, and the tables that kernels use.
 * docs/format-record.md describes the bits.
 * Pure; any thread.
 */
#ifndef ZLLM_RANS_TABLE_H
#define ZLLM_RANS_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/rans.h"

struct bits_reader;
struct bits_writer;

/* Frequencies of `n` symbols for these counts, of which one at least is not 0:
 * their sum is RANS_SUM, and every symbol that occurs has one. */
void rans_table_fit(const uint32_t *counts, unsigned n, uint16_t *freq);

/* Writes frequencies that sum up to RANS_SUM. */
void rans_table_put(struct bits_writer *to, const uint16_t *freq, unsigned n);

/* Reads `n` frequencies. False when they are not what a table can have. */
bool rans_table_get(struct bits_reader *from, uint16_t *freq, unsigned n);

/* RANS_SUM entries for the decoder; up to RANS_TABLE_SLACK more are overwritten. */
void rans_table_decoder(const uint16_t *freq, unsigned n, uint32_t *table);

/* An entry a symbol for the encoder: its start in the upper, its frequency in
 * the lower 16 bits. */
void rans_table_encoder(const uint16_t *freq, unsigned n, uint32_t *table);

#endif
