/* Which units of a batch stand on which, in which order, and who of many stores them. The
 * units are made up: only their sketches matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/batch/batch_part.h"
#include "index/batch/batch_plan.h"
#include "index/batch/batch_scan.h"
#include "index/work/work_part.h"

enum { TENSORS = 2, TENSOR_BYTES = 1 << 20 };

static uint64_t luck = 1;

static uint32_t any(void)
{
	luck = luck * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(luck >> 33);
}

/* Words near 0.02, as BF16, the high byte first; strangers in all but the exponent. */
static void random_values(struct tensor_sketch *s)
{
	s->known = true;
	for (int i = 0; i < SKETCH_VALUES; i++) {
		unsigned word = (any() & 1 ? 0x8000 : 0) | (0x3c00 + (any() & 0x1ff));
		s->values[2 * i] = (uint8_t)(word >> 8);
		s->values[2 * i + 1] = (uint8_t)word;
	}
}

static void move_values(struct tensor_sketch *s)
{
	for (int i = 0; i < SKETCH_VALUES; i++)
		s->values[2 * i + 1] ^= (uint8_t)(any() & 1);
}

/* A unit whose tensors are at `near` (NULL: a stranger's). */
static void add_unit(struct batch_scan *s, const struct tensor_sketch *near,
                     struct tensor_sketch *made)
{
	uint32_t number = (uint32_t)batch_unit_count(s);
	struct batch_unit unit = { .model = number,
		                   .file = number,
		                   .bytes = TENSORS * TENSOR_BYTES,
		                   .tensor_bytes = TENSORS * TENSOR_BYTES,
		                   .tensors = s->tensors.size /
		                              sizeof(struct batch_tensor),
		                   .count = TENSORS };

	for (int i = 0; i < TENSORS; i++) {
		struct batch_tensor t = { .name = 77 + (uint64_t)i,
			                  .size = TENSOR_BYTES,
			                  .bytes = TENSOR_BYTES,
			                  .file = number,
			                  .dtype = DTYPE_BF16,
			                  .dim_count = 2,
			                  .dims = { 512, 1024 } };
		if (near)
			t.sketch = near[i];
		else
			random_values(&t.sketch);
		if (near)
			move_values(&t.sketch);
		if (made)
			made[i] = t.sketch;
		buf_add(&s->tensors, &t, sizeof(t));
	}
	buf_add(&s->units, &unit, sizeof(unit));
}

static void plan(const struct batch_scan *s, struct batch_plan *out)
{
	struct err err = ERR_INIT;

	assert_int_equal(batch_plan_make(s, out, &err), 0);
}

static void wipe(struct batch_scan *s, struct batch_plan *p)
{
	batch_plan_wipe(p);
	batch_scan_wipe(s);
}

/* Families come mixed: unit i is of family i % families. */
static void mixed_families(struct batch_scan *s, size_t families, size_t units)
{
	struct tensor_sketch(*bases)[TENSORS] = calloc(families, sizeof(*bases));

	assert_non_null(bases);
	*s = (struct batch_scan){ .units = BUF_INIT };
	for (size_t i = 0; i < units; i++)
		add_unit(s, i < families ? NULL : bases[i % families],
		         i < families ? bases[i] : NULL);
	free(bases);
}

static void families_are_found_whatever_the_order(void **state)
{
	struct batch_scan s;
	struct batch_plan p;

	(void)state;
	mixed_families(&s, 5, 40);
	plan(&s, &p);
	assert_int_equal(p.families, 5);
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(p.family[i], p.family[i % 5]);
		assert_int_equal(p.base[p.base[i]], p.base[i]); /* depth 1 */
	}
	wipe(&s, &p);
}

static void bases_come_before_what_stands_on_them(void **state)
{
	struct batch_scan s;
	struct batch_plan p;
	uint32_t turns[200];

	(void)state;
	mixed_families(&s, 7, 200);
	plan(&s, &p);
	for (uint32_t i = 0; i < 200; i++)
		turns[p.order[i]] = i;
	for (uint32_t i = 0; i < 200; i++)
		assert_true(turns[p.base[i]] <= turns[i]);
	wipe(&s, &p);
}

/* More than can be planned at once. */
static void a_large_group_is_cut_and_still_planned(void **state)
{
	struct batch_scan s;
	struct batch_plan p;
	size_t alone = 0;

	(void)state;
	mixed_families(&s, 3, 1500);
	plan(&s, &p);
	for (uint32_t i = 0; i < 1500; i++)
		alone += p.base[i] == i;
	assert_true(alone >= 3 && alone <= 3 * 6);
	wipe(&s, &p);
}

/* All parts together are all, each unit in one; a base that is another's is lent. */
static void check_parts(const struct batch_scan *s, const struct batch_plan *p,
                        uint32_t of, size_t most)
{
	uint8_t *shares = calloc(p->count, 1), *owned = calloc(p->count, 1);
	struct err err = ERR_INIT;

	for (uint32_t nth = 0; nth < of; nth++) {
		struct work_part part = { nth, of };
		size_t ours = 0;
		assert_int_equal(batch_part_choose(s, p, &part, shares, &err), 0);
		for (uint32_t i = 0; i < p->count; i++) {
			owned[i] += shares[i] == BATCH_OURS;
			ours += shares[i] == BATCH_OURS;
			if (shares[i] == BATCH_OURS)
				assert_int_not_equal(shares[p->base[i]], BATCH_OTHERS);
			if (shares[i] == BATCH_LENT)
				assert_int_equal(p->base[i], i);
		}
		assert_true(ours <= most);
	}
	for (uint32_t i = 0; i < p->count; i++)
		assert_int_equal(owned[i], 1);
	free(shares);
	free(owned);
}

static void each_unit_is_in_one_part_and_finds_its_base(void **state)
{
	struct batch_scan s;
	struct batch_plan p;

	(void)state;
	mixed_families(&s, 40, 400);
	plan(&s, &p);
	check_parts(&s, &p, 1, 400);
	check_parts(&s, &p, 2, 210);
	check_parts(&s, &p, 4, 110);
	check_parts(&s, &p, 7, 80);
	check_parts(&s, &p, 500, 40);
	wipe(&s, &p);
	/* One family, which is everything, is cut. */
	mixed_families(&s, 1, 300);
	plan(&s, &p);
	check_parts(&s, &p, 4, 120);
	wipe(&s, &p);
}

static void shards_are_one_and_their_numbers_are_not_in_the_stem(void **state)
{
	static const struct {
		const char *name, *stem;
	} all[] = {
		{ "model-00001-of-00003.safetensors", "model.safetensors" },
		{ "a-1-of-2/model-00001-of-00003.bin", "a-1-of-2/model.bin" },
		{ "model-1-of.bin", "model-1-of.bin" },
		{ "model-of-2.bin", "model-of-2.bin" },
		{ "model-00000001-of-2.bin", "model-00000001-of-2.bin" },
		{ "", "" },
	};
	char stem[64];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		batch_stem(all[i].name, stem, sizeof(stem));
		assert_string_equal(stem, all[i].stem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families_are_found_whatever_the_order),
		cmocka_unit_test(bases_come_before_what_stands_on_them),
		cmocka_unit_test(a_large_group_is_cut_and_still_planned),
		cmocka_unit_test(each_unit_is_in_one_part_and_finds_its_base),
		cmocka_unit_test(shards_are_one_and_their_numbers_are_not_in_the_stem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
