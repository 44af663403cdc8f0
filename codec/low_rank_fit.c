#include "codec/low_rank_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "codec/kernel/kernel.h"
#include "codec/low_rank_matrix.h"

enum {
	MORE = 8,  /* axes that are sought beyond those wanted: it makes these better */
	TURNS = 1, /* of the iteration */
	AXES_MAX = LOW_RANK_MAX + MORE
};

/* Each axis costs time in every decoder: beyond its own factors it has to save so many
 * bits of each value. On the trained pairs of the tests this makes ranks a third lower
 * and sizes one part in 150 larger. */
static const double AXIS_TOLL = 0.004;

/* This part of the error that would be best if all remainders were bell-shaped. Where the
 * product is exact, as of a LoRA adapter, most remainders are small, and less error is
 * better. Measured on the same pairs. */
static const double ERROR_PART = 0.7;

/* ---------------------------------------------------------------- the axes */

static double total_of(const float *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)v[i] * v[i];
	return sum;
}

/* Takes from `one` what lies along the `count` rows of `v` (Gram and Schmidt). */
static void take_off(float *one, const float *v, unsigned count, size_t row,
                     const struct kernel *kernel)
{
	float along[AXES_MAX];

	kernel->project(v, count, row, one, 1, along);
	for (unsigned k = 0; k < count; k++)
		along[k] = -along[k];
	kernel->spread(v, count, row, along, 1, one);
}

static double length_of(const float *v, size_t n)
{
	return sqrt(total_of(v, n));
}

/* Makes the rows of `v` of length 1 and at right angles, one after the other; one that
 * is nothing but a mixture of others becomes 0. Once is not enough in single
 * precision, twice is. */
static void make_orthogonal(float *v, unsigned count, size_t row,
                            const struct kernel *kernel)
{
	for (unsigned k = 0; k < count; k++) {
		float *one = v + k * row;
		double before = length_of(one, row);
		take_off(one, v, k, row, kernel);
		take_off(one, v, k, row, kernel);
		double length = length_of(one, row);
		double factor = length > before * 1e-5 ? 1 / length : 0;
		for (size_t i = 0; i < row; i++)
			one[i] *= (float)factor;
	}
}

/* Numbers between -1 and 1, the same every time. */
static void fill_random(float *v, size_t n)
{
	uint64_t state = 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < n; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		v[i] = (float)((double)(state >> 40) / (1 << 23) - 1);
	}
}

/* One search, and its working memory. */
struct search {
	struct low_rank_rows rows;
	unsigned count;
	float *axes;   /* count x rows.width */
	float *along;  /* rows.count x count: the rows' parts along the axes */
	float *square; /* count x count */
};

static void iterate(struct search *s)
{
	const struct low_rank_rows *r = &s->rows;
	size_t n = s->count * r->width;

	fill_random(s->along, r->count * s->count);
	for (unsigned turn = 0;; turn++) {
		memset(s->axes, 0, n * sizeof(*s->axes));
		r->kernel->spread(r->distance, r->count, r->width, s->along, s->count,
		                  s->axes);
		make_orthogonal(s->axes, s->count, r->width, r->kernel);
		r->kernel->project(r->distance, r->count, r->width, s->axes, s->count,
		                   s->along);
		if (turn == TURNS)
			return;
	}
}

/* Turns the axes so that they are the main ones, by the squares of the parts along. */
static void order(struct search *s, double *energy)
{
	size_t k = s->count;

	memset(s->square, 0, k * k * sizeof(*s->square));
	s->rows.kernel->spread(s->along, s->rows.count, k, s->along, s->count, s->square);
	axes_turn(s->square, s->count, s->axes, s->rows.width, energy);
}

void low_rank_axes_wipe(struct low_rank_axes *a)
{
	free(a->axes);
	*a = (struct low_rank_axes){ 0 };
}

int low_rank_axes_find(const struct low_rank_rows *rows, unsigned count,
                       struct low_rank_axes *out, struct err *err)
{
	unsigned sought = count + MORE;
	double energy[AXES_MAX];

	sought = sought > rows->count ? (unsigned)rows->count : sought;
	sought = sought > rows->width ? (unsigned)rows->width : sought;
	struct search s = {
		.rows = *rows,
		.count = sought,
		.axes = malloc(sought * rows->width * sizeof(float)),
		.along = malloc(rows->count * sought * sizeof(float)),
		.square = malloc((size_t)sought * sought * sizeof(float)),
	};
	int rc = 0;
	if (!s.axes || !s.along || !s.square)
		rc = err_nomem(err, "a low-rank product");
	if (!rc) {
		iterate(&s);
		order(&s, energy);
		*out = (struct low_rank_axes){
			.count = sought < count ? sought : count,
			.row = rows->width,
			.rows = rows->count,
			.total = total_of(rows->distance, rows->count * rows->width),
			.axes = s.axes,
		};
		memcpy(out->energy, energy, out->count * sizeof(*energy));
		s.axes = NULL;
	}
	free(s.axes);
	free(s.along);
	free(s.square);
	return rc;
}

int low_rank_axes_measure(struct low_rank_axes *a, const struct low_rank_rows *rows,
                          struct err *err)
{
	size_t numbers = rows->count * a->count;
	float *along = malloc((numbers + 1) * sizeof(*along));

	if (!along)
		return err_nomem(err, "a low-rank product");
	rows->kernel->project(rows->distance, rows->count, a->row, a->axes, a->count,
	                      along);
	memset(a->energy, 0, sizeof(a->energy));
	for (size_t i = 0; i < numbers; i++)
		a->energy[i % a->count] += (double)along[i] * along[i];
	a->total = total_of(rows->distance, rows->count * a->row);
	a->rows = rows->count;
	free(along);
	return 0;
}

/* ---------------------------------------------------------------- how many, how coarse */

/* What `rank` axes would make of a blob. */
struct outlook {
	double unit;      /* of the product of two factors */
	double remaining; /* mean square of what remains, without the factors' error */
	double error;     /* mean square of that */
	double balance;   /* root of the blob's rows by a row's values */
};

/* The mean square of the values along axis `k`, as a length. */
static double strength(const struct low_rank_axes *a, unsigned k)
{
	return sqrt(a->energy[k] / ((double)a->rows * (double)a->row));
}

/* The factors' errors are even, within half a unit: 1/12 of their unit's square times
 * the mean square of the other factor, whose size is the root of the strength by unit,
 * times or by the root of `balance` (whichever side has fewer numbers, has finer ones).
 * The best error is to what remains as the numbers that are stored to those that are
 * predicted. */
static struct outlook look_ahead(const struct low_rank_axes *a, unsigned rank,
                                 double rows)
{
	double values = (double)a->rows * (double)a->row, left = a->total, sum = 0;
	double row = (double)a->row;
	struct outlook o = { .balance = sqrt(rows / row) };

	for (unsigned k = 0; k < rank; k++) {
		left -= a->energy[k];
		sum += strength(a, k);
	}
	o.remaining = fmax(left, a->total * 1e-9) / values;
	double part = fmin(rank * (rows + row) / (rows * row), 0.5);
	o.error = ERROR_PART * o.remaining * part / (1 - part);
	o.unit = sum > 0 ? 12 * o.error / (sum * (o.balance + 1 / o.balance)) : 0;
	return o;
}

/* Bits of a bell-shaped integer of this deviation. */
static double bits_of(double deviation)
{
	return log2(1 + 4.13 * deviation);
}

static double cost(const struct low_rank_axes *a, unsigned rank, double rows)
{
	struct outlook o = look_ahead(a, rank, rows);
	double row = (double)a->row;
	double bits = rows * row * log2(o.remaining + o.error) / 2;

	for (unsigned k = 0; k < rank && o.unit > 0; k++) {
		double both = strength(a, k) / o.unit;
		bits += rows * bits_of(sqrt(both / o.balance));
		bits += row * bits_of(sqrt(both * o.balance));
	}
	return bits;
}

unsigned low_rank_axes_best(const struct low_rank_axes *a, uint64_t rows, double *bits)
{
	double none = cost(a, 0, (double)rows), least = none;
	double toll = AXIS_TOLL * (double)rows * (double)a->row;
	unsigned best = 0;

	*bits = 0;
	if (!(a->total > 0))
		return 0;
	for (unsigned rank = 1; rank <= a->count; rank++) {
		double one = cost(a, rank, (double)rows) + toll * rank;
		if (one < least) {
			least = one;
			best = rank;
		}
	}
	*bits = (none - least) / ((double)rows * (double)a->row);
	return best;
}

/* The power of two next to the best unit. */
static int scale_of(double unit)
{
	int scale = (int)lrint(floor(log2(unit) + 0.5));

	scale = scale < LOW_RANK_SCALE_MIN ? LOW_RANK_SCALE_MIN : scale;
	return scale > LOW_RANK_SCALE_MAX ? LOW_RANK_SCALE_MAX : scale;
}

/* Right factors of one axis. */
static void round_axis(const float *axis, size_t row, double factor, int16_t *out)
{
	for (size_t i = 0; i < row; i++) {
		double v = axis[i] * factor;
		out[i] = (int16_t)lrint(fmax(fmin(v, INT16_MAX), -INT16_MAX));
	}
}

int low_rank_of_axes(const struct low_rank_axes *a, unsigned rank, uint64_t rows,
                     struct low_rank **out, struct err *err)
{
	struct outlook o = look_ahead(a, rank, (double)rows);
	int16_t *right = calloc((size_t)rank * a->row, sizeof(*right));
	int rc = 0;

	*out = NULL;
	if (!right)
		return err_nomem(err, "a low-rank product");
	if (rank && o.unit > 0) {
		int scale = scale_of(o.unit);
		for (unsigned k = 0; k < rank; k++) {
			double size = sqrt(ldexp(strength(a, k), -scale) * o.balance);
			round_axis(a->axes + k * a->row, a->row,
			           size * sqrt((double)a->row), right + k * a->row);
		}
		rc = low_rank_new(
			&(struct low_rank_factors){ rank, a->row, scale, right }, out,
			err);
	}
	free(right);
	if (!rc && *out)
		rc = low_rank_solve(*out, err);
	if (rc) {
		low_rank_free(*out);
		*out = NULL;
	}
	return rc;
}
