/*
 * A frame within a coded frame: some of its values, with what a frame table would say of
 * them before their bytes. docs/format-record.md, 4.4.
 *
 * Pure; thread rule as in frame.h.
 */
#ifndef ZLLM_NESTED_FRAME_H
#define ZLLM_NESTED_FRAME_H

#include "codec/frame_job.h"

struct cursor;
struct err;

enum { NESTED_HEAD = 6 }; /* bytes before those of the frame */

/* Writes what job->codec makes of the frame to `dst`, which has room for NESTED_HEAD
 * bytes more than its size; returns the bytes of all in *n. */
int nested_frame_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                        size_t *n, struct err *err);

/* Restores it from where the cursor stands. job->codec codes it where it has a base;
 * where job->base is NULL, any codec may that needs none. */
int nested_frame_decode(const struct frame_job *job, struct cursor *c, uint8_t *dst,
                        struct err *err);

#endif
