#include "codec/common/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/le.h"

void buf_wipe(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

bool buf_reserve(struct buf *b, size_t more)
{
	if (b->failed)
		return false;
	if (b->cap - b->size >= more)
		return true;
	if (more > SIZE_MAX / 2 - b->size) {
		b->failed = true;
		return false;
	}
	size_t cap = b->cap ? b->cap : 64;
	while (cap - b->size < more)
		cap *= 2;
	uint8_t *data = realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
	if (!n || !buf_reserve(b, n))
		return;
	memcpy(b->data + b->size, bytes, n);
	b->size += n;
}

void buf_add_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, 1);
}

void buf_add_u16(struct buf *b, uint16_t v)
{
	uint8_t bytes[2];
	le16_store(bytes, v);
	buf_add(b, bytes, sizeof(bytes));
}

void buf_add_u32(struct buf *b, uint32_t v)
{
	uint8_t bytes[4];
	le32_store(bytes, v);
	buf_add(b, bytes, sizeof(bytes));
}

void buf_add_u64(struct buf *b, uint64_t v)
{
	uint8_t bytes[8];
	le64_store(bytes, v);
	buf_add(b, bytes, sizeof(bytes));
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !buf_reserve(b, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->size, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->size += (size_t)n;
}

const char *buf_text(struct buf *b)
{
	if (!buf_reserve(b, 1))
		return "";
	b->data[b->size] = 0;
	return (const char *)b->data;
}
