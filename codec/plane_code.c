#include "codec/plane_code.h"

#include <string.h>

#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/common/le.h"
#include "codec/frame_scratch.h"
#include "codec/planes.h"
#include "codec/zstd_box.h"

/* How a plane is stored; a decoder refuses any other number. */
enum plane_kind { PLANE_RAW = 0, PLANE_ZSTD = 1, PLANE_CONSTANT = 2 };

enum { PLANE_HEAD = 5 }; /* bytes of a plane's kind and stored size */

/* The encoder's end: where it writes, and with what. */
struct packer {
	struct zstd_box *zstd;
	int level;
	uint8_t *at;
	size_t left; /* bytes from `at` on */
};

static bool is_constant(const uint8_t *plane, size_t n)
{
	return n > 0 && memcmp(plane, plane + 1, n - 1) == 0;
}

/* Packs one plane. False when what is left does not hold it. */
static bool pack_plane(struct packer *to, const uint8_t *plane, size_t n)
{
	if (to->left <= PLANE_HEAD)
		return false;
	uint8_t *body = to->at + PLANE_HEAD;
	size_t room = to->left - PLANE_HEAD;
	enum plane_kind kind = PLANE_RAW;
	size_t stored = n;

	if (is_constant(plane, n)) {
		kind = PLANE_CONSTANT;
		stored = 1;
		body[0] = plane[0];
	} else if (n > 0) {
		size_t cap = room < n ? room : n - 1;
		size_t made = zstd_box_encode(to->zstd, to->level, plane, n, body, cap);
		if (!made && room < n)
			return false;
		if (!made)
			memcpy(body, plane, n);
		kind = made ? PLANE_ZSTD : PLANE_RAW;
		stored = made ? made : n;
	}
	to->at[0] = (uint8_t)kind;
	le32_store(to->at + 1, (uint32_t)stored);
	to->at += PLANE_HEAD + stored;
	to->left = room - stored;
	return true;
}

size_t plane_code_encode(const struct planes *p, struct frame_scratch *scratch, int level,
                         uint8_t *dst, size_t cap)
{
	struct packer to = { scratch->zstd, level, dst, cap };
	const uint8_t *plane = scratch->planes;

	for (unsigned k = 0; k < p->width; k++, plane += p->count)
		if (!pack_plane(&to, plane, p->count))
			return 0;
	if (to.left < p->tail)
		return 0;
	memcpy(to.at, plane, p->tail);
	return cap - to.left + p->tail;
}

/* Restores the `n` bytes of one plane. */
static bool unpack_plane(struct cursor *from, struct zstd_box *zstd, uint8_t *plane,
                         size_t n)
{
	uint8_t kind = cursor_u8(from);
	uint32_t stored = cursor_u32(from);
	const uint8_t *body = cursor_take(from, stored);

	if (!body)
		return false;
	switch (kind) {
	case PLANE_RAW:
		if (stored != n)
			return false;
		memcpy(plane, body, n);
		return true;
	case PLANE_ZSTD:
		return zstd_box_decode(zstd, body, stored, plane, n);
	case PLANE_CONSTANT:
		if (stored != 1)
			return false;
		memset(plane, body[0], n);
		return true;
	default:
		return false;
	}
}

int plane_code_decode(const struct planes *p, struct frame_scratch *scratch,
                      const uint8_t *src, size_t n, struct err *err)
{
	struct cursor from = cursor_over(src, n);
	uint8_t *plane = scratch->planes;

	for (unsigned k = 0; k < p->width; k++, plane += p->count)
		if (!unpack_plane(&from, scratch->zstd, plane, p->count))
			return err_set(err, ERR_DAMAGED, "byte plane %u is damaged", k);
	cursor_copy(&from, plane, p->tail);
	if (!cursor_ok(&from) || from.left > 0)
		return err_set(err, ERR_DAMAGED,
		               "byte planes do not end where their frame ends");
	return 0;
}
