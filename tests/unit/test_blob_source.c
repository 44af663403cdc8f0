/* One way to a blob's bytes: whatever has them, they read the same, end the same, and
 * are compared in one place; and the bases of a record, which are opened and closed
 * together. */
#include "codec/codec_table.h"
#include "index/blob/memory_source.h"
#include "index/blob/record_source.h"
#include "index/work/work_meter.h"
#include "tests/unit/trial_blob.h"

enum { BYTES = 700000 };

enum { PLACES = 4 };

/* One blob in all places. */
struct places {
	uint8_t *bytes;
	struct blob_file file;
	struct blob_source *list[PLACES];
};

static const char *const nouns[PLACES] = { "file", "record", "manifest of", "file" };

static void places_open(struct places *p, const struct transfer *t)
{
	struct work_meter meter = { .per_byte = 1 };
	struct blob_plan plan = { .codec = codec_by_id(CODEC_RAW), .meter = &meter };
	struct err err = ERR_INIT;
	uint64_t stored = 0;
	char path[64];

	p->bytes = noise_of(BYTES, 7);
	p->file = blob_of(p->bytes, BYTES, DTYPE_BF16);
	p->file.sum = xxh128_of(p->bytes, BYTES);
	assert_true(sha256_of(p->bytes, BYTES, &p->file.id));
	assert_int_equal(blob_put(t, &p->file, &plan, &stored, &err), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p->file.fd);
	assert_int_equal(file_source_open(path, 0, BYTES, &p->list[0], &err), 0);
	assert_int_equal(record_source_open_base(t, &p->file.id, &p->list[1], &err), 0);
	assert_int_equal(memory_source_open(p->bytes, BYTES, "m", &p->list[2], &err), 0);
	assert_int_equal(file_source_of(p->file.fd, 0, BYTES, &p->list[3], &err), 0);
}

static void places_close(struct places *p)
{
	for (int i = 0; i < PLACES; i++)
		blob_source_close(p->list[i]);
	blob_close(&p->file);
	free(p->bytes);
}

static void a_blob_reads_the_same_from_wherever_it_is_and_ends_in_zeros(void **state)
{
	static const struct {
		uint64_t offset;
		size_t n;
	} reads[] = { { 0, BYTES },     { 1, 5 },           { 65535, 300000 },
		      { BYTES - 3, 9 }, { BYTES, 4 },       { BYTES + 1000000, 8 },
		      { 0, 0 },         { UINT64_MAX, 16 }, { 0, BYTES + 100 } };
	struct places p;
	struct err err = ERR_INIT;
	uint8_t *want = calloc(1, BYTES + 100), *got = malloc(BYTES + 100);

	places_open(&p, transfer_of(state));
	for (size_t k = 0; k < sizeof(reads) / sizeof(reads[0]); k++) {
		uint64_t at = reads[k].offset < BYTES ? reads[k].offset : BYTES;
		size_t n = reads[k].n, have = BYTES - at < n ? BYTES - at : n;
		memset(want, 0, BYTES + 100);
		memcpy(want, p.bytes + at, have);
		for (int i = 0; i < PLACES; i++) {
			memset(got, 0xee, BYTES + 100);
			assert_int_equal(blob_source_read(p.list[i], reads[k].offset, n,
			                                  got, &err),
			                 0);
			assert_memory_equal(got, want, n);
		}
	}
	places_close(&p);
	free(want);
	free(got);
}

static void a_proof_can_be_asked_for_again_and_reads_change_nothing(void **state)
{
	struct places p;
	struct err err = ERR_INIT;
	uint8_t some[100];

	places_open(&p, transfer_of(state));
	for (int i = 0; i < PLACES; i++) {
		struct blob_source *s = p.list[i];
		assert_int_equal(blob_source_prove(s, &p.file.id, &err), 0);
		assert_int_equal(blob_source_read(s, 5000, 100, some, &err), 0);
		assert_int_equal(blob_source_read_in_order(s, 70000, 100, some, &err), 0);
		assert_int_equal(blob_source_prove(s, &p.file.id, &err), 0);
		assert_int_equal(blob_source_prove(s, &p.file.id, &err), 0);
	}
	places_close(&p);
}

static void bytes_that_are_not_the_names_are_damage_and_the_error_says_where(void **state)
{
	struct oid other = { { 1 } };
	struct places p;

	places_open(&p, transfer_of(state));
	for (int i = 0; i < PLACES; i++) {
		struct err err = ERR_INIT;
		assert_int_equal(blob_source_prove(p.list[i], &other, &err), ERR_DAMAGED);
		assert_int_equal(strncmp(err.text, nouns[i], strlen(nouns[i])), 0);
		assert_non_null(strstr(err.text, p.list[i]->name));
	}
	places_close(&p);
}

struct gathered {
	uint8_t *bytes;
	uint64_t next;
	uint64_t limit; /* then it fails */
};

static int gather(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                  struct err *err)
{
	struct gathered *g = ctx;

	assert_int_equal(offset, g->next);
	if (offset >= g->limit)
		return err_set(err, ERR_IO, "no more");
	memcpy(g->bytes + offset, bytes, n);
	g->next += n;
	return 0;
}

static void all_of_it_comes_in_order_and_its_sum_is_compared_at_the_end(void **state)
{
	uint8_t *got = malloc(BYTES);
	struct xxh128 other = { { 9 } };
	struct places p;

	places_open(&p, transfer_of(state));
	for (int i = 0; i < PLACES; i++) {
		struct gathered g = { got, 0, UINT64_MAX }, again = g,
				none = { got, 0, 0 };
		struct err err = ERR_INIT;
		memset(got, 0, BYTES);
		assert_int_equal(
			blob_source_each_summed(p.list[i], &p.file.sum, gather, &g, &err),
			0);
		assert_int_equal(g.next, BYTES);
		assert_memory_equal(got, p.bytes, BYTES);
		assert_int_equal(
			blob_source_each_summed(p.list[i], &other, gather, &again, &err),
			ERR_DAMAGED);
		assert_int_equal(again.next, BYTES);
		assert_int_equal(blob_source_each(p.list[i], gather, &none, &err),
		                 ERR_IO);
	}
	places_close(&p);
	free(got);
}

static void a_sum_alone_may_be_asked_for_and_the_transfers_stop_ends_it(void **state)
{
	atomic_bool stop = false;
	struct transfer view = transfer_view(transfer_of(state), 1, &stop);
	struct xxh128 other = { { 9 } };
	struct places p;
	struct err err = ERR_INIT;

	places_open(&p, transfer_of(state));
	for (int i = 0; i < PLACES; i++) {
		struct blob_source *s = p.list[i];
		s->transfer = &view;
		stop = false;
		assert_int_equal(
			blob_source_each_summed(s, &p.file.sum, NULL, NULL, &err), 0);
		assert_int_equal(blob_source_each_summed(s, &other, NULL, NULL, &err),
		                 ERR_DAMAGED);
		stop = true;
		assert_int_equal(
			blob_source_each_summed(s, &p.file.sum, NULL, NULL, &err),
			ERR_INTERRUPTED);
	}
	places_close(&p);
}

static void a_local_file_that_got_shorter_is_damage_and_is_named(void **state)
{
	struct places p;
	struct err err = ERR_INIT;
	uint8_t some[10];

	places_open(&p, transfer_of(state));
	assert_int_equal(ftruncate(p.file.fd, BYTES - 5), 0);
	assert_int_equal(blob_source_read(p.list[0], BYTES - 10, 5, some, &err), 0);
	assert_int_equal(blob_source_read(p.list[0], BYTES - 10, 10, some, &err),
	                 ERR_DAMAGED);
	assert_non_null(strstr(err.text, p.list[0]->name));
	places_close(&p);
}

/* ---------------------------------------------------------------- bases.h */

/* Sources that count how many of them are open. */
struct counted {
	struct blob_source source;
	int *open;
};

static int read_nothing(struct blob_source *s, uint64_t offset, size_t n, uint8_t *dst,
                        struct err *err)
{
	(void)s;
	(void)offset;
	(void)err;
	memset(dst, 0, n);
	return 0;
}

static void close_counted(struct blob_source *s)
{
	--*((struct counted *)s)->open;
	free(s);
}

static const struct blob_source_kind counted_kind = { "counted", read_nothing,
	                                              close_counted };

static struct blob_source *counted_new(int *open)
{
	struct counted *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->source =
		(struct blob_source){ .kind = &counted_kind, .name = "", .window = 1 };
	c->open = open;
	++*open;
	return &c->source;
}

/* Which base is missing. */
struct opening {
	int *open;
	uint8_t missing;
};

static int open_counted(const void *ctx, const struct record_base *base,
                        struct blob_source **out, struct err *err)
{
	const struct opening *o = ctx;

	if (base->id.bytes[0] == o->missing)
		return err_set(err, ERR_MISSING, "no such base");
	*out = counted_new(o->open);
	return 0;
}

static void bases_are_open_all_or_none(void **state)
{
	int open = 0;
	struct record_basis basis = { .base_count = RECORD_BASES_MAX };
	struct opening opening = { &open, 0xff };
	const struct bases_opener opener = { open_counted, &opening };
	struct bases b;
	struct err err = ERR_INIT;
	(void)state;

	for (unsigned i = 0; i < RECORD_BASES_MAX; i++)
		basis.bases[i].id.bytes[0] = (uint8_t)i;
	assert_int_equal(bases_open(&b, &basis, &opener, &err), 0);
	assert_int_equal(b.count, RECORD_BASES_MAX);
	assert_int_equal(open, RECORD_BASES_MAX);
	bases_replace(&b, 1, counted_new(&open));
	assert_int_equal(open, RECORD_BASES_MAX);
	bases_close(&b);
	assert_int_equal(open, 0);
	bases_close(&b);

	for (unsigned i = 0; i < RECORD_BASES_MAX; i++) {
		opening.missing = (uint8_t)i;
		assert_int_equal(bases_open(&b, &basis, &opener, &err), ERR_MISSING);
		assert_int_equal(open, 0);
		assert_int_equal(b.count, 0);
	}
}

static void a_base_that_is_another_is_found_whichever_it_is(void **state)
{
	struct err err = ERR_INIT;

	for (unsigned wrong = 0; wrong < 4; wrong++) {
		struct record_basis basis = { .base_count = 3 };
		struct bases b = { .count = 3 };
		uint8_t bytes[3][10];
		for (unsigned i = 0; i < 3; i++) {
			memset(bytes[i], (int)i + 1, 10);
			assert_true(sha256_of(bytes[i], 10, &basis.bases[i].id));
			bytes[i][4] ^= i == wrong;
			assert_int_equal(
				memory_source_open(bytes[i], 10, "m", &b.list[i], &err),
				0);
		}
		assert_int_equal(bases_prove(&b, &basis, &err),
		                 wrong < 3 ? ERR_DAMAGED : 0);
		bases_close(&b);
	}
	(void)state;
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_blob_reads_the_same_from_wherever_it_is_and_ends_in_zeros),
		IN_WORLD(a_proof_can_be_asked_for_again_and_reads_change_nothing),
		IN_WORLD(
			bytes_that_are_not_the_names_are_damage_and_the_error_says_where),
		IN_WORLD(all_of_it_comes_in_order_and_its_sum_is_compared_at_the_end),
		IN_WORLD(a_sum_alone_may_be_asked_for_and_the_transfers_stop_ends_it),
		IN_WORLD(a_local_file_that_got_shorter_is_damage_and_is_named),
		cmocka_unit_test(bases_are_open_all_or_none),
		cmocka_unit_test(a_base_that_is_another_is_found_whichever_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
