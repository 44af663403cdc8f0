/* Zip archives for tests, byte by byte, right and wrong in every way that is asked for. */
#ifndef ZLLM_TESTS_ZIP_FILE_H
#define ZLLM_TESTS_ZIP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "codec/common/buf.h"

struct zip_part {
	const char *name;
	struct buf data;   /* as it stands in the archive */
	unsigned flags;    /* 8: sizes stand in a descriptor behind the data */
	unsigned method;   /* 0: stored */
	bool wide;         /* 64-bit sizes in its own header, as NumPy writes it */
	bool wide_entry;   /* and in the directory */
	unsigned padding;  /* bytes of an extra field in its own header */
	unsigned in_front; /* bytes that belong to nothing, before the member */
};

/* Where things lie in an archive that was made. */
struct zip_places {
	size_t headers[8], data[8], entries[8]; /* of each part */
	size_t directory, end64, end;
};

static inline void add_zeros(struct buf *b, size_t n)
{
	while (n--)
		buf_add_u8(b, 0);
}

static inline void add_wide(struct buf *b, uint64_t size)
{
	buf_add_u16(b, 1);
	buf_add_u16(b, 16);
	buf_add_u64(b, size);
	buf_add_u64(b, size);
}

static inline void add_member(struct buf *b, const struct zip_part *p)
{
	bool later = p->flags & 8;
	uint32_t size = p->wide ? UINT32_MAX : later ? 0 : (uint32_t)p->data.size;

	buf_add_u32(b, 0x04034b50);
	buf_add_u16(b, p->wide ? 45 : 20);
	buf_add_u16(b, (uint16_t)p->flags);
	buf_add_u16(b, (uint16_t)p->method);
	buf_add_u32(b, 0x00210000); /* date */
	buf_add_u32(b, later ? 0 : 0x12345678);
	buf_add_u32(b, size);
	buf_add_u32(b, size);
	buf_add_u16(b, (uint16_t)strlen(p->name));
	buf_add_u16(b, (uint16_t)((p->wide ? 20 : 0) + p->padding));
	buf_add_str(b, p->name);
	if (p->wide)
		add_wide(b, later ? 0 : p->data.size);
	add_zeros(b, p->padding);
	buf_add(b, p->data.data, p->data.size);
	if (!later)
		return;
	buf_add_u32(b, 0x08074b50);
	buf_add_u32(b, 0x12345678);
	buf_add_u32(b, (uint32_t)p->data.size);
	buf_add_u32(b, (uint32_t)p->data.size);
}

static inline void add_entry(struct buf *b, const struct zip_part *p, size_t at)
{
	uint32_t size = p->wide_entry ? UINT32_MAX : (uint32_t)p->data.size;

	buf_add_u32(b, 0x02014b50);
	buf_add_u16(b, 0x032d);
	buf_add_u16(b, p->wide ? 45 : 20);
	buf_add_u16(b, (uint16_t)p->flags);
	buf_add_u16(b, (uint16_t)p->method);
	buf_add_u32(b, 0x00210000);
	buf_add_u32(b, 0x12345678);
	buf_add_u32(b, size);
	buf_add_u32(b, size);
	buf_add_u16(b, (uint16_t)strlen(p->name));
	buf_add_u16(b, p->wide_entry ? 28 : 0);
	buf_add_u16(b, 0); /* comment */
	buf_add_u16(b, 0); /* disk */
	buf_add_u16(b, 0);
	buf_add_u32(b, 0);
	buf_add_u32(b, p->wide_entry ? UINT32_MAX : (uint32_t)at);
	buf_add_str(b, p->name);
	if (!p->wide_entry)
		return;
	buf_add_u16(b, 1);
	buf_add_u16(b, 24);
	buf_add_u64(b, p->data.size);
	buf_add_u64(b, p->data.size);
	buf_add_u64(b, at);
}

static inline void add_end64(struct buf *b, size_t count, size_t directory, size_t end)
{
	buf_add_u32(b, 0x06064b50);
	buf_add_u64(b, 44);
	buf_add_u16(b, 45);
	buf_add_u16(b, 45);
	buf_add_u32(b, 0);
	buf_add_u32(b, 0);
	buf_add_u64(b, count);
	buf_add_u64(b, count);
	buf_add_u64(b, end - directory);
	buf_add_u64(b, directory);
	buf_add_u32(b, 0x07064b50);
	buf_add_u32(b, 0);
	buf_add_u64(b, end);
	buf_add_u32(b, 1);
}

/* Appends an archive of at most 8 parts to the empty `b`; `wide`: its end has 64 bits. */
static inline struct zip_places add_zip(struct buf *b, const struct zip_part *parts,
                                        size_t count, bool wide)
{
	struct zip_places at = { .end64 = 0 };

	for (size_t i = 0; i < count; i++) {
		add_zeros(b, parts[i].in_front);
		at.headers[i] = b->size;
		at.data[i] = b->size + 30 + strlen(parts[i].name) +
		             (parts[i].wide ? 20 : 0) + parts[i].padding;
		add_member(b, &parts[i]);
	}
	at.directory = b->size;
	for (size_t i = 0; i < count; i++) {
		at.entries[i] = b->size;
		add_entry(b, &parts[i], at.headers[i]);
	}
	at.end64 = b->size;
	if (wide)
		add_end64(b, count, at.directory, at.end64);
	at.end = b->size;
	buf_add_u32(b, 0x06054b50);
	buf_add_u32(b, 0); /* disks */
	buf_add_u16(b, wide ? UINT16_MAX : (uint16_t)count);
	buf_add_u16(b, wide ? UINT16_MAX : (uint16_t)count);
	buf_add_u32(b, wide ? UINT32_MAX : (uint32_t)(at.end64 - at.directory));
	buf_add_u32(b, wide ? UINT32_MAX : (uint32_t)at.directory);
	buf_add_u16(b, 0);
	return at;
}

#endif
