/*
 * What a file is made of, by its content and never by its name: a valid
 * safetensors file becomes its header, tensors, gaps and tail; any other file
 * becomes content-defined chunks (chunker.h). Nothing is refused.
 */
#ifndef ZLLM_MODEL_SCAN_H
#define ZLLM_MODEL_SCAN_H

#include <stdint.h>

struct err;
struct extents;

/* Finds the tensors of the file `fd` of `size` bytes. 0 with *out filled, or
 * ERR_IO, ERR_NOMEM. A file that is no valid safetensors gets MODEL_OPAQUE and
 * one chunk extent of the whole: extents_hash() cuts it. */
int model_scan(int fd, uint64_t size, struct extents *out, struct err *err);

#endif
