/*
 * A frame with a low-rank product there and back. The first bytes choose dtype, shape,
 * rank and scale; the rest, repeated, is the right factors, the frame and its base.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec_table.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "codec/frame_scratch.h"
#include "codec/low_rank.h"
#include "codec/low_rank_frame.h"
#include "codec/low_rank_matrix.h"
#include "codec/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHOICES = 5 };

static void require(int holds)
{
	if (!holds)
		abort();
}

/* `n` bytes of the input, from wherever the last ones ended, round and round. */
static void *take(const uint8_t *data, size_t size, size_t *at, size_t n)
{
	uint8_t *out = malloc(n + 1);

	require(out != NULL);
	for (size_t i = 0; i < n; i++, (*at)++)
		out[i] = data[*at % size];
	return out;
}

/* As parameters, and back. */
static struct low_rank *product(unsigned rank, size_t row, int scale,
                                const int16_t *right)
{
	struct low_rank *made, *back;
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	require(low_rank_new(&(struct low_rank_factors){ rank, row, scale, right }, &made,
	                     &err) == 0);
	low_rank_format(made, &b);
	require(b.size == low_rank_size(made));
	require(low_rank_parse(b.data, b.size, &back, &err) == 0);
	require(memcmp(back->greatest, made->greatest, sizeof(made->greatest)) == 0);
	require(low_rank_solve(back, &err) == 0);
	low_rank_free(made);
	buf_wipe(&b);
	return back;
}

static void round_trip(enum dtype dtype, const struct low_rank *l, const uint8_t *src,
                       const uint8_t *base, size_t size)
{
	struct frame_job f = { .codec = codec_by_id(CODEC_ULP),
		               .dtype = dtype,
		               .base = base,
		               .size = size,
		               .low_rank = l };
	struct err err = ERR_INIT;
	struct frame_out out;
	uint8_t *stored = malloc(size), *back = malloc(size);

	require(stored && back && frame_scratch_new(&f.scratch, &err) == 0);
	require(frame_encode(&f, src, stored, &out, &err) == 0);
	uint8_t *exact = malloc(out.stored + 1);
	require(exact != NULL);
	memcpy(exact, stored, out.stored);
	require(frame_decode(&f, &out, exact, back, &err) == 0);
	require(memcmp(back, src, size) == 0);
	frame_scratch_free(f.scratch);
	free(stored);
	free(back);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dtype dtypes[] = { DTYPE_BF16, DTYPE_F16, DTYPE_F32 };
	size_t at = 0;

	if (size < CHOICES + 1)
		return 0;
	enum dtype dtype = dtypes[data[0] % 3];
	size_t row = data[1] + 1u, rows = data[2] % 64 + 1u;
	unsigned rank = (unsigned)(data[3] % (row < LOW_RANK_MAX ? row : LOW_RANK_MAX)) +
	                1;
	int scale = data[4] % (LOW_RANK_SCALE_MAX - LOW_RANK_SCALE_MIN + 1) +
	            LOW_RANK_SCALE_MIN;
	size_t bytes = rows * row * dtype_unit(dtype);
	data += CHOICES;
	size -= CHOICES;
	int16_t *right = take(data, size, &at, rank * row * sizeof(*right));
	uint8_t *base = take(data, size, &at, bytes), *src = take(data, size, &at, bytes);
	struct low_rank *l = product(rank, row, scale, right);
	round_trip(dtype, l, src, base, bytes);
	low_rank_free(l);
	free(right);
	free(base);
	free(src);
	return 0;
}
