/* Whether a low-rank product pays: it is found where there is one, and only there. */
#include "tests/unit/trial_blob.h"

#include "codec/codec_table.h"
#include "codec/low_rank.h"
#include "codec/record.h"
#include "index/base/low_rank_trial.h"
#include "index/model/extent.h"

/* A tensor of BF16 and its base. */
struct pair {
	struct blob_file blob, base;
	struct extent extent;
	uint8_t *values, *old;
	uint64_t dims[3];
};

static void pair_make(struct pair *p, uint8_t *values, size_t rows, size_t columns)
{
	size_t bytes = 2 * rows * columns;

	p->values = values;
	p->old = weights_of(rows * columns, 1, 0);
	p->blob = blob_of(p->values, bytes, DTYPE_BF16);
	p->base = blob_of(p->old, bytes, DTYPE_BF16);
	p->extent = (struct extent){ .kind = EXTENT_TENSOR,
		                     .dtype = DTYPE_BF16,
		                     .size = bytes,
		                     .dim_count = 2,
		                     .dims = p->dims };
	p->dims[0] = rows;
	p->dims[1] = columns;
}

static void pair_end(struct pair *p)
{
	blob_close(&p->blob);
	blob_close(&p->base);
	free(p->values);
	free(p->old);
}

static const struct record_basis basis = { .base_count = 1,
	                                   .bases = { { .dtype = DTYPE_BF16 } } };

static struct low_rank *ask(void **state, const struct pair *p, const struct codec *codec,
                            unsigned *permille)
{
	struct bases bases = base_of(&p->base);
	const struct low_rank_task task = {
		transfer_of(state), &p->extent, &p->blob, codec, &basis, &bases
	};
	struct low_rank *found = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(low_rank_trial(&task, &found, permille, &err), 0);
	bases_close(&bases);
	return found;
}

static struct low_rank *ask_ulp(void **state, const struct pair *p, unsigned *permille)
{
	return ask(state, p, codec_by_id(CODEC_ULP), permille);
}

/* ---------------------------------------------------------------- rules */

static void a_merged_adapter_is_found_whatever_the_size(void **state)
{
	/* All of it looked at; samples of it. */
	static const size_t sizes[][2] = { { 200, 300 }, { 3000, 1000 } };
	enum { RANK = 4 };

	for (int i = 0; i < 2; i++) {
		struct pair p;
		unsigned permille = 77777;
		pair_make(&p, merged_of(sizes[i][0], sizes[i][1], RANK, 1), sizes[i][0],
		          sizes[i][1]);
		struct low_rank *l = ask_ulp(state, &p, &permille);
		assert_non_null(l);
		assert_in_range(l->rank, RANK, 2 * RANK);
		assert_int_equal(l->row, sizes[i][1]);
		assert_in_range(permille, 1, 150);
		low_rank_free(l);
		pair_end(&p);
	}
}

static void where_there_is_no_product_none_is_found(void **state)
{
	static const float steps[] = { 0, 1e-5f, 1e-3f };
	unsigned permille = 77777;

	for (int i = 0; i < 3; i++) {
		struct pair p;
		pair_make(&p, weights_of(300 * 500, 1, steps[i]), 300, 500);
		assert_null(ask_ulp(state, &p, &permille));
		pair_end(&p);
	}
	assert_int_equal(permille, 77777);
}

/* Products from strong to so weak that their factors cost what they save. */
static void a_product_that_gains_little_is_not_worth_its_time(void **state)
{
	unsigned kept = 0, dropped = 0;

	for (int i = 0; i < 12; i++) {
		struct codec strict = *codec_by_id(CODEC_ULP);
		struct pair p;
		unsigned permille = 0, again = 0;
		pair_make(&p, merged_of(200, 300, 2, 1.0f / (float)(1 << i)), 200, 300);
		struct low_rank *l = ask_ulp(state, &p, &permille);
		/* The policy says how much has to be gained: nothing is worth it here. */
		strict.policy.low_rank_keep_percent = 0;
		assert_null(ask(state, &p, &strict, &again));
		kept += l != NULL;
		dropped += l == NULL;
		low_rank_free(l);
		pair_end(&p);
	}
	assert_true(kept > 0 && dropped > 0);
}

static void only_matrices_of_some_size_are_looked_at(void **state)
{
	static const struct {
		unsigned count;
		uint64_t dims[3];
		bool found;
	} shapes[] = {
		{ 2, { 200, 300 }, true },  { 3, { 2, 100, 300 }, true },
		{ 1, { 60000 }, false },    { 0, { 0 }, false },
		{ 2, { 3000, 20 }, false }, { 2, { 20, 3000 }, false },
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct pair p;
		unsigned permille;
		pair_make(&p, merged_of(200, 300, 4, 1), 200, 300);
		p.extent.dim_count = shapes[i].count;
		memcpy(p.dims, shapes[i].dims, sizeof(shapes[i].dims));
		struct low_rank *l = ask_ulp(state, &p, &permille);
		assert_int_equal(l != NULL, shapes[i].found);
		low_rank_free(l);
		p.extent.dtype = DTYPE_I16;
		assert_null(ask_ulp(state, &p, &permille));
		pair_end(&p);
	}
}

static void a_tensor_that_ends_early_is_an_error(void **state)
{
	struct pair p;
	struct low_rank *found = NULL;
	unsigned permille;
	struct err err = ERR_INIT;

	pair_make(&p, merged_of(200, 300, 4, 1), 200, 300);
	assert_int_equal(ftruncate(p.blob.fd, 1000), 0);
	struct bases bases = base_of(&p.base);
	const struct low_rank_task task = { transfer_of(state),     &p.extent, &p.blob,
		                            codec_by_id(CODEC_ULP), &basis,    &bases };
	assert_true(low_rank_trial(&task, &found, &permille, &err) < 0);
	assert_null(found);
	bases_close(&bases);
	pair_end(&p);
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_merged_adapter_is_found_whatever_the_size),
		IN_WORLD(where_there_is_no_product_none_is_found),
		IN_WORLD(a_product_that_gains_little_is_not_worth_its_time),
		IN_WORLD(only_matrices_of_some_size_are_looked_at),
		IN_WORLD(a_tensor_that_ends_early_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
