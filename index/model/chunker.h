/*
 * Content-defined chunks (FastCDC with normalised chunking; Xia et al., USENIX
 * ATC 2016): cuts fall where the content says so, so that bytes inserted in
 * front do not move all the cuts behind them. About 1 MiB, at least 256 KiB,
 * at most 4 MiB.
 *
 * The cuts depend on nothing but the bytes and on a table that never changes.
 */
#ifndef ZLLM_CHUNKER_H
#define ZLLM_CHUNKER_H

#include <stddef.h>
#include <stdint.h>

enum { CHUNK_MIN = 256 * 1024, CHUNK_AVERAGE = 1024 * 1024, CHUNK_MAX = 4 * 1024 * 1024 };

/* The length of the first chunk of `n` bytes. `n` must be at least CHUNK_MAX,
 * or else reach to the end of the data; returns at least 1 for n > 0. */
size_t chunk_cut(const uint8_t *bytes, size_t n);

#endif
