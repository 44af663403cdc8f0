/*
 * A bounded reader over bytes from outside. Every take checks what is left;
 * after the first that does not fit, the cursor is `bad`, all later takes give
 * zeros, and one test of cursor_ok() at the end of a group of takes suffices.
 */
#ifndef ZLLM_CURSOR_H
#define ZLLM_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "codec/common/le.h"

struct cursor {
	const uint8_t *at;
	size_t left; /* bytes */
	bool bad;
};

static inline struct cursor cursor_over(const void *bytes, size_t size)
{
	return (struct cursor){ bytes, size, false };
}

static inline bool cursor_ok(const struct cursor *c)
{
	return !c->bad;
}

/* A pointer to the next `n` bytes, or NULL (and the cursor is bad). */
static inline const uint8_t *cursor_take(struct cursor *c, uint64_t n)
{
	if (c->bad || n > c->left) {
		c->bad = true;
		return NULL;
	}
	const uint8_t *p = c->at;
	c->at += n;
	c->left -= (size_t)n;
	return p;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);
	return p ? *p : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);
	return p ? le16_load(p) : (uint16_t)0;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 4);
	return p ? le32_load(p) : 0;
}

static inline uint64_t cursor_u64(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 8);
	return p ? le64_load(p) : 0;
}

static inline void cursor_copy(struct cursor *c, void *dst, size_t n)
{
	const uint8_t *p = cursor_take(c, n);
	if (p)
		memcpy(dst, p, n);
	else
		memset(dst, 0, n);
}

#endif
