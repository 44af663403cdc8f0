/*
 * The safetensors header, read strictly: 8 bytes little-endian length (at most
 * 100 000 000), then JSON {"__metadata__": {str: str}, name: {"dtype", "shape",
 * "data_offsets"}}. Source: the format's README and reference parser
 * (huggingface/safetensors, version 0.4 and later).
 *
 * Strict means: the header begins with '{', fits the file, is valid UTF-8 JSON
 * with nothing but white space after it; no duplicate names; offsets ordered
 * and inside the file; shape times dtype equals the length, in whole bytes; no
 * overlap; __metadata__ is null or holds strings only. Gaps between tensors,
 * data not aligned, and bytes after the last tensor are found in the wild and
 * taken. Unknown dtypes are taken with DTYPE_BYTES and any shape. Unknown
 * fields of a tensor are skipped.
 */
#ifndef ZLLM_SAFETENSORS_H
#define ZLLM_SAFETENSORS_H

#include <stdint.h>

struct err;
struct extents;

enum { SAFETENSORS_HEADER_MAX = 100000000 };

/* Reads a header from the file's first `n` bytes: all 8 + length of them. They come from
 * malloc() and are taken: the names are written over the text that was read.
 * 0 with the tensors of a file of `file_size` bytes in `out`, header, gaps and
 * tail included; 1 with the reason in `why` when it is not valid safetensors;
 * ERR_NOMEM. */
int safetensors_parse(uint8_t *bytes, uint64_t n, uint64_t file_size,
                      struct extents *out, struct err *why);

#endif
