/*
 * The element types of tensors, under the names safetensors gives them. The
 * numbers are stored in records and manifests and never change.
 */
#ifndef ZLLM_DTYPE_H
#define ZLLM_DTYPE_H

#include <stddef.h>
#include <stdint.h>

enum dtype {
	DTYPE_BYTES = 0, /* no element type: files, headers, unknown dtypes */
	DTYPE_BOOL = 1,
	DTYPE_U8 = 2,
	DTYPE_I8 = 3,
	DTYPE_U16 = 4,
	DTYPE_I16 = 5,
	DTYPE_U32 = 6,
	DTYPE_I32 = 7,
	DTYPE_U64 = 8,
	DTYPE_I64 = 9,
	DTYPE_F16 = 10,
	DTYPE_BF16 = 11,
	DTYPE_F32 = 12,
	DTYPE_F64 = 13,
	DTYPE_F8_E4M3 = 14,
	DTYPE_F8_E5M2 = 15,
	DTYPE_F8_E8M0 = 16,
	DTYPE_C64 = 17,
	DTYPE_F4 = 18,      /* sub-byte: two values a byte */
	DTYPE_F6_E2M3 = 19, /* sub-byte: four values in three bytes */
	DTYPE_F6_E3M2 = 20,
	DTYPE_F8_E4M3FNUZ = 21,
	DTYPE_F8_E5M2FNUZ = 22,
	DTYPE_COUNT = 23
};

/* safetensors' spelling ("BF16"), or "BYTES"; NULL for a number out of range. */
const char *dtype_name(unsigned dtype);

/* The dtype of that spelling (`n` bytes, no NUL needed), or -1 when unknown. */
int dtype_from_name(const char *name, size_t n);

/* Bits of one element; 8 for DTYPE_BYTES. */
unsigned dtype_bits(enum dtype dtype);

/* Bytes of the unit that codecs work in: the element's size, or 1 for bytes and
 * sub-byte types. */
unsigned dtype_unit(enum dtype dtype);

#endif
