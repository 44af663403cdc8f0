/* Predictions made window by window: against the whole at once, with every base read
 * in order and no byte of it twice; and bases that are proved though used in part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/cast.h"
#include "codec/common/err.h"
#include "index/blob/bases.h"
#include "index/blob/blob_source.h"
#include "index/blob/file_source.h"
#include "index/blob/predictor.h"

enum { BASE_VALUES = 5000, BASE_BYTES = 4 * BASE_VALUES };

/* A base in memory, and how far it was read. */
struct watched {
	struct blob_source source;
	uint8_t bytes[BASE_BYTES];
	uint64_t next;
	unsigned backwards;
};

struct memory {
	struct watched list[RECORD_BASES_MAX];
	struct bases bases;
};

static int read_watched(struct blob_source *s, uint64_t offset, size_t n, uint8_t *dst,
                        struct err *err)
{
	struct watched *w = (struct watched *)s;
	(void)err;

	assert_true(offset + n <= BASE_BYTES);
	w->backwards += offset < w->next;
	w->next = offset + n;
	memcpy(dst, w->bytes + offset, n);
	return 0;
}

static const struct blob_source_kind watched_kind = { "test", read_watched, NULL };

static struct memory *new_memory(void)
{
	struct memory *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->bases.count = RECORD_BASES_MAX;
	for (size_t k = 0; k < RECORD_BASES_MAX; k++) {
		struct watched *w = &m->list[k];
		w->source = (struct blob_source){ .kind = &watched_kind,
			                          .name = "base",
			                          .size = BASE_BYTES,
			                          .window = BASE_BYTES };
		m->bases.list[k] = &w->source;
		for (size_t i = 0; i < BASE_BYTES; i++)
			w->bytes[i] = (uint8_t)((k * BASE_BYTES + i) * 2654435761u >> 13);
	}
	return m;
}

struct case_ {
	enum dtype dtype, from;
	uint64_t values;
	unsigned bases;
	struct parts parts;
};

static const struct case_ cases[] = {
	{ DTYPE_BF16, DTYPE_BF16, 4000, 1, { 0, 0, { { 0 } } } },
	{ DTYPE_BF16,
	  DTYPE_BF16,
	  12000,
	  1,
	  { 0, 0, { { 0 } } } }, /* zeros after the end */
	{ DTYPE_BF16, DTYPE_F32, 7000, 1, { 0, 0, { { 0 } } } },
	{ DTYPE_BF16,
	  DTYPE_BF16,
	  9000,
	  1,
	  { 9000, 1, { { 0, 0, 1, 0, 7000, 0, 7000 } } } },
	{ DTYPE_BF16, DTYPE_BF16, 6000, 1, { 60, 1, { { 0, 0, 100, 0, 50, 0, 50 } } } },
	{ DTYPE_BF16, DTYPE_BF16, 3000, 1, { 30, 1, { { 0, 0, 100, 0, 30, 60, 99 } } } },
	{ DTYPE_F32, DTYPE_F32, 200, 1, { 1, 1, { { 0, 3, 100, 0, 1, 4, 49 } } } },
	{ DTYPE_F32, DTYPE_BF16, 3000, 1, { 30, 1, { { 0, 7, 90, 1, 20, 5, 77 } } } },
	{ DTYPE_BF16,
	  DTYPE_BF16,
	  9000,
	  3,
	  { 90,
	    3,
	    { { 2, 0, 100, 0, 50, 0, 50 },
	      { 0, 0, 100, 50, 10, 3, 11 },
	      { 1, 0, 100, 60, 30, 2, 40 } } } },
	{ DTYPE_BF16,
	  DTYPE_F32,
	  4200,
	  2,
	  { 4200,
	    2,
	    { { 0, 0, 1, 0, 1200, 3700, 1200 }, { 1, 0, 1, 1200, 3000, 0, 3000 } } } },
};

/* Byte i of the prediction as one would look it up. */
static void naive(const struct case_ *c, const struct memory *m, uint8_t *out)
{
	unsigned unit = dtype_unit(c->dtype), w = dtype_unit(c->from);

	memset(out, 0, c->values * unit);
	for (uint64_t i = 0; i < c->values; i++) {
		unsigned base = 0;
		uint64_t from = i;
		if (c->parts.count) {
			struct part_run run = parts_run(&c->parts, i, 1);
			if (!run.part)
				continue;
			base = run.part->base;
			from = run.from;
		}
		if (from * w >= BASE_BYTES)
			continue;
		if (c->from == c->dtype)
			memcpy(out + i * unit, m->list[base].bytes + from * w, w);
		else
			cast_values(c->from, c->dtype, m->list[base].bytes + from * w, 1,
			            out + i * unit);
	}
}

static struct predictor *new_predictor(const struct case_ *c, struct memory *m,
                                       size_t block)
{
	struct record_basis basis = { .base_count = c->bases, .parts = c->parts };
	struct predictor_source source = { .bases = &m->bases,
		                           .read = blob_source_read,
		                           .block = block };
	struct predictor *p;
	struct err err = ERR_INIT;

	for (unsigned i = 0; i < c->bases; i++) {
		basis.bases[i].dtype = c->from;
		basis.bases[i].id.bytes[0] = (uint8_t)i;
	}
	assert_null(
		record_basis_fault(&basis, c->dtype, c->values * dtype_unit(c->dtype)));
	assert_int_equal(predictor_new(&basis, c->dtype, &source, &p, &err), 0);
	return p;
}

static void windows_make_the_whole_and_read_in_order(void **state)
{
	static const size_t windows[] = { 1, 7, 500, 20000 },
			    blocks[] = { 4, 128, 1 << 20 };
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct case_ *c = &cases[i];
		unsigned unit = dtype_unit(c->dtype);
		size_t size = c->values * unit;
		uint8_t *want = malloc(size), *got = malloc(size);
		for (unsigned k = 0; k < 12; k++) {
			struct memory *m = new_memory();
			struct predictor *p = new_predictor(c, m, blocks[k % 3]);
			struct err err = ERR_INIT;
			size_t window = windows[k / 3] * unit;
			naive(c, m, want);
			for (size_t at = 0; at < size; at += window) {
				size_t n = size - at < window ? size - at : window;
				assert_int_equal(predictor_read(p, at, n, got + at, &err),
				                 0);
			}
			assert_memory_equal(got, want, size);
			for (unsigned b = 0; b < c->bases; b++)
				assert_int_equal(m->list[b].backwards, 0);
			predictor_free(p);
			free(m);
		}
		free(want);
		free(got);
	}
}

static void any_window_can_be_asked_for(void **state)
{
	const struct case_ *c = &cases[8];
	size_t size = c->values * 2;
	struct memory *m = new_memory();
	struct predictor *p = new_predictor(c, m, 128);
	uint8_t *want = malloc(size), *got = malloc(size);
	struct err err = ERR_INIT;
	(void)state;

	naive(c, m, want);
	for (size_t at = size - 200; at > 3000; at -= 1234) {
		assert_int_equal(predictor_read(p, at, 200, got, &err), 0);
		assert_memory_equal(got, want + at, 200);
	}
	predictor_free(p);
	free(want);
	free(got);
	free(m);
}

static void a_base_that_is_too_short_is_damage(void **state)
{
	struct record_basis basis = { .base_count = 1 };
	struct memory *m = new_memory();
	struct predictor_source source = { .bases = &m->bases,
		                           .read = blob_source_read,
		                           .block = 16 };
	struct predictor *p;
	struct err err = ERR_INIT;
	(void)state;

	basis.bases[0].dtype = DTYPE_BF16;
	basis.parts = (struct parts){ 20, 1, { { 0, 0, 10, 0, 10, 5, 30 } } };
	m->list[0].source.size = 2 * (5 + 9 * 30 + 10) - 1;
	assert_int_equal(predictor_new(&basis, DTYPE_BF16, &source, &p, &err),
	                 ERR_DAMAGED);
	m->list[0].source.size++;
	assert_int_equal(predictor_new(&basis, DTYPE_BF16, &source, &p, &err), 0);
	predictor_free(p);
	free(m);
}

/* ---------------------------------------------------------------- blob_source.h */

enum { FILE_BYTES = 3 * 1024 * 1024 + 77 };

static struct blob_source *open_file(const char *path)
{
	struct blob_source *s;
	struct err err = ERR_INIT;

	assert_int_equal(file_source_open(path, 11, FILE_BYTES - 11, &s, &err), 0);
	return s;
}

static void write_file(const char *path, uint8_t turn)
{
	uint8_t *bytes = malloc(FILE_BYTES);
	FILE *f = fopen(path, "wb");

	assert_true(bytes && f);
	for (size_t i = 0; i < FILE_BYTES; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 11);
	bytes[FILE_BYTES / 2] ^= turn;
	assert_int_equal(fwrite(bytes, 1, FILE_BYTES, f), FILE_BYTES);
	fclose(f);
	free(bytes);
}

static void bytes_used_in_part_are_proved_as_they_were_used(void **state)
{
	char path[] = "/tmp/zllm-test-source-XXXXXX";
	int fd = mkstemp(path);
	uint8_t *bytes = malloc(FILE_BYTES);
	struct err err = ERR_INIT;
	struct oid id;
	(void)state;

	assert_true(fd >= 0 && bytes);
	close(fd);
	write_file(path, 0);
	struct blob_source *s = open_file(path);
	assert_int_equal(blob_source_read(s, 0, FILE_BYTES - 11, bytes, &err), 0);
	assert_true(sha256_of(bytes, FILE_BYTES - 11, &id));
	/* In order, with gaps; past the end there are zeros. */
	assert_int_equal(blob_source_read_in_order(s, 2000000, 500, bytes, &err), 0);
	assert_int_equal(blob_source_read_in_order(s, 2000500, 1, bytes, &err), 0);
	assert_int_equal(blob_source_read_in_order(s, FILE_BYTES - 12, 5, bytes, &err),
	                 0);
	assert_int_equal(bytes[1], 0);
	assert_int_equal(blob_source_read_in_order(s, FILE_BYTES + 5000, 5, bytes, &err),
	                 0);
	assert_int_equal(blob_source_read_in_order(s, 5, 5, bytes, &err), ERR_INPUT);
	assert_int_equal(blob_source_prove(s, &id, &err), 0);
	blob_source_close(s);

	/* What was wrong when it was used is found, though the file is right by then. */
	write_file(path, 4);
	s = open_file(path);
	assert_int_equal(
		blob_source_read_in_order(s, FILE_BYTES / 2 - 20, 500, bytes, &err), 0);
	write_file(path, 0);
	assert_int_equal(blob_source_prove(s, &id, &err), ERR_DAMAGED);
	blob_source_close(s);
	unlink(path);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_make_the_whole_and_read_in_order),
		cmocka_unit_test(any_window_can_be_asked_for),
		cmocka_unit_test(a_base_that_is_too_short_is_damage),
		cmocka_unit_test(bytes_used_in_part_are_proved_as_they_were_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
