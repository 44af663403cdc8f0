/*
 * What frames of the codecs `float` and `ulp` have in common. After what describes the
 * values come the raw bits, then
 *
 *     odd bytes | states and words of rANS
 *
 * where the odd bytes are what is left behind the last whole value. Pure.
 */
#ifndef ZLLM_CODED_FRAME_H
#define ZLLM_CODED_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/codec.h"
#include "codec/kernel/rans.h"

struct cursor;
struct err;
struct frame_job;

struct coded_frame {
	enum frame_mode form; /* FRAME_TIGHT, or FRAME_CODED of version 1 */
	const uint8_t *odd;   /* bytes */
	struct rans_reader reader;
};

/* Values of one step of work, of which `at` of `n` are done. */
size_t coded_frame_chunk(size_t n, size_t at);

/* Whether a job's frame has room in the scratch. A record may have longer frames, but
 * not of these codecs. */
bool coded_frame_fits(const struct frame_job *job);

/* Finds the odd bytes and begins to read the words, of which `rest` is all. False when
 * they cannot be such. */
bool coded_frame_open(struct coded_frame *f, const struct frame_job *job,
                      struct cursor *rest);

/* Gives the odd bytes their place at the end of `dst`. */
void coded_frame_end(const struct coded_frame *f, const struct frame_job *job,
                     uint8_t *dst);

/* ERR_DAMAGED: "the <what> are damaged". */
int coded_frame_damaged(const char *what, struct err *err);

#endif
