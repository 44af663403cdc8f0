/* Low-rank products in plain C. Loops over lanes, so that compilers make vectors. */
#include "codec/kernel/kernel_portable.h"

#include <stdbool.h>

#include "codec/common/le.h"

enum { LANES = 8 };

void kernel_portable_product(const int16_t *left, const int16_t *right, size_t stride,
                             unsigned pairs, size_t n, int32_t *sums)
{
	memset(sums, 0, n * sizeof(*sums));
	for (unsigned k = 0; k < pairs; k++) {
		const int16_t *of = right + k * stride;
		int32_t a = left[2 * k], b = left[2 * k + 1];
		for (size_t i = 0; i < n; i++)
			sums[i] += a * of[2 * i] + b * of[2 * i + 1];
	}
}

void kernel_portable_add16(const int32_t *sums, float unit, const uint8_t *base, size_t n,
                           uint8_t *dst)
{
	for (size_t i = 0; i < n; i++) {
		uint16_t from = le16_load(base + 2 * i);
		uint32_t bits = (uint32_t)from << 16;
		float wide, product = (float)sums[i];
		memcpy(&wide, &bits, sizeof(wide));
		product *= unit; /* exact */
		wide += product;
		memcpy(&bits, &wide, sizeof(bits));
		bool keep = sums[i] == 0 || (from & 0x7f80) == 0x7f80;
		uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
		le16_store(dst + 2 * i, keep ? from : (uint16_t)rounded);
	}
}

static float dot(const float *a, const float *b, size_t n)
{
	float sum[LANES] = { 0 }, all = 0;
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
		for (unsigned k = 0; k < LANES; k++)
			sum[k] += a[i + k] * b[i + k];
	for (unsigned k = 0; k < LANES; k++)
		all += sum[k];
	for (; i < n; i++)
		all += a[i] * b[i];
	return all;
}

void kernel_portable_project(const float *rows, size_t count, size_t n, const float *to,
                             unsigned rank, float *out)
{
	for (size_t i = 0; i < count; i++)
		for (unsigned k = 0; k < rank; k++)
			out[i * rank + k] = dot(rows + i * n, to + k * n, n);
}

void kernel_portable_spread(const float *rows, size_t count, size_t n, const float *by,
                            unsigned rank, float *sums)
{
	for (size_t i = 0; i < count; i++) {
		const float *row = rows + i * n;
		for (unsigned k = 0; k < rank; k++) {
			float factor = by[i * rank + k], *sum = sums + k * n;
			for (size_t c = 0; c < n; c++)
				sum[c] += factor * row[c];
		}
	}
}
