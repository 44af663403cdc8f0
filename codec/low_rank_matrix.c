#include "codec/low_rank_matrix.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "codec/low_rank.h"

enum { SWEEPS = 12, COUNT_MAX = LOW_RANK_MAX + 16 };

/* ---------------------------------------------------------------- eigenvectors */

/* Makes m[x][y] zero by a rotation, which `axes` follow. */
static void rotate(double *m, unsigned n, unsigned x, unsigned y, double *turn)
{
	double off = m[x * n + y];
	double theta = (m[y * n + y] - m[x * n + x]) / (2 * off);
	double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
	double c = 1 / sqrt(t * t + 1), s = t * c;

	for (unsigned k = 0; k < n; k++) {
		double a = m[k * n + x], b = m[k * n + y];
		m[k * n + x] = c * a - s * b;
		m[k * n + y] = s * a + c * b;
	}
	for (unsigned k = 0; k < n; k++) {
		double a = m[x * n + k], b = m[y * n + k];
		m[x * n + k] = c * a - s * b;
		m[y * n + k] = s * a + c * b;
		a = turn[x * n + k], b = turn[y * n + k];
		turn[x * n + k] = c * a - s * b;
		turn[y * n + k] = s * a + c * b;
	}
}

static void diagonalise(double *m, unsigned n, double *turn)
{
	double trace = 0;

	for (unsigned i = 0; i < n; i++)
		trace += fabs(m[i * n + i]);
	for (unsigned sweep = 0; sweep < SWEEPS; sweep++) {
		bool done = true;
		for (unsigned x = 0; x < n; x++) {
			for (unsigned y = x + 1; y < n; y++) {
				if (fabs(m[x * n + y]) <= trace * 1e-7)
					continue;
				rotate(m, n, x, y, turn);
				done = false;
			}
		}
		if (done)
			return;
	}
}

/* Which eigenvalue is the largest, the next, ... */
static void rank_values(const double *m, unsigned n, unsigned *order)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned at = i;
		for (; at > 0 && m[order[at - 1] * (n + 1)] < m[i * (n + 1)]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}

void axes_turn(const float *square, unsigned count, float *axes, size_t row,
               double *energy)
{
	double m[COUNT_MAX * COUNT_MAX] = { 0 }, turn[COUNT_MAX * COUNT_MAX] = { 0 };
	double column[COUNT_MAX];
	unsigned order[COUNT_MAX];

	for (unsigned i = 0; i < count * count; i++)
		m[i] = square[i];
	for (unsigned i = 0; i < count; i++)
		turn[i * count + i] = 1;
	diagonalise(m, count, turn);
	rank_values(m, count, order);
	for (unsigned i = 0; i < count; i++)
		energy[i] = fmax(m[order[i] * (count + 1)], 0);
	for (size_t c = 0; c < row; c++) {
		for (unsigned i = 0; i < count; i++)
			column[i] = axes[i * row + c];
		for (unsigned i = 0; i < count; i++) {
			const double *by = turn + order[i] * count;
			double sum = 0;
			for (unsigned k = 0; k < count; k++)
				sum += by[k] * column[k];
			axes[i * row + c] = (float)sum;
		}
	}
}

/* ---------------------------------------------------------------- the solver */

/* The products of the right factors' rows with each other. */
static void multiply_out(const struct low_rank *l, double *m)
{
	unsigned n = l->rank;

	for (unsigned x = 0; x < n; x++) {
		for (unsigned y = 0; y <= x; y++) {
			const int16_t *a = l->right + x / 2 * l->row * 2 + x % 2;
			const int16_t *b = l->right + y / 2 * l->row * 2 + y % 2;
			double sum = 0;
			for (size_t i = 0; i < l->row; i++)
				sum += (double)a[2 * i] * b[2 * i];
			m[x * n + y] = m[y * n + x] = sum;
		}
	}
	/* A component that is nothing, or a mixture of others, gets next to nothing. */
	for (unsigned x = 0; x < n; x++)
		m[x * n + x] = m[x * n + x] * (1 + 1e-9) + 1e-3;
}

/* Turns a positive definite matrix into its inverse, in place (Gauss and Jordan). */
static void invert(double *m, unsigned n)
{
	for (unsigned p = 0; p < n; p++) {
		double pivot = 1 / m[p * n + p];
		m[p * n + p] = 1;
		for (unsigned k = 0; k < n; k++)
			m[p * n + k] *= pivot;
		for (unsigned r = 0; r < n; r++) {
			double f = m[r * n + p];
			if (r == p)
				continue;
			m[r * n + p] = 0;
			for (unsigned k = 0; k < n; k++)
				m[r * n + k] -= f * m[p * n + k];
		}
	}
}

int low_rank_solve(struct low_rank *l, struct err *err)
{
	double m[LOW_RANK_MAX * LOW_RANK_MAX], factors[LOW_RANK_MAX];
	double unit = ldexp(1, -l->scale);

	l->solver = malloc(l->rank * l->row * sizeof(*l->solver));
	if (!l->solver)
		return err_nomem(err, "a low-rank product");
	multiply_out(l, m);
	invert(m, l->rank);
	for (size_t c = 0; c < l->row; c++) {
		for (unsigned k = 0; k < l->rank; k++)
			factors[k] = low_rank_right(l, k, c);
		for (unsigned k = 0; k < l->rank; k++) {
			double sum = 0;
			for (unsigned j = 0; j < l->rank; j++)
				sum += m[k * l->rank + j] * factors[j];
			l->solver[k * l->row + c] = (float)(sum * unit);
		}
	}
	return 0;
}
