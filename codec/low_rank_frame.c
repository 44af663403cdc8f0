#include "codec/low_rank_frame.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "codec/cast.h"
#include "codec/codec.h"
#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/common/le.h"
#include "codec/factors.h"
#include "codec/frame_scratch.h"
#include "codec/kernel/kernel.h"
#include "codec/low_rank.h"
#include "codec/nested_frame.h"
#include "codec/simple_frame.h"

enum {
	CHUNK = 1024, /* values predicted at once */
	LANES = 8,
	SIZE_FIELD = 4 /* bytes before the factors */
};

/* The left factors of a frame, in frame_scratch.values: for each row one for each
 * component, and a zero where their number is odd, since kernels take them in pairs. At
 * most 2 * FRAME_VALUES of two bytes. */
struct left {
	int16_t *factors;
	size_t rows, step; /* numbers from one row to the next */
	uint32_t greatest[LOW_RANK_MAX];
};

static struct left left_of(const struct frame_job *job)
{
	const struct low_rank *l = job->low_rank;
	struct left left = { .factors = (int16_t *)(void *)job->scratch->values,
		             .rows = job->size / dtype_unit(job->dtype) / l->row,
		             .step = (l->rank + 1) / 2 * 2 };

	return left;
}

/* The job of what remains, against the prediction in frame_scratch.predicted. */
static struct frame_job remainder_of(const struct frame_job *job)
{
	return (struct frame_job){ .codec = job->codec,
		                   .dtype = job->dtype,
		                   .base = job->scratch->predicted,
		                   .size = job->size,
		                   .scratch = job->scratch };
}

/* Whether no sum of products passes 31 bits. */
static bool sums_fit(const struct low_rank *l, const struct left *left)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < l->rank; k++)
		sum += (uint64_t)left->greatest[k] * l->greatest[k];
	return sum <= INT32_MAX;
}

/* ---------------------------------------------------------------- the prediction */

/* One F32, as bits; infinities and NaNs stay what they are. */
static uint32_t add_f32(uint32_t base, int32_t sum, float unit)
{
	float wide, product = (float)sum;

	if (sum == 0 || (base & 0x7f800000) == 0x7f800000)
		return base;
	memcpy(&wide, &base, sizeof(wide));
	product *= unit; /* exact */
	wide += product;
	memcpy(&base, &wide, sizeof(wide));
	return base;
}

/* Many F32; `dst` may be `base`. */
static void add32(const int32_t *sums, float unit, const uint8_t *base, size_t n,
                  uint8_t *dst)
{
	for (size_t i = 0; i < n; i++)
		le32_store(dst + 4 * i, add_f32(le32_load(base + 4 * i), sums[i], unit));
}

/* At most CHUNK F16, by way of F32; what nothing is added to stays as it is. */
static void add_f16(const int32_t *sums, float unit, const uint8_t *base, size_t n,
                    uint8_t *dst)
{
	uint8_t wide[4 * CHUNK];

	cast_values(DTYPE_F16, DTYPE_F32, base, n, wide);
	add32(sums, unit, wide, n, wide);
	cast_values(DTYPE_F32, DTYPE_F16, wide, n, dst);
	for (size_t i = 0; i < n; i++) {
		uint16_t v = le16_load(base + 2 * i);
		if (sums[i] == 0 || (v & 0x7c00) == 0x7c00)
			le16_store(dst + 2 * i, v);
	}
}

/* Predicts the whole frame, to `dst`. */
static void predict(const struct frame_job *job, const struct left *left, uint8_t *dst)
{
	const struct low_rank *l = job->low_rank;
	const struct kernel *kernel = job->scratch->kernel;
	void (*add)(const int32_t *, float, const uint8_t *, size_t,
	            uint8_t *) = job->dtype == DTYPE_BF16  ? kernel->add16
	                         : job->dtype == DTYPE_F16 ? add_f16
	                                                   : add32;
	float unit = ldexpf(1, l->scale);
	size_t width = dtype_unit(job->dtype);
	int32_t sums[CHUNK];

	for (size_t i = 0; i < left->rows; i++) {
		const int16_t *factors = left->factors + i * left->step;
		for (size_t c = 0; c < l->row; c += CHUNK) {
			size_t n = l->row - c < CHUNK ? l->row - c : CHUNK;
			size_t at = (i * l->row + c) * width;
			kernel->product(factors, l->right + 2 * c, 2 * l->row,
			                (l->rank + 1) / 2, n, sums);
			add(sums, unit, job->base + at, n, dst + at);
		}
	}
}

/* ---------------------------------------------------------------- decoding */

/* The factors of all rows from `n` bytes. */
static bool get_left(const struct frame_job *job, const uint8_t *bytes, size_t n,
                     struct left *left)
{
	struct bits_reader from = { .at = bytes, .end = bytes + n };

	for (unsigned k = 0; k < job->low_rank->rank; k++)
		left->greatest[k] = factors_get(&from, left->factors + k, left->rows,
		                                left->step);
	for (size_t i = 0; i < left->rows && job->low_rank->rank % 2; i++)
		left->factors[i * left->step + job->low_rank->rank] = 0;
	return !from.bad && from.at == from.end && sums_fit(job->low_rank, left);
}

static int restore(const struct frame_job *job, const struct frame_out *in,
                   const uint8_t *src, uint8_t *dst, struct err *err)
{
	struct cursor c = cursor_over(src, in->stored);
	struct left left = left_of(job);
	const struct frame_job rest = remainder_of(job);
	size_t n = cursor_u32(&c);
	const uint8_t *bytes = cursor_take(&c, n);

	if (!bytes || !get_left(job, bytes, n, &left))
		return err_set(err, ERR_DAMAGED,
		               "the factors of a frame's rows are impossible");
	predict(job, &left, job->scratch->predicted);
	int rc = nested_frame_decode(&rest, &c, dst, err);
	if (!rc && c.left)
		rc = err_set(err, ERR_DAMAGED, "a frame has bytes after its remainder");
	return rc;
}

int low_rank_frame_restore(const struct frame_job *job, const struct frame_out *in,
                           const uint8_t *src, uint8_t *dst, struct err *err)
{
	if (!job->codec->needs_base || !job->codec->takes(job->dtype) || !job->size ||
	    low_rank_fault(job->low_rank, job->dtype, job->size, job->size))
		return err_set(err, ERR_DAMAGED,
		               "a frame of %zu bytes cannot be a low-rank product in %zu",
		               job->size, in->stored);
	return restore(job, in, src, dst, err);
}

/* ---------------------------------------------------------------- encoding */

static bool takes_none(enum dtype dtype)
{
	(void)dtype;
	return false;
}

/* Takes nothing, so that only frames are made that need no codec: same, fill, sparse, or
 * raw. */
static const struct codec no_codec = { .id = CODEC_ULP,
	                               .name = "none",
	                               .needs_base = true,
	                               .mode = FRAME_TIGHT,
	                               .takes = takes_none };

static float f32_of(uint32_t bits)
{
	float v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* The distance, or 0 where one of the two is not a number. */
static float distance(uint32_t to, uint32_t from)
{
	float d = f32_of(to) - f32_of(from);

	return d - d == 0 ? d : 0;
}

void low_rank_distance(enum dtype dtype, const uint8_t *src, const uint8_t *base,
                       size_t n, float *out)
{
	uint8_t to[4 * CHUNK], from[4 * CHUNK];

	if (dtype == DTYPE_BF16) {
		for (size_t i = 0; i < n; i++)
			out[i] = distance((uint32_t)le16_load(src + 2 * i) << 16,
			                  (uint32_t)le16_load(base + 2 * i) << 16);
		return;
	}
	for (size_t at = 0; at < n; at += CHUNK) {
		size_t m = n - at < CHUNK ? n - at : CHUNK, skip = at * dtype_unit(dtype);
		const uint8_t *a = src + skip, *b = base + skip;
		if (dtype == DTYPE_F16) {
			cast_values(dtype, DTYPE_F32, a, m, to);
			cast_values(dtype, DTYPE_F32, b, m, from);
			a = to;
			b = from;
		}
		for (size_t i = 0; i < m; i++)
			out[at + i] = distance(le32_load(a + 4 * i),
			                       le32_load(b + 4 * i));
	}
}

static int16_t nearest(float v)
{
	if (!(fabsf(v) < INT16_MAX))
		return 0;
	return (int16_t)lrintf(v);
}

/* The factors that come nearest to the frame. */
static void solve(const struct frame_job *job, const uint8_t *src, struct left *left)
{
	const struct low_rank *l = job->low_rank;
	float *distance = (float *)(void *)job->scratch->joined;
	float *exact = distance + FRAME_VALUES;

	low_rank_distance(job->dtype, src, job->base, left->rows * l->row, distance);
	job->scratch->kernel->project(distance, left->rows, l->row, l->solver, l->rank,
	                              exact);
	memset(left->greatest, 0, sizeof(left->greatest));
	for (size_t i = 0; i < left->rows; i++) {
		int16_t *row = left->factors + i * left->step;
		for (unsigned k = 0; k < l->rank; k++) {
			row[k] = nearest(exact[i * l->rank + k]);
			uint32_t size = (uint32_t)(row[k] < 0 ? -row[k] : row[k]);
			if (size > left->greatest[k])
				left->greatest[k] = size;
		}
		if (l->rank % 2)
			row[l->rank] = 0;
	}
}

/* The factors as bytes, before what remains; returns the end of them, or NULL. */
static uint8_t *put_left(const struct frame_job *job, const struct left *left,
                         uint8_t *to, size_t cap)
{
	struct bits_writer bits = { .at = to + SIZE_FIELD, .end = to + cap };

	for (unsigned k = 0; k < job->low_rank->rank; k++)
		factors_put(&bits, left->factors + k, left->rows, left->step);
	uint8_t *end = bits_finish(&bits);
	le32_store(to, (uint32_t)(end - to - SIZE_FIELD));
	return bits.full ? NULL : end;
}

/* Reads the factors back and predicts again: the prediction is the same, or this machine
 * is defective. The frame of what remains is proved by simple_frame. */
static int prove(const struct frame_job *job, const uint8_t *coded, struct err *err)
{
	struct left left = left_of(job);
	uint8_t *again = job->scratch->check;

	memset(left.factors, 0, left.rows * left.step * sizeof(*left.factors));
	if (get_left(job, coded + SIZE_FIELD, le32_load(coded), &left)) {
		predict(job, &left, again);
		if (memcmp(again, job->scratch->predicted, job->size) == 0)
			return 0;
	}
	return err_set(err, ERR_DAMAGED,
	               "a low-rank product did not come back as it was coded; this "
	               "machine's memory or git-zllm is defective");
}

/* The sum of the squares of a frame's distances from what predicts it. */
static double distances(const struct frame_job *job, const uint8_t *src,
                        const uint8_t *from)
{
	size_t values = job->size / dtype_unit(job->dtype), unit = dtype_unit(job->dtype);
	float part[CHUNK];
	double sum = 0;

	for (size_t at = 0; at < values; at += CHUNK) {
		size_t n = values - at < CHUNK ? values - at : CHUNK;
		float some[LANES] = { 0 }; /* so that compilers make vectors */
		memset(part, 0, sizeof(part));
		low_rank_distance(job->dtype, src + at * unit, from + at * unit, n, part);
		for (size_t i = 0; i < CHUNK; i += LANES)
			for (unsigned k = 0; k < LANES; k++)
				some[k] += part[i + k] * part[i + k];
		for (unsigned k = 0; k < LANES; k++)
			sum += some[k];
	}
	return sum;
}

/* Whether factors of so many bytes are likely to save more bits of the remainder than
 * they cost. What they save is, for each value, half the logarithm of how much smaller
 * the squares became. */
static bool pays(const struct frame_job *job, const uint8_t *src, size_t factors)
{
	double before = distances(job, src, job->base);
	double after = distances(job, src, job->scratch->predicted);
	double values = (double)job->size / dtype_unit(job->dtype);

	return values / 2 * log2(before / (after + before * 1e-9)) >
	       8.0 * (double)factors;
}

/* Codes the product and what remains to scratch->joined, in *n bytes; 0 where there is
 * no product. *sure says whether its factors surely save more than they cost. */
static int code_product(const struct frame_job *job, const uint8_t *src, size_t *n,
                        bool *sure, struct err *err)
{
	struct frame_scratch *s = job->scratch;
	const struct frame_job rest = remainder_of(job);
	struct left left = left_of(job);
	size_t remainder = 0;

	*n = 0;
	solve(job, src, &left);
	if (!sums_fit(job->low_rank, &left))
		return 0;
	uint8_t *end = put_left(job, &left, s->joined, job->size);
	if (!end)
		return 0;
	predict(job, &left, s->predicted);
	*sure = pays(job, src, (size_t)(end - s->joined));
	int rc = prove(job, s->joined, err);
	if (!rc)
		rc = nested_frame_encode(&rest, src, end, &remainder, err);
	*n = (size_t)(end - s->joined) + remainder;
	return rc;
}

int low_rank_frame_encode(const struct frame_job *job, const uint8_t *src, uint8_t *dst,
                          struct frame_out *out, struct err *err)
{
	size_t n = 0;
	bool sure = false;
	struct frame_job uncoded = *job;
	uncoded.codec = &no_codec;
	int rc = simple_frame_encode(&uncoded, src, dst, out, err);

	if (rc || out->mode != FRAME_RAW)
		return rc;
	if (job->low_rank->solver)
		rc = code_product(job, src, &n, &sure, err);
	if (rc)
		return rc;
	if (!sure || n >= job->size) {
		rc = simple_frame_encode(job, src, dst, out, err);
		if (rc || !n || n >= out->stored)
			return rc;
	}
	memcpy(dst, job->scratch->joined, n);
	out->mode = FRAME_CODED;
	out->stored = n;
	return 0;
}
