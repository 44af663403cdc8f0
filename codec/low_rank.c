/*
 * As parameters:
 *
 *     u64 values of a row | u8 rank | i8 scale | 6 zeros | the right factors
 */
#include "codec/low_rank.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/factors.h"

enum { FIXED_SIZE = 16, RESERVED_SIZE = 6 };

static size_t right_count(unsigned rank, size_t row)
{
	return (rank + 1) / 2 * row * 2;
}

/* Where component `k` begins; its factors stand at every second place. */
static int16_t *component(const struct low_rank *l, unsigned k)
{
	return l->right + k / 2 * l->row * 2 + k % 2;
}

static int allocate(unsigned rank, size_t row, int scale, struct low_rank **out,
                    struct err *err)
{
	struct low_rank *l = calloc(1, sizeof(*l));

	if (l)
		l->right = calloc(right_count(rank, row), sizeof(*l->right));
	if (!l || !l->right) {
		free(l);
		return err_nomem(err, "a low-rank product");
	}
	l->rank = rank;
	l->row = row;
	l->scale = scale;
	*out = l;
	return 0;
}

int low_rank_new(const struct low_rank_factors *from, struct low_rank **out,
                 struct err *err)
{
	struct low_rank *l;
	int rc = allocate(from->rank, from->row, from->scale, &l, err);

	if (rc)
		return rc;
	for (unsigned k = 0; k < from->rank; k++) {
		for (size_t i = 0; i < from->row; i++) {
			int32_t v = from->right[k * from->row + i];
			uint32_t size = (uint32_t)(v < 0 ? -v : v);
			component(l, k)[2 * i] = (int16_t)v;
			if (size > l->greatest[k])
				l->greatest[k] = size;
		}
	}
	*out = l;
	return 0;
}

int low_rank_copy(const struct low_rank *l, struct low_rank **out, struct err *err)
{
	int rc = allocate(l->rank, l->row, l->scale, out, err);

	if (rc)
		return rc;
	memcpy((*out)->right, l->right, right_count(l->rank, l->row) * sizeof(*l->right));
	memcpy((*out)->greatest, l->greatest, sizeof(l->greatest));
	return 0;
}

void low_rank_free(struct low_rank *l)
{
	if (!l)
		return;
	free(l->right);
	free(l->solver);
	free(l);
}

bool low_rank_takes(enum dtype dtype)
{
	return dtype == DTYPE_BF16 || dtype == DTYPE_F16 || dtype == DTYPE_F32;
}

size_t low_rank_frame_bytes(const struct low_rank *l, enum dtype dtype, size_t most)
{
	size_t row = l->row * dtype_unit(dtype);

	return most / row * row;
}

const char *low_rank_fault(const struct low_rank *l, enum dtype dtype, uint64_t size,
                           size_t frame)
{
	size_t row = l->row * dtype_unit(dtype);

	if (!low_rank_takes(dtype))
		return "its dtype allows no low-rank product";
	if (size == 0 || size % row != 0 || frame % row != 0)
		return "its size or its frames are not whole rows";
	if (frame / dtype_unit(dtype) > LOW_RANK_ROW_MAX)
		return "its frames are too large for a low-rank product";
	return NULL;
}

/* ---------------------------------------------------------------- as parameters */

static size_t factor_bytes(const struct low_rank *l)
{
	size_t bits = 0;

	for (unsigned k = 0; k < l->rank; k++)
		bits += factors_bits(component(l, k), l->row, 2);
	return (bits + 7) / 8;
}

uint32_t low_rank_size(const struct low_rank *l)
{
	return (uint32_t)(FIXED_SIZE + factor_bytes(l));
}

void low_rank_format(const struct low_rank *l, struct buf *out)
{
	static const uint8_t reserved[RESERVED_SIZE];
	size_t n = factor_bytes(l);

	buf_add_u64(out, l->row);
	buf_add_u8(out, (uint8_t)l->rank);
	buf_add_u8(out, (uint8_t)(int8_t)l->scale);
	buf_add(out, reserved, sizeof(reserved));
	if (!buf_reserve(out, n))
		return;
	struct bits_writer to = { .at = out->data + out->size,
		                  .end = out->data + out->size + n };
	for (unsigned k = 0; k < l->rank; k++)
		factors_put(&to, component(l, k), l->row, 2);
	bits_finish(&to);
	out->size += n;
}

static int damaged(struct err *err, const char *what)
{
	return err_set(err, ERR_DAMAGED, "damaged record: %s", what);
}

static int parse_factors(const uint8_t *bytes, size_t n, struct low_rank *l,
                         struct err *err)
{
	struct bits_reader from = { .at = bytes, .end = bytes + n };

	for (unsigned k = 0; k < l->rank; k++)
		l->greatest[k] = factors_get(&from, component(l, k), l->row, 2);
	if (from.bad || from.at != from.end)
		return damaged(err, "its low-rank product is cut short or too long");
	return 0;
}

int low_rank_parse(const uint8_t *bytes, size_t n, struct low_rank **out, struct err *err)
{
	static const uint8_t zeros[RESERVED_SIZE];
	struct cursor c = cursor_over(bytes, n);
	uint8_t reserved[RESERVED_SIZE];
	struct low_rank *l;

	uint64_t row = cursor_u64(&c);
	unsigned rank = cursor_u8(&c);
	int scale = (int8_t)cursor_u8(&c);
	cursor_copy(&c, reserved, RESERVED_SIZE);
	if (!cursor_ok(&c) || row == 0 || row > LOW_RANK_ROW_MAX || rank == 0 ||
	    rank > LOW_RANK_MAX || rank > row || scale < LOW_RANK_SCALE_MIN ||
	    scale > LOW_RANK_SCALE_MAX)
		return damaged(err, "its low-rank product is impossible");
	if (memcmp(reserved, zeros, RESERVED_SIZE) != 0)
		return err_set(err, ERR_FORMAT,
		               "the record's low-rank product uses reserved bytes; "
		               "upgrade git-zllm");
	int rc = allocate(rank, (size_t)row, scale, &l, err);
	if (rc)
		return rc;
	rc = parse_factors(c.at, c.left, l, err);
	if (rc) {
		low_rank_free(l);
		return rc;
	}
	*out = l;
	return 0;
}
