/* Likes of a tensor among the models that hints name: which, in what order, and how many
 * manifests are read for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/codec.h"
#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/base/relatives.h"
#include "index/blob/transfer.h"
#include "index/store/store_memory.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/sketched_model.h"

enum { TENSORS = 6, HINTS_MAX = 16 };

struct fixture {
	struct store *store;
	struct transfer transfer;
};

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;

	if (!f || store_memory_new(&f->store, &err))
		return -1;
	*state = f;
	return transfer_borrow(&f->transfer, f->store, 1, &err);
}

static int end(void **state)
{
	struct fixture *f = *state;

	transfer_return(&f->transfer);
	store_close(f->store);
	free(f);
	return 0;
}

/* ---------------------------------------------------------------- words */

/* A model by its descent: those of one family are near by how little they drifted. */
static struct sketched_model *model(uint64_t family, uint64_t own, double drift)
{
	struct sketched_model *m = malloc(sizeof(*m));
	struct descent descent = { family, own, drift };

	assert_non_null(m);
	sketched_model_part(m, &descent, 0, TENSORS);
	return m;
}

static void put(struct fixture *f, const struct sketched_model *m)
{
	assert_int_equal(manifest_put(f->store, &m->manifest, NULL, NULL), 0);
}

/* Hints at models, best first. */
struct asking {
	struct base_hint list[HINTS_MAX];
	struct base_hints hints;
	struct relatives *relatives;
	struct relative likes[RELATIVES_LIKES_MAX];
};

static void hint_at(struct asking *a, const struct sketched_model *m,
                    enum base_source source)
{
	a->list[a->hints.count++] = (struct base_hint){ .oid = m->manifest.oid,
		                                        .source = source };
	a->hints.list = a->list;
}

static void load(struct fixture *f, struct asking *a, const struct sketched_model *m)
{
	struct err err = ERR_INIT;

	assert_int_equal(relatives_new(m->wanted, TENSORS, &a->relatives, &err), 0);
	if (relatives_load(a->relatives, &f->transfer, &a->hints, &err))
		fail_msg("%s", err.text);
}

/* The likes of tensor `i` are those of `models`, in that order, and no more. */
static void assert_likes(struct asking *a, const struct sketched_model *m, size_t i,
                         const struct sketched_model *const *models)
{
	size_t n = relatives_like(a->relatives, m->wanted[i], a->likes), want = 0;

	for (; models[want]; want++) {
		assert_true(want < n);
		assert_true(oid_equal(&a->likes[want].relation.bases[0]->id,
		                      &models[want]->list[i].id));
	}
	assert_int_equal(n, want);
}

#define MODELS(...) ((const struct sketched_model *const[]){ __VA_ARGS__, NULL })
#define NO_MODELS ((const struct sketched_model *const[]){ NULL })

static void finish(struct asking *a, struct sketched_model **models, size_t count)
{
	relatives_free(a->relatives);
	for (size_t i = 0; i < count; i++)
		free(models[i]);
}

/* ---------------------------------------------------------------- rules */

/* Each drifted so far that none ends the search. */
static void the_nearest_ranks_first_whoever_was_named_before(void **state)
{
	struct sketched_model *m[] = { model(1, 1, 0.5), model(1, 2, 0.9),
		                       model(1, 3, 0.02) };
	struct asking a = { .hints = BASE_HINTS_INIT };

	put(*state, m[1]);
	put(*state, m[2]);
	hint_at(&a, m[1], BASE_SOURCE_HISTORY);
	hint_at(&a, m[2], BASE_SOURCE_CARD);
	load(*state, &a, m[0]);
	for (size_t i = 0; i < TENSORS; i++) {
		assert_likes(&a, m[0], i, MODELS(m[2], m[1]));
		assert_true(a.likes[0].gap.known);
		assert_true(a.likes[0].gap.steps < a.likes[1].gap.steps);
		assert_ptr_equal(a.likes[0].hint, &a.list[1]);
	}
	finish(&a, m, 3);
}

static void what_the_user_named_ranks_first_however_far(void **state)
{
	struct sketched_model *m[] = { model(1, 1, 0.02), model(1, 0, 0),
		                       model(2, 0, 0) };
	struct asking a = { .hints = BASE_HINTS_INIT };

	put(*state, m[1]);
	put(*state, m[2]);
	hint_at(&a, m[2], BASE_SOURCE_USER);
	hint_at(&a, m[1], BASE_SOURCE_HISTORY);
	load(*state, &a, m[0]);
	/* And it is enough: nothing else was read. */
	assert_likes(&a, m[0], 0, MODELS(m[2]));
	assert_int_equal(relatives_requests(a.relatives), 1);
	finish(&a, m, 3);
}

static void reading_ends_where_all_are_near_enough(void **state)
{
	struct sketched_model *m[] = { model(1, 1, 0.01), model(1, 0, 0),
		                       model(1, 2, 0.01) };
	struct asking a = { .hints = BASE_HINTS_INIT };

	put(*state, m[1]);
	put(*state, m[2]);
	hint_at(&a, m[1], BASE_SOURCE_HISTORY);
	hint_at(&a, m[2], BASE_SOURCE_HISTORY);
	load(*state, &a, m[0]);
	assert_int_equal(relatives_requests(a.relatives), 1);
	assert_true(relatives_suffice(a.relatives));
	for (size_t i = 0; i < TENSORS; i++)
		assert_true(relatives_satisfied(a.relatives, m[0]->wanted[i]));
	finish(&a, m, 3);
}

/* As a delta of the base that took `delta` thousandths, where it takes 650 solo. */
static void derive_from(struct sketched_model *m, const struct sketched_model *base,
                        unsigned delta)
{
	for (size_t i = 0; i < TENSORS; i++) {
		struct extent_finding *f = &m->findings[i];
		f->base_count = 1;
		memcpy(f->bases[0], base->list[i].id.bytes, EXTENT_BASE_PREFIX);
		f->tried_count = 1;
		f->tried[0] = (struct extent_trial){ CODEC_FLOAT, 650 };
		f->candidate_count = 1;
		f->candidates[0] = (struct extent_candidate){ .dtype = DTYPE_BF16,
			                                      .permille = (uint16_t)delta,
			                                      .id = base->list[i].id };
	}
}

/* Version after version is near to the one before; the one that all stand on is far. */
static void what_is_near_but_drifted_from_its_base_does_not_end_the_search(void **state)
{
	struct sketched_model *m[] = { model(1, 1, 0.02), model(1, 2, 0.02),
		                       model(1, 3, 0.03), model(1, 0, 0) };

	put(*state, m[2]);
	for (unsigned delta = 200; delta <= 400; delta += 200) {
		struct asking a = { .hints = BASE_HINTS_INIT };
		derive_from(m[1], m[3], delta);
		m[1]->manifest.oid.bytes[0] = (uint8_t)delta;
		put(*state, m[1]);
		hint_at(&a, m[1], BASE_SOURCE_HISTORY);
		hint_at(&a, m[2], BASE_SOURCE_CARD);
		load(*state, &a, m[0]);
		assert_true(relatives_found(a.relatives));
		assert_int_equal(relatives_requests(a.relatives), delta > 325 ? 2 : 1);
		size_t likes = relatives_like(a.relatives, m[0]->wanted[0], a.likes);
		assert_int_equal(likes, delta > 325 ? 2 : 1);
		relatives_free(a.relatives);
	}
	for (size_t i = 0; i < 4; i++)
		free(m[i]);
}

/* Two deltas against one base stand for that base, which is tried once. */
static void likes_on_the_same_base_are_one(void **state)
{
	struct sketched_model *m[] = { model(1, 1, 0.5), model(1, 2, 0.9),
		                       model(1, 3, 0.8) };
	struct asking a = { .hints = BASE_HINTS_INIT };

	for (size_t k = 1; k < 3; k++) {
		for (size_t i = 0; i < TENSORS; i++) {
			m[k]->findings[i].base_count = 1;
			memset(m[k]->findings[i].bases[0], 7 + (int)i,
			       EXTENT_BASE_PREFIX);
		}
		put(*state, m[k]);
		hint_at(&a, m[k], BASE_SOURCE_HISTORY);
	}
	load(*state, &a, m[0]);
	assert_int_equal(relatives_requests(a.relatives), 2);
	assert_likes(&a, m[0], 0, MODELS(m[1]));
	finish(&a, m, 3);
}

static void another_shape_is_no_like_and_more_rows_are(void **state)
{
	static const uint64_t wide[] = { SKETCHED_ROWS, 2 * SKETCHED_COLUMNS },
			      tall[] = { 2 * SKETCHED_ROWS, SKETCHED_COLUMNS };
	struct sketched_model *m[] = { model(1, 1, 0.5), model(1, 0, 0) };
	struct extent other = m[1]->list[0];

	(void)state;
	assert_true(relatives_alike(m[0]->wanted[0], &other));
	other.dims = wide;
	assert_false(relatives_alike(m[0]->wanted[0], &other));
	other.dims = tall;
	assert_true(relatives_alike(m[0]->wanted[0], &other));
	other.dim_count = 1;
	assert_false(relatives_alike(m[0]->wanted[0], &other));
	other = m[1]->list[0];
	other.dtype = DTYPE_F32; /* by a cast */
	assert_true(relatives_alike(m[0]->wanted[0], &other));
	other.dtype = DTYPE_I8;
	assert_false(relatives_alike(m[0]->wanted[0], &other));
	free(m[0]);
	free(m[1]);
}

static void hints_at_what_is_not_there_or_is_damaged_are_passed_over(void **state)
{
	struct fixture *f = *state;
	struct sketched_model *m[] = { model(1, 1, 0.02), model(1, 4, 0.02),
		                       model(1, 5, 0.03), model(1, 0, 0) };
	struct asking a = { .hints = BASE_HINTS_INIT };
	char key[KEY_MAX];

	key_object(&m[2]->manifest.oid, key);
	assert_int_equal(store_put_all(f->store, key, "ZLLMMAN", 7, NULL), 0);
	put(f, m[3]);
	hint_at(&a, m[1], BASE_SOURCE_HISTORY);
	hint_at(&a, m[2], BASE_SOURCE_HISTORY);
	hint_at(&a, m[3], BASE_SOURCE_HISTORY);
	load(f, &a, m[0]);
	assert_likes(&a, m[0], 0, MODELS(m[3]));
	finish(&a, m, 4);
}

static void without_hints_there_are_no_likes(void **state)
{
	struct sketched_model *m[] = { model(1, 1, 0) };
	struct asking a = { .hints = BASE_HINTS_INIT };

	load(*state, &a, m[0]);
	assert_likes(&a, m[0], 0, NO_MODELS);
	assert_false(relatives_satisfied(a.relatives, m[0]->wanted[0]));
	assert_false(relatives_suffice(a.relatives));
	finish(&a, m, 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_nearest_ranks_first_whoever_was_named_before),
		CASE(what_the_user_named_ranks_first_however_far),
		CASE(reading_ends_where_all_are_near_enough),
		CASE(what_is_near_but_drifted_from_its_base_does_not_end_the_search),
		CASE(likes_on_the_same_base_are_one),
		CASE(another_shape_is_no_like_and_more_rows_are),
		CASE(hints_at_what_is_not_there_or_is_damaged_are_passed_over),
		CASE(without_hints_there_are_no_likes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
