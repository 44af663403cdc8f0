/*
 * The tensors that a format finds in a file, in the order in which they lie there, and the
 * extents that they make of it: what lies in front of a tensor is its header, and what
 * lies behind the last one a gap. So few bytes cannot make many extents.
 *
 * Where the extents too small for a record of their own are more than a manifest takes
 * (EXTENT_INLINE_TOTAL bytes), small tensors are left in the headers: hundreds of
 * thousands of tiny records would take more than they save.
 */
#ifndef ZLLM_TENSOR_LIST_H
#define ZLLM_TENSOR_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"
#include "index/model/model_format.h"

struct err;
struct extent;
struct extents;

struct tensor_list {
	struct buf extents; /* of struct extent; names and dims are put in at the end */
	struct buf names;   /* with a NUL each */
	struct buf dims;    /* 8 bytes each, as the machine has them */
	uint64_t end;       /* of the last tensor, bytes of the file */
	uint64_t small;     /* bytes of extents smaller than EXTENT_INLINE_TENSOR */
};

#define TENSOR_LIST_INIT                           \
	{                                          \
		BUF_INIT, BUF_INIT, BUF_INIT, 0, 0 \
	}

void tensor_list_wipe(struct tensor_list *l);

/* Adds the tensor `x`: offset, size, name, dtype and dims; name and dims are copied. 0,
 * or 1 where it does not lie behind the one before it, or has no byte in front of it
 * to name it. */
int tensor_list_add(struct tensor_list *l, const struct extent *x);

/* The extents of the file of `size` bytes, in which all tensors lie; empties the list.
 * 0, 1 where there are no tensors (left), or ERR_NOMEM. */
int tensor_list_finish(struct tensor_list *l, enum model_kind kind, uint64_t size,
                       struct extents *out, struct err *err);

#endif
