/* A store's tensors in groups: what is planned together, what is pinned, and what lies in
 * manifests and names that somebody made to hurt. */
#include "tests/unit/recompact_world.h"

#include "index/recompact/group_costs.h"
#include "tests/unit/exhaustive_plan.h"
#include "tests/unit/generated_stock.h"

/* ---------------------------------------------------------------- words */

/* A tensor of a manifest that exists only here. */
struct tensor {
	struct extent extent;
	struct extent_finding finding;
};

static const uint64_t shape[] = { 256, 256 };

static struct oid id_of(unsigned number)
{
	struct oid id;

	assert_true(sha256_of(&number, sizeof(number), &id));
	return id;
}

static void tensor_make(struct tensor *t, unsigned number, const char *name)
{
	memset(t, 0, sizeof(*t));
	t->extent = (struct extent){ .size = 2 * 256 * 256,
		                     .name = name,
		                     .dims = shape,
		                     .dim_count = 2,
		                     .finding = &t->finding,
		                     .id = id_of(number),
		                     .kind = EXTENT_TENSOR,
		                     .dtype = DTYPE_BF16 };
	t->finding.sketch = (struct tensor_sketch){ .known = true,
		                                    .band = (uint8_t)number };
}

static void add_tensor(struct stock *s, struct tensor *t)
{
	struct manifest m = { .extents = { .list = &t->extent, .count = 1 } };

	m.oid = t->extent.id;
	assert_int_equal(stock_add_manifest(s, &m, NULL), 0);
}

static void add_blob(struct stock *s, unsigned number, const char *name)
{
	struct tensor t;

	tensor_make(&t, number, name);
	add_tensor(s, &t);
}

/* The record of blob `number`, on `base` unless that is 0. */
static void add_record(struct stock *s, unsigned number, unsigned base)
{
	struct key_record r = { .id = id_of(number), .base_count = base != 0 };
	struct oid on = id_of(base);

	memcpy(r.bases[0], on.bytes, KEY_BASE_PREFIX);
	assert_int_equal(stock_add_record(s, &r, 1000, NULL), 0);
}

static const struct stock_blob *blob_of(const struct stock *s, unsigned number)
{
	struct oid id = id_of(number);

	for (size_t i = 0; i < s->blobs.size / sizeof(struct stock_blob); i++)
		if (oid_equal(&stock_blob_at(s, i)->id, &id))
			return stock_blob_at(s, i);
	return NULL;
}

/* ---------------------------------------------------------------- rules */

static void tensors_of_one_name_are_a_group(void **state)
{
	struct stock s;

	(void)state;
	stock_init(&s);
	add_blob(&s, 1, "a");
	add_blob(&s, 2, "model.a");
	add_blob(&s, 3, "b");
	add_blob(&s, 1, "c"); /* the same bytes under another name: once */
	assert_int_equal(stock_close(&s, NULL), 0);
	assert_int_equal(s.groups, 2);
	assert_int_equal(blob_of(&s, 1)->group, blob_of(&s, 2)->group);
	assert_int_not_equal(blob_of(&s, 1)->group, blob_of(&s, 3)->group);
	stock_wipe(&s);
}

static void a_group_has_no_more_than_a_plan_can_take(void **state)
{
	enum { MANY = 3000 };
	struct stock s;
	size_t first, all = 0;

	(void)state;
	stock_init(&s);
	for (unsigned i = 0; i < MANY; i++)
		add_blob(&s, i, "a");
	assert_int_equal(stock_close(&s, NULL), 0);
	assert_int_equal(s.groups, 3);
	for (size_t g = 0; g < s.groups; g++) {
		assert_true(stock_group(&s, g, &first) <= BASE_PLAN_MAX);
		all += stock_group(&s, g, &first);
	}
	assert_int_equal(all, MANY);
	stock_wipe(&s);
}

static void what_is_stood_on_from_elsewhere_is_pinned(void **state)
{
	struct stock s;

	(void)state;
	stock_init(&s);
	add_blob(&s, 1, "a");
	add_blob(&s, 2, "a");
	add_blob(&s, 3, "b");
	add_blob(&s, 4, "a");
	for (unsigned i = 1; i <= 4; i++)
		add_record(&s, i, 0);
	add_record(&s, 2, 1);  /* of its group: not pinned by that */
	add_record(&s, 3, 2);  /* from another group */
	add_record(&s, 99, 4); /* of a blob that nobody knows */
	assert_int_equal(stock_close(&s, NULL), 0);
	assert_false(blob_of(&s, 1)->flags & STOCK_PINNED);
	assert_true(blob_of(&s, 2)->flags & STOCK_PINNED);
	assert_true(blob_of(&s, 4)->flags & STOCK_PINNED);
	stock_wipe(&s);
}

static void a_base_without_a_manifest_is_among_those_that_stand_on_it(void **state)
{
	struct stock s;

	(void)state;
	stock_init(&s);
	add_blob(&s, 1, "a");
	add_record(&s, 1, 7);
	add_record(&s, 7, 0);
	assert_int_equal(stock_close(&s, NULL), 0);
	assert_non_null(blob_of(&s, 7));
	assert_int_equal(blob_of(&s, 7)->group, blob_of(&s, 1)->group);
	assert_false(blob_of(&s, 7)->flags & (STOCK_NEEDED | STOCK_PINNED));
	stock_wipe(&s);
}

/* Names of records can say anything: cycles, themselves, what is not there. */
static void cycles_and_self_bases_are_no_records_to_read_from(void **state)
{
	struct stock s;
	struct group_costs c;

	(void)state;
	stock_init(&s);
	for (unsigned i = 1; i <= 4; i++)
		add_blob(&s, i, "a");
	add_record(&s, 1, 2);
	add_record(&s, 2, 1);
	add_record(&s, 3, 3);
	add_record(&s, 4, 77);
	assert_int_equal(stock_close(&s, NULL), 0);
	assert_int_equal(s.groups, 1);
	assert_int_equal(group_costs_make(&c, &s, 0, NULL), 0);
	for (size_t i = 0; i < c.count; i++)
		assert_true(c.members[i].lost);
	group_costs_wipe(&c);
	stock_wipe(&s);
}

/* 300 models, 12 families, two architectures: at the cost of the best plan. */
static void a_large_store_is_planned_at_its_best(void **state)
{
	enum { MODELS = 300, FAMILIES = 12, EACH = 6 };
	struct stock s;
	uint64_t mine = 0, best = 0;

	(void)state;
	generated_stock(&s, MODELS, FAMILIES, EACH);
	assert_int_equal(stock_close(&s, NULL), 0);
	assert_int_equal(s.groups, 2 * EACH);
	for (size_t g = 0; g < s.groups; g++) {
		struct group_costs c;
		uint32_t plan[BASE_PLAN_MAX];
		assert_int_equal(group_costs_make(&c, &s, g, NULL), 0);
		assert_int_equal(base_plan_make(&c.plan, c.now, plan, NULL), 0);
		mine += base_plan_cost(&c.plan, plan);
		best += exhaustive_group(&c.plan);
		group_costs_wipe(&c);
	}
	print_message("%.3f %% above the best plan\n",
	              100.0 * ((double)mine / (double)best - 1));
	assert_true(mine * 100 <= best * 102);
	stock_wipe(&s);
}

/* ---------------------------------------------------------------- made to hurt */

/* Puts a manifest that lists the first tensor of `victim` as something else. */
static void put_lie(struct store *s, const struct model_file *victim, struct tensor *lie,
                    unsigned number)
{
	struct manifest m = { .oid = id_of(number) }, true_one;
	struct err err = ERR_INIT;

	assert_int_equal(manifest_get(s, &victim->oid, manifest_parse, &true_one, &err),
	                 0);
	lie->extent.id = true_one.extents.list[1].id;
	lie->extent.sum = true_one.extents.list[1].sum;
	m.extents = (struct extents){ .model = MODEL_SAFETENSORS,
		                      .size = lie->extent.size,
		                      .list = &lie->extent,
		                      .count = 1 };
	if (manifest_put(s, &m, NULL, &err))
		fail_msg("%s", err.text);
	manifest_wipe(&true_one);
}

/* Each lie costs time at most: all models come back, and the store is no larger. */
static void manifests_that_lie_cost_time_at_most(void **state)
{
	static const uint64_t large[] = { 1 << 20, 1 << 20 }, odd[] = { 32768, 1, 2 };
	struct tensor lies[4];
	struct store *s;
	struct model_file models[3];
	struct patience p = { .steps = -1 };
	struct recompact_result r;

	(void)state;
	assert_int_equal(store_memory_new(&s, NULL), 0);
	for (unsigned i = 0; i < 3; i++) {
		const struct kin k = { .family = 1, .own = i, .step = i ? 2e-4f : 0 };
		models[i] = kin_file(&k, 1, 256);
		push_blindly(s, &models[i]);
	}
	uint64_t before = bytes_of_records(s);
	for (unsigned i = 0; i < 4; i++)
		tensor_make(&lies[i], i, "layers.0.w");
	lies[0].extent.dims = large; /* another size */
	lies[0].extent.size = (uint64_t)2 << 40;
	lies[1].extent.dtype = DTYPE_F16; /* another type */
	lies[2].extent.dims = odd;        /* another shape */
	lies[2].extent.dim_count = 3;
	lies[3].extent.dtype = DTYPE_U8; /* units that it does not have */
	lies[3].extent.dims = odd;
	for (unsigned i = 0; i < 4; i++)
		put_lie(s, &models[i % 3], &lies[i], 1000 + i);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(recompact_with(s, &p, &r), 0);
		assert_true(bytes_of_records(s) <= before);
		for (unsigned i = 0; i < 3; i++)
			assert_true(comes_back(s, &models[i]));
	}
	for (unsigned i = 0; i < 3; i++)
		model_file_remove(&models[i]);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tensors_of_one_name_are_a_group),
		cmocka_unit_test(a_group_has_no_more_than_a_plan_can_take),
		cmocka_unit_test(what_is_stood_on_from_elsewhere_is_pinned),
		cmocka_unit_test(
			a_base_without_a_manifest_is_among_those_that_stand_on_it),
		cmocka_unit_test(cycles_and_self_bases_are_no_records_to_read_from),
		cmocka_unit_test(a_large_store_is_planned_at_its_best),
		cmocka_unit_test(manifests_that_lie_cost_time_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
