/* Sparse frames: every unit comes back, damage is refused, and few bytes are made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/le.h"
#include "codec/frame_job.h"
#include "codec/frame_scratch.h"
#include "codec/sparse.h"

enum { BYTES = 512 * 1024 };

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static size_t encode(const uint8_t *src, const uint8_t *base, size_t size,
                     enum dtype dtype, uint8_t *dst, size_t cap)
{
	/* No more room than it may take: four bytes for each value that differs. */
	struct frame_scratch scratch = { .planes = malloc(FRAME_VALUES / 8 * 4) };
	const struct frame_job job = {
		.dtype = dtype, .base = base, .size = size, .scratch = &scratch
	};

	assert_non_null(scratch.planes);
	size_t n = sparse_encode(&job, src, dst, cap);
	free(scratch.planes);
	return n;
}

static bool decode(const uint8_t *src, size_t n, const uint8_t *base, uint8_t *dst,
                   size_t size, enum dtype dtype)
{
	const struct frame_job job = { .dtype = dtype, .base = base, .size = size };

	return sparse_decode(&job, src, n, dst);
}

struct sample {
	uint8_t *src, *base, *made, *back;
	size_t size, values; /* of which differ */
};

/* One unit in `rare` differs, by `low` of its low bits. */
static struct sample sample_of(size_t size, unsigned unit, unsigned rare, uint64_t low)
{
	struct sample s = { malloc(size), malloc(size), malloc(size),
		            malloc(size), size,         0 };
	uint64_t seed = rare + unit;

	assert_true(s.src && s.base && s.made && s.back);
	for (size_t i = 0; i < size; i++)
		s.src[i] = s.base[i] = (uint8_t)(next(&seed) & 0x3f);
	for (size_t i = 0; i + unit <= size; i += unit) {
		uint8_t flip[8] = { 0 };
		if (next(&seed) % rare)
			continue;
		le64_store(flip, (next(&seed) << 40 ^ next(&seed)) % low + 1);
		for (unsigned k = 0; k < unit; k++)
			s.src[i + k] ^= flip[k];
		s.values += memcmp(s.src + i, s.base + i, unit) != 0;
	}
	return s;
}

static void wipe(struct sample *s)
{
	free(s->src);
	free(s->base);
	free(s->made);
	free(s->back);
}

static uint8_t *exact(const uint8_t *from, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	assert_non_null(p);
	memcpy(p, from, n);
	return p;
}

static void every_unit_comes_back(void **state)
{
	static const enum dtype dtypes[] = { DTYPE_U8,   DTYPE_F8_E4M3, DTYPE_I16,
		                             DTYPE_BF16, DTYPE_F16,     DTYPE_F32,
		                             DTYPE_I32,  DTYPE_F64,     DTYPE_C64 };
	static const size_t sizes[] = { 64 * 8, 1024, 4096 + 8, 100000, 200001, BYTES };

	(void)state;
	for (int d = 0; d < 9; d++) {
		unsigned unit = dtype_unit(dtypes[d]);
		uint64_t all = unit == 8 ? UINT64_MAX - 1 : (UINT64_C(1) << 8 * unit) - 2;
		for (int i = 0; i < 12; i++) {
			struct sample s = sample_of(sizes[i / 2], unit,
			                            130 + 1000 * (i % 2),
			                            i % 3 ? 2 : all);
			size_t n = encode(s.src, s.base, s.size, dtypes[d], s.made,
			                  s.size);
			assert_int_equal(n > 0, s.values > 0);
			uint8_t *from = exact(s.made, n);
			if (n > 0) {
				assert_true(decode(from, n, s.base, s.back, s.size,
				                   dtypes[d]));
				assert_memory_equal(s.back, s.src, s.size);
			}
			free(from);
			wipe(&s);
		}
	}
}

static void what_is_not_sparse_is_left_to_others(void **state)
{
	struct sample s = sample_of(BYTES, 2, 30, 2), t = sample_of(1001, 2, 200, 2);
	struct sample rows = sample_of(BYTES, 2, 100000000, 2);

	(void)state;
	assert_int_equal(encode(s.src, s.base, BYTES, DTYPE_BF16, s.made, BYTES), 0);
	memcpy(s.src, s.base, BYTES);
	assert_int_equal(encode(s.src, s.base, BYTES, DTYPE_BF16, s.made, BYTES), 0);
	/* As many and more, but in rows. */
	memcpy(rows.src, rows.base, BYTES);
	for (size_t at = 0; at + 1000 < BYTES; at += 10000)
		for (size_t i = 0; i < 1000; i += 2)
			rows.src[at + i] ^= 1;
	assert_in_range(encode(rows.src, rows.base, BYTES, DTYPE_BF16, rows.made, BYTES),
	                1, BYTES / 50);
	s.src[1000] ^= 1;
	assert_true(encode(s.src, s.base, BYTES, DTYPE_BF16, s.made, BYTES) > 0);
	assert_int_equal(encode(s.src, s.base, BYTES, DTYPE_BF16, s.made, 5), 0);
	/* An odd byte that differs has no place. */
	t.src[1000] = (uint8_t)(t.base[1000] + 1);
	assert_int_equal(encode(t.src, t.base, 1001, DTYPE_BF16, t.made, 1001), 0);
	wipe(&s);
	wipe(&t);
	wipe(&rows);
}

/* The places' entropy, and one bit for which of two neighbours a value became. */
static void the_bytes_are_near_the_entropy(void **state)
{
	static const unsigned rare[] = { 100, 1000, 10000 };
	static const double bits[] = { 8.079, 11.408, 14.730 }; /* H(p) / p */

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct sample s = sample_of(BYTES, 2, rare[i], 1);
		double least = (double)s.values * (bits[i] + 1) / 8;
		size_t made = encode(s.src, s.base, BYTES, DTYPE_BF16, s.made, BYTES);
		assert_in_range(made, 1, (size_t)(least * 1.1) + 16);
		wipe(&s);
	}
}

static void damage_is_refused_within_bounds(void **state)
{
	struct sample s = sample_of(100000, 4, 500, 1000);
	size_t n = encode(s.src, s.base, s.size, DTYPE_F32, s.made, s.size);

	(void)state;
	assert_true(n > 0);
	for (size_t at = 0; at < n; at++) {
		uint8_t *bad = exact(s.made, n), *cut = exact(s.made, at);
		bad[at] ^= (uint8_t)(1u << at % 8);
		decode(bad, n, s.base, s.back, s.size, DTYPE_F32);
		assert_false(decode(cut, at, s.base, s.back, s.size, DTYPE_F32));
		free(bad);
		free(cut);
	}
	uint8_t *longer = malloc(n + 1);
	assert_non_null(longer);
	memcpy(longer, s.made, n);
	longer[n] = 0;
	assert_false(decode(longer, n + 1, s.base, s.back, s.size, DTYPE_F32));
	le32_store(longer, 0); /* none differs */
	assert_false(decode(longer, 4, s.base, s.back, s.size, DTYPE_F32));
	free(longer);
	wipe(&s);
}

/* The example of docs/format-record.md: these bytes never change. */
static void the_documented_frame_is_made_and_read(void **state)
{
	static const uint8_t coded[] = { 2, 0, 0, 0, 0x4a, 0x89, 0x01 };
	uint8_t base[256], src[256], made[256], back[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		base[i] = i % 2 ? 0x3f : 0x80;
	memcpy(src, base, sizeof(src));
	src[10] = 0x81;
	src[80] = 0x7e;
	assert_int_equal(encode(src, base, 256, DTYPE_BF16, made, 256), sizeof(coded));
	assert_memory_equal(made, coded, sizeof(coded));
	assert_true(decode(coded, sizeof(coded), base, back, 256, DTYPE_BF16));
	assert_memory_equal(back, src, sizeof(src));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_unit_comes_back),
		cmocka_unit_test(what_is_not_sparse_is_left_to_others),
		cmocka_unit_test(the_bytes_are_near_the_entropy),
		cmocka_unit_test(damage_is_refused_within_bounds),
		cmocka_unit_test(the_documented_frame_is_made_and_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
