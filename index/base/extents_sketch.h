/* The sketches of a file's tensors (model/tensor_sketch.h). */
#ifndef ZLLM_EXTENTS_SKETCH_H
#define ZLLM_EXTENTS_SKETCH_H

struct err;
struct extents;
struct transfer;

/* Fills the sketch of each tensor of the file `fd` that is not inline: a few KiB of it are
 * read. 0; or ERR_IO, ERR_MISMATCH when the file ends early, ERR_NOMEM. */
int extents_sketch(const struct transfer *t, int fd, struct extents *x, struct err *err);

#endif
