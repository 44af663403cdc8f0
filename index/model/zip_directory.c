#include "index/model/zip_directory.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/checked.h"
#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "index/work/file_range.h"

enum {
	NOT_VALID = 1, /* this file's other answer */
	END_SIZE = 22,
	LOCATOR_SIZE = 20,
	END64_SIZE = 56,
	END64_REST = 44, /* what its size field says */
	ENTRY_SIZE = 46,
	HEADER_SIZE = 30,
	EXTRA_64 = 1 /* the extra field with 64-bit sizes */
};

#define HEADER_MAGIC UINT32_C(0x04034b50)
#define ENTRY_MAGIC UINT32_C(0x02014b50)
#define END_MAGIC UINT32_C(0x06054b50)
#define LOCATOR_MAGIC UINT32_C(0x07064b50)
#define END64_MAGIC UINT32_C(0x06064b50)

enum {
	FLAG_LEVEL = 0x06, /* how well it was compressed */
	FLAG_DESCRIPTOR = 0x08,
	FLAG_UTF8 = 0x800,
	FLAGS_KNOWN = FLAG_LEVEL | FLAG_DESCRIPTOR | FLAG_UTF8
};

void zip_directory_wipe(struct zip_directory *d)
{
	free(d->list);
	free(d->bytes);
	*d = (struct zip_directory)ZIP_DIRECTORY_INIT;
}

bool zip_directory_sniff(const uint8_t start[ZIP_START])
{
	return memcmp(start, "PK\3\4", ZIP_START) == 0;
}

/* ------------------------------------------------------------- end records */

/* What the end records say. */
struct end {
	uint64_t count;
	uint64_t size, at; /* of the directory, bytes */
	uint64_t end;      /* where it has to end */
};

/* Whether an old field of 32 or 16 bits leaves the value to the 64-bit one, or agrees
 * with it. */
static bool agrees(uint64_t old, uint64_t limit, uint64_t value)
{
	return old == limit || old == value;
}

static bool read_end(const uint8_t *bytes, struct end *e)
{
	struct cursor c = cursor_over(bytes, END_SIZE);

	if (cursor_u32(&c) != END_MAGIC || cursor_u32(&c) != 0)
		return false; /* the latter: of more than one disk */
	uint16_t here = cursor_u16(&c);
	e->count = cursor_u16(&c);
	e->size = cursor_u32(&c);
	e->at = cursor_u32(&c);
	return here == e->count && !cursor_u16(&c); /* no comment */
}

/* Reads the 64-bit end record that the locator points to; `e` has what the old one says. */
static bool read_end64(const uint8_t *locator, const uint8_t *bytes, uint64_t at,
                       struct end *e)
{
	struct cursor l = cursor_over(locator, LOCATOR_SIZE);
	struct cursor c = cursor_over(bytes, END64_SIZE);
	struct end old = *e;

	if (cursor_u32(&l) != LOCATOR_MAGIC || cursor_u32(&l) || cursor_u64(&l) != at ||
	    cursor_u32(&l) > 1)
		return false;
	if (cursor_u32(&c) != END64_MAGIC || cursor_u64(&c) != END64_REST)
		return false;
	cursor_take(&c, 4);      /* versions */
	if (cursor_u64(&c) != 0) /* disks */
		return false;
	uint64_t here = cursor_u64(&c);
	e->count = cursor_u64(&c);
	e->size = cursor_u64(&c);
	e->at = cursor_u64(&c);
	e->end = at;
	return here == e->count && agrees(old.count, UINT16_MAX, e->count) &&
	       agrees(old.size, UINT32_MAX, e->size) && agrees(old.at, UINT32_MAX, e->at);
}

static bool has_locator(const uint8_t *bytes)
{
	struct cursor c = cursor_over(bytes, LOCATOR_SIZE);

	return cursor_u32(&c) == LOCATOR_MAGIC;
}

static int find_directory(int fd, uint64_t size, struct end *e, struct err *err)
{
	uint8_t tail[END64_SIZE + LOCATOR_SIZE + END_SIZE];
	size_t n = size < sizeof(tail) ? (size_t)size : sizeof(tail);
	uint64_t sum;

	if (n < END_SIZE)
		return NOT_VALID;
	int rc = file_range_read(fd, size - n, tail + sizeof(tail) - n, n, err);
	if (rc)
		return rc;
	const uint8_t *end = tail + END64_SIZE + LOCATOR_SIZE;
	if (!read_end(end, e))
		return NOT_VALID;
	e->end = size - END_SIZE;
	if (n == sizeof(tail) && has_locator(tail + END64_SIZE) &&
	    (e->count == UINT16_MAX || e->size == UINT32_MAX || e->at == UINT32_MAX) &&
	    !read_end64(tail + END64_SIZE, tail, size - n, e))
		return NOT_VALID;
	if (checked_add(e->at, e->size, &sum) || sum != e->end ||
	    e->size > ZIP_DIRECTORY_MAX || e->count > e->size / ENTRY_SIZE)
		return NOT_VALID;
	return 0;
}

/* ------------------------------------------------------------------ entries */

/* Sizes and place of a member, with 64 bits where the old fields are full. */
struct sizes {
	uint64_t raw, stored, at;
};

/* Finds the extra field EXTRA_64; false where there is none. */
static bool find_extra(struct cursor extra, struct cursor *out)
{
	while (extra.left >= 4) {
		unsigned id = cursor_u16(&extra);
		size_t n = cursor_u16(&extra);
		const uint8_t *bytes = cursor_take(&extra, n);
		if (!cursor_ok(&extra))
			return false;
		if (id == EXTRA_64) {
			*out = cursor_over(bytes, n);
			return true;
		}
	}
	return false;
}

/* Replaces what is full by what the extra field has of it. */
static bool widen(struct sizes *s, struct cursor extra)
{
	uint64_t *const fields[] = { &s->raw, &s->stored, &s->at };
	struct cursor wide;

	if (s->raw != UINT32_MAX && s->stored != UINT32_MAX && s->at != UINT32_MAX)
		return true;
	if (!find_extra(extra, &wide))
		return false;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (*fields[i] == UINT32_MAX)
			*fields[i] = cursor_u64(&wide);
	return cursor_ok(&wide);
}

/* Reads the next entry of the directory. */
static bool read_entry(struct cursor *c, struct zip_member *m)
{
	struct sizes s;

	if (cursor_u32(c) != ENTRY_MAGIC)
		return false;
	cursor_take(c, 4); /* versions */
	m->flags = cursor_u16(c);
	m->method = cursor_u16(c);
	cursor_take(c, 4); /* date */
	m->crc = cursor_u32(c);
	s.stored = cursor_u32(c);
	s.raw = cursor_u32(c);
	m->name_size = cursor_u16(c);
	size_t extra_size = cursor_u16(c), comment_size = cursor_u16(c);
	bool one_disk = cursor_u16(c) == 0;
	cursor_take(c, 6); /* attributes */
	s.at = cursor_u32(c);
	m->name = cursor_take(c, m->name_size);
	const uint8_t *extra = cursor_take(c, extra_size);
	cursor_take(c, comment_size);
	if (!cursor_ok(c) || !one_disk || m->flags & ~FLAGS_KNOWN ||
	    !widen(&s, cursor_over(extra, extra_size)))
		return false;
	m->header_at = s.at;
	m->size = s.stored;
	m->stored = m->method == 0;
	return !m->stored || s.raw == s.stored;
}

static int by_place(const void *a, const void *b)
{
	const struct zip_member *x = a, *y = b;

	return (x->header_at > y->header_at) - (x->header_at < y->header_at);
}

/* Sorts the members, and bounds each by what comes after it. */
static bool order_members(struct zip_directory *d, uint64_t directory_at)
{
	if (d->count)
		qsort(d->list, d->count, sizeof(d->list[0]), by_place);
	for (size_t i = 0; i < d->count; i++) {
		struct zip_member *m = &d->list[i];
		m->end = i + 1 < d->count ? m[1].header_at : directory_at;
		if (m->end <= m->header_at || m->end - m->header_at < HEADER_SIZE)
			return false;
	}
	return true;
}

static bool read_entries(struct zip_directory *d, const struct end *e)
{
	struct cursor c = cursor_over(d->bytes, (size_t)e->size);

	for (d->count = 0; d->count < e->count; d->count++)
		if (!read_entry(&c, &d->list[d->count]))
			return false;
	return c.left == 0 && order_members(d, e->at);
}

int zip_directory_read(int fd, uint64_t size, struct zip_directory *out, struct err *err)
{
	struct zip_directory d = ZIP_DIRECTORY_INIT;
	struct end e;
	int rc = find_directory(fd, size, &e, err);

	if (rc)
		return rc;
	d.bytes = malloc((size_t)e.size + 1);
	d.list = calloc((size_t)e.count + 1, sizeof(*d.list));
	rc = d.bytes && d.list ? file_range_read(fd, e.at, d.bytes, (size_t)e.size, err)
	                       : err_nomem(err, "the directory of an archive");
	if (!rc && !read_entries(&d, &e))
		rc = NOT_VALID;
	if (rc)
		zip_directory_wipe(&d);
	else
		*out = d;
	return rc;
}

/* -------------------------------------------------------- a member's header */

/* Whether a header says what the directory says. Where a descriptor behind the data has
 * sum and sizes, the header need not know them. */
static bool header_agrees(struct cursor *c, const struct zip_member *m)
{
	struct sizes s = { .at = 0 };

	if (cursor_u32(c) != HEADER_MAGIC)
		return false;
	cursor_take(c, 2); /* version */
	bool same = cursor_u16(c) == m->flags && cursor_u16(c) == m->method;
	cursor_take(c, 4); /* date */
	uint32_t crc = cursor_u32(c);
	s.stored = cursor_u32(c);
	s.raw = cursor_u32(c);
	same = same && cursor_u16(c) == m->name_size;
	size_t extra_size = cursor_u16(c);
	const uint8_t *name = cursor_take(c, m->name_size);
	const uint8_t *extra = cursor_take(c, extra_size);
	if (!same || !cursor_ok(c) || memcmp(name, m->name, m->name_size) != 0)
		return false;
	if (m->flags & FLAG_DESCRIPTOR)
		return true;
	return crc == m->crc && widen(&s, cursor_over(extra, extra_size)) &&
	       s.stored == m->size;
}

int zip_directory_open(int fd, struct zip_member *m, struct err *err)
{
	uint64_t most = m->end - m->header_at, head = HEADER_SIZE + m->name_size;
	uint8_t fixed[HEADER_SIZE];
	int rc = file_range_read(fd, m->header_at, fixed, sizeof(fixed), err);

	if (rc)
		return rc;
	struct cursor c = cursor_over(fixed + HEADER_SIZE - 2, 2);
	uint64_t n = head + cursor_u16(&c);
	if (n > most || m->size > most - n)
		return NOT_VALID;
	uint8_t *bytes = malloc((size_t)n);
	if (!bytes)
		return err_nomem(err, "the header of a member");
	rc = file_range_read(fd, m->header_at, bytes, (size_t)n, err);
	c = cursor_over(bytes, (size_t)n);
	if (!rc && !header_agrees(&c, m))
		rc = NOT_VALID;
	free(bytes);
	if (!rc)
		m->data_at = m->header_at + n;
	return rc;
}
