/*
 * Byte planes coded one by one: each as zstd makes it, as it is, or as the one
 * byte that fills it, whichever is smallest. What BitX and the plain zstd codec
 * store for a frame; docs/format-record.md describes the bytes.
 *
 * The planes themselves are in scratch->planes, as planes_split() leaves them.
 * Pure; a scratch belongs to one thread at a time.
 */
#ifndef ZLLM_PLANE_CODE_H
#define ZLLM_PLANE_CODE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct frame_scratch;
struct planes;

/* Codes the planes into at most `cap` bytes of `dst`, with zstd at `level`.
 * Bytes written, or 0 when they do not fit. */
size_t plane_code_encode(const struct planes *p, struct frame_scratch *scratch, int level,
                         uint8_t *dst, size_t cap);

/* Restores the planes from exactly `n` bytes of `src`, none of which is
 * trusted. 0, or ERR_DAMAGED. */
int plane_code_decode(const struct planes *p, struct frame_scratch *scratch,
                      const uint8_t *src, size_t n, struct err *err);

#endif
