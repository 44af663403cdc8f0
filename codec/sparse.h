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

struct frame_job;

/* Codes job->size bytes of `src` against job->base into `dst`, which has room for `cap`.
 * Returns the bytes written; 0 where no value differs, or more than one in eight, or
 * more than one in 32 and nearly everywhere, or bytes after the last whole value, or it
 * does not fit. */
size_t sparse_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                     size_t cap);

/* Restores job->size bytes to `dst` from `n` bytes of `src`, which are not to be
 * trusted. False when they cannot be such a frame. */
bool sparse_decode(const struct frame_job *job, const uint8_t *src, size_t n,
                   uint8_t *dst);

#endif
