/*
 * zstd (RFC 8878) behind four calls: the only file that includes zstd.h is
 * zstd_box.c. Whole buffers, one at a time, contexts kept between calls.
 * Thread rule: a box belongs to one thread at a time.
 */
#ifndef ZLLM_ZSTD_BOX_H
#define ZLLM_ZSTD_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zstd_box;

struct zstd_box *zstd_box_new(void); /* NULL when memory ran out */
void zstd_box_free(struct zstd_box *b);

/* Compresses `n` bytes into at most `cap`. Bytes written, or 0 when they do
 * not fit. */
size_t zstd_box_encode(struct zstd_box *b, int level, const void *src, size_t n,
                       void *dst, size_t cap);

/* Restores exactly `size` bytes. False when `src` is not one zstd frame of that
 * content: nothing in it is trusted, and never more than `size` is written. */
bool zstd_box_decode(struct zstd_box *b, const void *src, size_t n, void *dst,
                     size_t size);

#endif
