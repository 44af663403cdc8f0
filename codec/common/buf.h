/*
 * A byte string that grows. Appending never fails in the middle of a caller's
 * thought: a buf that could not grow is `failed`, stays as it was, ignores
 * later appends, and one test at the end suffices.
 */
#ifndef ZLLM_BUF_H
#define ZLLM_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data; /* owned; NULL while empty; buf_text() adds a final NUL */
	size_t size;   /* bytes in use */
	size_t cap;    /* bytes allocated */
	bool failed;   /* memory ran out */
};

#define BUF_INIT                  \
	{                         \
		NULL, 0, 0, false \
	}

/* Frees the bytes and leaves an empty buf. */
void buf_wipe(struct buf *b);

/* Makes room for `more` further bytes; false when memory ran out. */
bool buf_reserve(struct buf *b, size_t more);

void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_add_u8(struct buf *b, uint8_t v);
void buf_add_u16(struct buf *b, uint16_t v); /* little-endian, as all of these */
void buf_add_u32(struct buf *b, uint32_t v);
void buf_add_u64(struct buf *b, uint64_t v);
void buf_add_str(struct buf *b, const char *s); /* without its NUL */
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The bytes as a C string, valid until the next change of `b`; "" where
 * memory ran out. */
const char *buf_text(struct buf *b);

#endif
