/*
 * The safetensors header: 8 bytes little-endian length (at most 100 000 000), then JSON
 * {"__metadata__": {str: str}, name: {"dtype", "shape", "data_offsets"}}. Source: the
 * format's README and reference parser (huggingface/safetensors, version 0.4 and later).
 *
 * Strict is what says where tensors lie: the header fits the file; offsets are whole
 * numbers, ordered and inside the file; shape times dtype equals the length, in whole
 * bytes; no overlap; and the JSON is JSON as far as that: names, braces, commas.
 *
 * What says nothing of it is let be, since files are made by many hands, and the bytes
 * come back exactly anyway:
 *
 *   __metadata__                 whatever it is, and however often
 *   other members                of a tensor, or without data_offsets: passed over
 *   a name, or a field, twice    the last one counts, as for the reference parser and
 *                                Python; the bytes of the one before it are a gap
 *   dtype unknown, or none       a tensor of bytes (DTYPE_BYTES), of any shape
 *   shape not a list, or none    the same
 *   white space, a BOM before the JSON, white space and NULs behind it
 *   gaps, data not aligned, bytes after the last tensor
 *
 * A text that names no tensor, has members of other kinds, and is followed by data is
 * something else that begins with '{'.
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
