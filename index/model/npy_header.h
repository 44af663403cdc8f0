/*
 * The header of a NumPy array (.npy, versions 1.0 to 3.0), read strictly: the magic, a
 * length, and the text of a Python dict with exactly the keys 'descr', 'fortran_order'
 * and 'shape', in any order, and then only white space. Source: NumPy's document of the
 * format (NEP 1) and numpy/lib/format.py.
 *
 * The values are those of a fixed size: bool, integers, floats, complex numbers, strings
 * and void. What we have no dtype for, big-endian ones too, counts as bytes, but for the
 * void of 2 bytes: that is how NumPy writes what other libraries call bfloat16. Not taken
 * are Python objects, dates, and arrays of fields.
 */
#ifndef ZLLM_NPY_HEADER_H
#define ZLLM_NPY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/dtype.h"
#include "index/model/extent.h"

enum {
	NPY_START = 12,        /* bytes by which the header's length can be told */
	NPY_HEADER_MAX = 65536 /* bytes; NumPy itself stops at about 10 000 */
};

struct npy_header {
	uint64_t data_size; /* bytes that the values take */
	enum dtype dtype;

	/* Outermost first as the bytes lie, which is the reverse of NumPy's shape in
	 * Fortran's order. None where there are more than TENSOR_DIMS_MAX. */
	unsigned dim_count;
	uint64_t dims[TENSOR_DIMS_MAX];
};

/* Bytes of the header whose first NPY_START these are, NPY_START to NPY_HEADER_MAX; 0
 * where it is not one that we read. */
size_t npy_header_size(const uint8_t start[NPY_START]);

/* Reads the header of `n` bytes, which npy_header_size() gave. False where it is not
 * valid, or not one that we read. */
bool npy_header_parse(const uint8_t *bytes, size_t n, struct npy_header *out);

#endif
