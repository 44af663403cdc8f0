/*
 * A sketch: 24 values of a tensor, from places that its shape alone decides, and
 * one byte that says roughly in which direction it points. Two sketches give an
 * estimate of how far two tensors are apart, without reading either.
 *
 *     rows of the tensor, the largest power of two of them, at most 4096
 *     [run].....[run].....[run]..... ... 16 runs of 512 values
 *       |  every 341st value of the runs, rounded to BF16        -> values
 *       '- 8 sums of all values of the runs, each with signs of
 *          its own; the signs of the sums (SimHash, Charikar 2002) -> band
 *
 * Not all rows, because a vocabulary grows; a power of two, because the little that
 * other tensors grow seldom passes one. Rounded to BF16, because copies in other precisions then are alike.
 * A fine-tune moves the runs by a few percent of their length: it turns a bit of the
 * band with a chance of a third of that. An unrelated tensor is in the same band once
 * in 256 times.
 *
 * Pure but for the caller's `read`; integer arithmetic, so every machine makes the
 * same sketch. Any thread at any time.
 */
#ifndef ZLLM_TENSOR_SKETCH_H
#define ZLLM_TENSOR_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/dtype.h"
#include "index/model/sketch.h"

struct err;
struct extent;

/* Reads `n` bytes of the tensor at `offset`; 0, or negative with `err`. */
typedef int sketch_read_fn(void *ctx, uint64_t offset, void *dst, size_t n,
                           struct err *err);

/* Makes the sketch of the tensor `x`, whose bytes `read` gives. 0, or what `read`
 * returned. */
int tensor_sketch_make(const struct extent *x, sketch_read_fn *read, void *ctx,
                       struct tensor_sketch *out, struct err *err);

/* How far two tensors are apart, in hundredths of a bit for each weight. */
struct sketch_gap {
	bool known;
	uint16_t bits;  /* differing bits: the bit distance of the ZipLLM paper */
	uint16_t steps; /* bits of the difference in units of the last place: about
	                 * what a delta takes, and steadier than the bits when a carry
	                 * ripples through a word */
};

/* How many of the tensor's values, the first ones, the sketch is taken from. Tensors with
 * one span have it from the same places. */
uint64_t tensor_sketch_span(const struct extent *x);

/* Whether the two tensors' sketches are made of the same places. */
bool tensor_sketch_comparable(const struct extent *a, const struct extent *b);

/* Of two tensors with one name-key, whose sketches are comparable; `dtype` is that of one of them. Not known when
 * either sketch is not. */
struct sketch_gap tensor_sketch_gap(enum dtype dtype, const struct tensor_sketch *a,
                                    const struct tensor_sketch *b);

/* How many bits of a value of that dtype differ, in hundredths: those that sketches have,
 * and half of the bits of a wider value that they do not have, as in tensors that are not
 * of one family. 65535 where the gap is not known. */
uint16_t sketch_gap_bits(enum dtype dtype, const struct sketch_gap *gap);

/*
 * What a gap says. On the trained family in shared/data related tensors have 0 to 4.7
 * steps, unrelated ones 9.9 and more; a delta costs about its steps and 2 bits, and a
 * BF16 tensor alone 10.6.
 */
enum gap_class {
	GAP_CLOSE,   /* of one family: no need to look further */
	GAP_NEAR,    /* worth a trial; a better base may exist */
	GAP_UNKNOWN, /* only a trial can tell */
	GAP_FAR      /* not worth a trial */
};

enum gap_class sketch_gap_class(enum dtype dtype, const struct sketch_gap *gap);

#endif
