/* Little-endian integers in byte strings: the only place where the byte order
 * of the machine and that of our formats meet. */
#ifndef ZLLM_LE_H
#define ZLLM_LE_H

#include <stdint.h>
#include <string.h>

static inline uint16_t le16_load(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32_load(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static inline uint64_t le64_load(const uint8_t *p)
{
	return (uint64_t)le32_load(p) | (uint64_t)le32_load(p + 4) << 32;
}

static inline void le16_store(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void le32_store(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static inline void le64_store(uint8_t *p, uint64_t v)
{
	le32_store(p, (uint32_t)v);
	le32_store(p + 4, (uint32_t)(v >> 32));
}

/* Many at once, which compilers know how to turn into vectors. */
static inline void le16_load_all(uint16_t *to, const uint8_t *from, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(to, from, 2 * n);
#else
	for (size_t i = 0; i < n; i++)
		to[i] = le16_load(from + 2 * i);
#endif
}

static inline void le32_load_all(uint32_t *to, const uint8_t *from, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(to, from, 4 * n);
#else
	for (size_t i = 0; i < n; i++)
		to[i] = le32_load(from + 4 * i);
#endif
}

static inline void le32_store_all(uint8_t *to, const uint32_t *from, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(to, from, 4 * n);
#else
	for (size_t i = 0; i < n; i++)
		le32_store(to + 4 * i, from[i]);
#endif
}

static inline void le16_store_all(uint8_t *to, const uint16_t *from, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(to, from, 2 * n);
#else
	for (size_t i = 0; i < n; i++)
		le16_store(to + 2 * i, from[i]);
#endif
}

#endif
