/* NumPy arrays for tests, byte by byte: no test depends on there being a NumPy. */
#ifndef ZLLM_TESTS_NPY_FILE_H
#define ZLLM_TESTS_NPY_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "codec/common/buf.h"

struct npy_text {
	int major, minor;
	const char *dict;
};

/* Appends a header and `size` bytes of values, which differ by place. */
static inline void add_npy(struct buf *out, const struct npy_text *text, size_t size)
{
	buf_add_str(out, "\x93NUMPY");
	buf_add_u8(out, (uint8_t)text->major);
	buf_add_u8(out, (uint8_t)text->minor);
	if (text->major == 1)
		buf_add_u16(out, (uint16_t)strlen(text->dict));
	else
		buf_add_u32(out, (uint32_t)strlen(text->dict));
	buf_add_str(out, text->dict);
	for (size_t i = 0; i < size; i++)
		buf_add_u8(out, (uint8_t)(i * 31 + i / 256));
}

#endif
