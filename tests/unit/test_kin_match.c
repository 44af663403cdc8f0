/* Tensors of two models are matched by what they hold: whatever they are called, wherever
 * their layers went. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/base/kin_key.h"
#include "index/base/kin_match.h"
#include "index/base/layer_name.h"
#include "tests/unit/sketched_model.h"

enum { LAYERS = 8, IN_LAYER = SKETCHED_IN_LAYER };

static const struct descent base_of_all = { 1, 0, 0 }, tuned = { 1, 1, 0.02 },
			    far_tuned = { 1, 2, 0.6 }, stranger = { 2, 0, 0 };

/* ---------------------------------------------------------------- words */

static const unsigned as_they_are[] = { 0, 1, 2, 3, 4, 5, 6, 7 };

static struct sketched_model *model(const struct descent *descent, const unsigned *layers,
                                    unsigned count)
{
	struct sketched_model *m = malloc(sizeof(*m));

	assert_non_null(m);
	sketched_model_layers(m, descent, layers, count);
	return m;
}

/* Matches all of `m` in `base`; the caller frees. */
static struct kin_match *match(const struct sketched_model *m,
                               const struct sketched_model *base)
{
	size_t count = m->manifest.extents.count;
	struct kin_match *out = calloc(count + 1, sizeof(*out));
	const struct kin_task task = { m->wanted, count, &base->manifest.extents };
	struct err err = ERR_INIT;

	assert_non_null(out);
	assert_int_equal(kin_match(&task, out, &err), 0);
	return out;
}

/* Layer i of `m` is from layer from[i] of `base`. */
static void assert_from(const struct sketched_model *m, const struct sketched_model *base,
                        const unsigned *from)
{
	struct kin_match *found = match(m, base);

	for (size_t i = 0; i < m->manifest.extents.count; i++) {
		size_t want = from[i / IN_LAYER] * IN_LAYER + i % IN_LAYER;
		assert_ptr_equal(found[i].base, &base->list[want]);
		assert_true(found[i].gap.known);
	}
	free(found);
}

static void check_layers(const unsigned *from, unsigned count)
{
	struct sketched_model *base = model(&base_of_all, as_they_are, LAYERS),
			      *m = model(&tuned, from, count);

	assert_from(m, base, from);
	sketched_model_rename(m);
	assert_from(m, base, from);
	free(base);
	free(m);
}

#define CHECK_LAYERS(...)                                           \
	do {                                                        \
		static const unsigned from[] = { __VA_ARGS__ };     \
		check_layers(from, sizeof(from) / sizeof(from[0])); \
	} while (0)

/* ---------------------------------------------------------------- rules */

static void a_renamed_model_is_matched(void **state)
{
	(void)state;
	CHECK_LAYERS(0, 1, 2, 3, 4, 5, 6, 7);
}

static void layers_that_were_dropped_shift_the_others(void **state)
{
	(void)state;
	CHECK_LAYERS(0, 1, 2, 4, 5, 6, 7);
	CHECK_LAYERS(3, 4);
}

static void layers_that_were_doubled_have_one_base(void **state)
{
	(void)state;
	CHECK_LAYERS(0, 1, 2, 3, 4, 5, 2, 3, 4, 5, 6, 7);
}

static void layers_in_any_order_are_found(void **state)
{
	(void)state;
	CHECK_LAYERS(7, 6, 5, 4, 3, 2, 1, 0);
	CHECK_LAYERS(4, 0, 6, 2, 7, 1);
}

static void a_stranger_is_matched_to_nothing(void **state)
{
	struct sketched_model *base = model(&base_of_all, as_they_are, LAYERS),
			      *m = model(&stranger, as_they_are, LAYERS);
	struct kin_match *found = match(m, base);

	(void)state;
	for (size_t i = 0; i < m->manifest.extents.count; i++)
		assert_null(found[i].base);
	free(found);
	free(base);
	free(m);
}

/* So far that the sketches of some alone are not near; those that are carry them. */
static void what_no_sketch_tells_its_neighbours_do(void **state)
{
	static const unsigned from[] = { 2, 3, 4, 5, 6, 7 };
	struct sketched_model *base = model(&base_of_all, as_they_are, LAYERS),
			      *m = model(&far_tuned, from, 6);
	struct kin_match *found = match(m, base);
	unsigned near = 0, told = 0;

	(void)state;
	sketched_model_rename(m);
	for (size_t i = 0; i < m->manifest.extents.count; i++) {
		if (!found[i].base)
			continue;
		assert_ptr_equal(found[i].base, &base->list[2 * IN_LAYER + i]);
		if (sketch_gap_class(DTYPE_BF16, &found[i].gap) <= GAP_NEAR)
			near++;
		else
			told++;
	}
	print_message("%u near, %u told by their neighbours, of %zu\n", near, told,
	              m->manifest.extents.count);
	assert_true(near > 0 && told > 0);
	free(found);
	free(base);
	free(m);
}

/* The base has two copies of each layer, as alike as can be. */
static void of_two_as_near_the_name_decides(void **state)
{
	static const unsigned twice[] = { 0, 1, 2, 0, 1, 2 };
	struct sketched_model *base = model(&base_of_all, twice, 6),
			      *m = model(&tuned, twice, 6);

	(void)state;
	for (size_t i = 0; i < base->manifest.extents.count; i++)
		base->list[i].id.bytes[0] = (uint8_t)i; /* not the same blob */
	struct kin_match *found = match(m, base);
	for (size_t i = 0; i < m->manifest.extents.count; i++)
		assert_ptr_equal(found[i].base, &base->list[i]);
	free(found);
	free(base);
	free(m);
}

/* Where names tell nothing, the second copy is for the second. */
static void of_two_as_near_each_gets_one(void **state)
{
	static const unsigned twice[] = { 0, 0 };
	struct sketched_model *base = model(&base_of_all, twice, 2),
			      *m = model(&tuned, twice, 2);
	unsigned used[2 * IN_LAYER] = { 0 };

	(void)state;
	for (size_t i = 0; i < base->manifest.extents.count; i++) {
		snprintf(m->names[i], sizeof(m->names[i]), "w%zu", i);
		base->list[i].id.bytes[0] = (uint8_t)i;
	}
	struct kin_match *found = match(m, base);
	for (size_t i = 0; i < m->manifest.extents.count; i++)
		used[found[i].base - base->list]++;
	for (size_t i = 0; i < 2 * IN_LAYER; i++)
		assert_int_equal(used[i], 1);
	free(found);
	free(base);
	free(m);
}

static void a_sketch_of_few_values_tells_nothing(void **state)
{
	struct sketched_model *base = model(&base_of_all, as_they_are, 1),
			      *m = model(&tuned, as_they_are, 1);

	(void)state;
	memset(base->findings[0].sketch.values, 0, SKETCH_BYTES);
	memset(m->findings[0].sketch.values, 0, SKETCH_BYTES);
	assert_false(kin_is_telling(m->wanted[0]));
	assert_true(kin_is_telling(m->wanted[1]));
	struct kin_match *found = match(m, base);
	assert_null(found[0].base);
	assert_ptr_equal(found[1].base, &base->list[1]);
	free(found);
	free(base);
	free(m);
}

static void tensors_are_compared_that_sketches_can_compare(void **state)
{
	static const uint64_t taller[] = { SKETCHED_ROWS + 8, SKETCHED_COLUMNS },
			      wide[] = { SKETCHED_ROWS / 2, 2 * SKETCHED_COLUMNS };
	struct sketched_model *m = model(&tuned, as_they_are, 1);
	struct extent x = m->list[0];
	uint64_t key = kin_key(&x);

	(void)state;
	assert_true(kin_key_fits(key));
	x.dtype = DTYPE_F16; /* casts have one key */
	assert_true(kin_key(&x) == key);
	x.dtype = DTYPE_U16;
	assert_true(kin_key(&x) != key);
	x = m->list[0];
	x.dims = taller; /* rows that were added */
	x.size = 2 * taller[0] * taller[1];
	assert_true(kin_key(&x) == key);
	x.dims = wide;
	x.size = m->list[0].size;
	assert_true(kin_key(&x) != key);
	free(m);
}

static void a_layer_is_the_first_part_that_is_a_number(void **state)
{
	static const struct {
		const char *name;
		size_t head;
		unsigned layer;
		const char *tail;
	} good[] = {
		{ "model.layers.17.mlp.experts.3.up", 13, 17, ".mlp.experts.3.up" },
		{ "0.weight", 0, 0, ".weight" },
		{ "a.12", 2, 12, "" },
		{ "layer1.0.conv", 7, 0, ".conv" },
		{ "x.1234567890.7", 13, 7, "" },
	};
	static const char *const bad[] = { "",           ".",   "w1.x2", "lm_head.weight",
		                           "9999999999", "a..b" };
	struct layer_name n;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(layer_name_of(good[i].name, &n));
		assert_int_equal(n.head_length, good[i].head);
		assert_int_equal(n.layer, good[i].layer);
		assert_string_equal(n.tail, good[i].tail);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(layer_name_of(bad[i], &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_renamed_model_is_matched),
		cmocka_unit_test(layers_that_were_dropped_shift_the_others),
		cmocka_unit_test(layers_that_were_doubled_have_one_base),
		cmocka_unit_test(layers_in_any_order_are_found),
		cmocka_unit_test(a_stranger_is_matched_to_nothing),
		cmocka_unit_test(what_no_sketch_tells_its_neighbours_do),
		cmocka_unit_test(of_two_as_near_the_name_decides),
		cmocka_unit_test(of_two_as_near_each_gets_one),
		cmocka_unit_test(a_sketch_of_few_values_tells_nothing),
		cmocka_unit_test(tensors_are_compared_that_sketches_can_compare),
		cmocka_unit_test(a_layer_is_the_first_part_that_is_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
