/*
 * The values of a frame through rANS: whole steps by a kernel, what is left by
 * plain C. A frame's coded values are its states, then its words:
 *
 *     lanes states | 16-bit words to the end
 *
 * A state is as often of 16 bits as of 31, so it is written as its length and
 * the bits below its highest (rans_coder_open() reads these); in version 1 of
 * coded frames (rans_coder_open_v1()) it was a u32.
 *
 * Pure; any thread.
 */
#ifndef ZLLM_RANS_CODER_H
#define ZLLM_RANS_CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/kernel/rans.h"

struct kernel;

enum { RANS_CODER_ROOM = 1024 }; /* bytes beside two for each value */

/* Codes index[0..n), the entries of `table`, downward from `end`, below which
 * are 2 * n + RANS_CODER_ROOM bytes. Returns the first byte written. */
uint8_t *rans_coder_write(const struct kernel *kernel, const uint32_t *table,
                          const uint16_t *index, size_t n, uint8_t *end);

/* Begins to read a frame of `total` values from `n` bytes by r->kernel. False when
 * they cannot be one. */
bool rans_coder_open(struct rans_reader *r, const uint8_t *src, size_t n, size_t total);
bool rans_coder_open_v1(struct rans_reader *r, const uint8_t *src, size_t n,
                        size_t total);

/* Decodes the next `n` values, a multiple of RANS_LANES in all calls but the
 * last. `ctx` has room for RANS_LANES entries more than `n`; it may be NULL, and
 * all values are then of table 0. False when the words end early. */
bool rans_coder_read(struct rans_reader *r, const uint32_t *tables, const uint16_t *ctx,
                     uint16_t *symbols, size_t n);

/* Whether all was read, and ended as the encoder began. */
bool rans_coder_done(const struct rans_reader *r);

#endif
