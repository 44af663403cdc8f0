/*
 * What a file is made of, by its content and never by its name: the first format that
 * takes it (model_format.h) says. Nothing is refused: a file that no other format takes
 * is opaque, and becomes content-defined chunks (chunker.h).
 */
#ifndef ZLLM_MODEL_SCAN_H
#define ZLLM_MODEL_SCAN_H

#include <stdint.h>

struct err;
struct extents;

/* Finds the extents of the file `fd` of `size` bytes. 0 with *out filled, or ERR_IO,
 * ERR_NOMEM, ERR_MISMATCH where the file ends early. An opaque one gets one chunk extent
 * of the whole: extents_hash() cuts it. */
int model_scan(int fd, uint64_t size, struct extents *out, struct err *err);

#endif
