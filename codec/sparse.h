/*
 * Frames that hardly differ from their prediction, whatever the codec: which values
 * differ, and by how much. docs/format-record.md describes the bytes.
 * Pure; any thread.
 */
#ifndef ZLLM_SPARSE_H
#define ZLLM_SPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/dtype.h"

enum { SPARSE_MOST = 32768 }; /* values that may differ in what is coded */

/* Codes `size` bytes of `src` against as many of `base` into `dst`, which has room
 * for `cap`; `room` has place for SPARSE_MOST numbers. Returns the bytes written; 0 where
 * no value differs, or more than one in eight, or more than one in 32 and nearly
 * everywhere, or bytes after the last whole value, or it does not fit. */
size_t sparse_encode(const uint8_t *src, const uint8_t *base, size_t size,
                     enum dtype dtype, uint8_t *dst, size_t cap, uint32_t *room);

/* Restores `size` bytes to `dst` from `n` bytes of `src`, which are not to be
 * trusted. False when they cannot be such a frame. */
bool sparse_decode(const uint8_t *src, size_t n, const uint8_t *base, uint8_t *dst,
                   size_t size, enum dtype dtype);

#endif
