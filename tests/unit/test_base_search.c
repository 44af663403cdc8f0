/* Bases are found by the store's markers, with few requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/base/base_marker.h"
#include "index/base/base_search.h"
#include "index/base/kin_marker.h"
#include "index/blob/transfer.h"
#include "index/store/store_memory.h"
#include "tests/unit/sketched_model.h"

enum { OTHER_MODELS = 10000 };

struct fixture {
	struct store *memory;
	struct crowded_store store;
	struct transfer transfer;
};

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;

	if (!f || store_memory_new(&f->memory, &err))
		return -1;
	crowded_store_init(&f->store, f->memory, OTHER_MODELS);
	*state = f;
	return transfer_init(&f->transfer, &f->store.base, 2, &err);
}

static int end(void **state)
{
	struct fixture *f = *state;

	transfer_wipe(&f->transfer);
	store_close(f->memory);
	free(f);
	return 0;
}

/* ---------------------------------------------------------------- words */

/* The model into the store, all of it solo. Returns how many markers it got. */
static int put(struct fixture *f, struct sketched_model *m)
{
	const struct extent *solos[SKETCHED_TENSORS];
	size_t count = m->manifest.extents.count;
	struct err err = ERR_INIT;

	memcpy(solos, m->wanted, count * sizeof(const struct extent *));
	count = base_markers_choose(solos, count);
	int markers = base_markers_put(&f->transfer, &m->manifest.oid, solos, count,
	                               &err);
	memcpy(solos, m->wanted, m->manifest.extents.count * sizeof(solos[0]));
	count = kin_markers_sort(solos, m->manifest.extents.count);
	if (count > KIN_MARKERS)
		count = KIN_MARKERS;
	assert_int_equal(
		kin_markers_put(&f->transfer, &m->manifest.oid, solos, count, &err),
		count);
	markers += (int)count;
	assert_int_equal(manifest_put(f->memory, &m->manifest, NULL, &err), 0);
	return markers;
}

static struct sketched_model *model(const struct descent *descent)
{
	struct sketched_model *m = malloc(sizeof(*m));

	assert_non_null(m);
	sketched_model_make(m, descent);
	return m;
}

static struct base_search *search_with(struct fixture *f, const struct sketched_model *m,
                                       const struct base_hints *hints)
{
	struct base_search_request request = { hints, m->wanted,
		                               m->manifest.extents.count };
	struct base_search *s = NULL;
	struct err err = ERR_INIT;

	crowded_store_requests(&f->store);
	if (base_search_run(&f->transfer, &request, &s, &err))
		fail_msg("%s", err.text);
	return s;
}

static struct base_search *search(struct fixture *f, const struct sketched_model *m)
{
	static const struct base_hints none = BASE_HINTS_INIT;

	return search_with(f, m, &none);
}

/* Of how many of its tensors the first candidate is the same tensor of `base`. */
static unsigned found_in(const struct base_search *s, const struct sketched_model *m,
                         const struct sketched_model *base)
{
	struct relative likes[RELATIVES_LIKES_MAX];
	unsigned found = 0;

	for (size_t i = 0; i < m->manifest.extents.count; i++)
		found += relatives_like(base_search_relatives(s), m->wanted[i], likes) >
		                 0 &&
		         oid_equal(&likes[0].relation.bases[0]->id, &base->list[i].id);
	return found;
}

static const struct descent right = { 11, 0, 0 }, tuned = { 11, 1, 0.02 },
			    drifted = { 11, 2, 0.2 }, continued = { 11, 3, 0.08 },
			    tuned_further = { 11, 3, 0.081 }, stranger = { 12, 0, 0 };

/* ---------------------------------------------------------------- the rules */

static void a_base_among_ten_thousand_is_found_without_a_hint(void **state)
{
	struct fixture *f = *state;
	struct sketched_model *base = model(&right), *tune = model(&tuned);

	int markers = put(f, base);
	struct base_search *s = search(f, tune);
	size_t requests = crowded_store_requests(&f->store);
	print_message("%d markers of %d records; %zu requests, %zu listings, %zu keys\n",
	              markers, SKETCHED_TENSORS, requests, base_search_cost(s)->listings,
	              base_search_cost(s)->markers);
	assert_int_equal(found_in(s, tune, base), SKETCHED_TENSORS);
	assert_true(requests < 40);
	assert_true(markers >= MARKERS_ALWAYS && markers < SKETCHED_TENSORS / 4);
	base_search_free(s);
	free(base);
	free(tune);
}

/* Of how many of its tensors the first candidate is tensor `from[layer]` of `base`. */
static unsigned found_layers(const struct base_search *s, const struct sketched_model *m,
                             const struct sketched_model *base, const unsigned *from)
{
	struct relative likes[RELATIVES_LIKES_MAX];
	unsigned found = 0;

	for (size_t i = 0; i < m->manifest.extents.count; i++) {
		size_t want = from[i / SKETCHED_IN_LAYER] * SKETCHED_IN_LAYER +
		              i % SKETCHED_IN_LAYER;
		found += relatives_like(base_search_relatives(s), m->wanted[i], likes) >
		                 0 &&
		         oid_equal(&likes[0].relation.bases[0]->id, &base->list[want].id);
	}
	return found;
}

/* In a store of ten thousand others: as many requests as with right names, and twelve. */
static void check_shifted(struct fixture *f, const unsigned *from, unsigned layers)
{
	struct sketched_model *base = model(&right), *m = malloc(sizeof(*m));

	assert_non_null(m);
	put(f, base);
	struct base_search *s = search(f, base);
	size_t usual = crowded_store_requests(&f->store);
	base_search_free(s);
	sketched_model_layers(m, &tuned, from, layers);
	sketched_model_rename(m);
	s = search(f, m);
	size_t requests = crowded_store_requests(&f->store);
	unsigned found = found_layers(s, m, base, from);
	print_message("%u of %zu, %zu requests; under its name %zu\n", found,
	              m->manifest.extents.count, requests, usual);
	assert_int_equal(found, m->manifest.extents.count);
	assert_true(requests <= usual + 12);
	base_search_free(s);
	free(base);
	free(m);
}

static void a_renamed_model_among_ten_thousand_finds_its_base(void **state)
{
	unsigned from[50];

	for (unsigned i = 0; i < 50; i++)
		from[i] = i;
	check_shifted(*state, from, 50);
}

static void a_renamed_model_with_layers_gone_and_turned_round_finds_its_base(void **state)
{
	static const unsigned from[] = { 9, 7, 5, 3, 1, 40, 41, 42, 20, 22, 24, 30 };

	check_shifted(*state, from, 12);
}

static void a_model_without_a_base_costs_less_than_400_requests(void **state)
{
	struct fixture *f = *state;
	struct sketched_model *base = model(&right), *other = model(&stranger);

	put(f, base);
	struct base_search *s = search(f, other);
	size_t requests = crowded_store_requests(&f->store);
	print_message("%zu requests, %zu listings, %zu keys\n", requests,
	              base_search_cost(s)->listings, base_search_cost(s)->markers);
	assert_int_equal(found_in(s, other, base), 0);
	assert_true(requests < 400);
	base_search_free(s);
	free(base);
	free(other);
}

static void a_good_hint_costs_less_than_20_requests(void **state)
{
	struct fixture *f = *state;
	struct sketched_model *base = model(&right), *tune = model(&tuned);
	struct base_hint hints[8] = { { .source = BASE_SOURCE_HISTORY } };
	const struct base_hints all = { .list = hints, .count = 8 };

	put(f, base);
	for (size_t i = 0; i < 8; i++) {
		hints[i].source = BASE_SOURCE_HISTORY;
		hints[i].oid = i == 6 ? base->manifest.oid : tune->list[i].id;
	}
	struct base_search *s = search_with(f, tune, &all);
	assert_int_equal(base_search_cost(s)->listings, 0);
	assert_true(crowded_store_requests(&f->store) < 20);
	assert_int_equal(found_in(s, tune, base), SKETCHED_TENSORS);
	base_search_free(s);
	free(base);
	free(tune);
}

static void a_wrong_hint_does_not_hide_the_right_base(void **state)
{
	struct fixture *f = *state;
	struct sketched_model *base = model(&right), *other = model(&stranger),
			      *tune = model(&tuned);
	struct base_hint hint = { .source = BASE_SOURCE_HISTORY };
	const struct base_hints hints = { .list = &hint, .count = 1 };

	put(f, base);
	put(f, other);
	hint.oid = other->manifest.oid;
	struct base_search *s = search_with(f, tune, &hints);
	assert_int_equal(found_in(s, tune, base), SKETCHED_TENSORS);
	assert_true(crowded_store_requests(&f->store) < 400);
	base_search_free(s);
	free(base);
	free(other);
	free(tune);
}

static void the_nearest_of_several_relatives_ranks_first(void **state)
{
	struct fixture *f = *state;
	struct sketched_model *base = model(&right), *next = model(&continued),
			      *other = model(&stranger), *tune = model(&tuned_further);

	put(f, base);
	put(f, other);
	put(f, next);
	struct base_search *s = search(f, tune);
	unsigned found = found_in(s, tune, next);
	print_message("%u of %d\n", found, SKETCHED_TENSORS);
	assert_true(found * 100 >= SKETCHED_TENSORS * 99);
	base_search_free(s);
	free(base);
	free(next);
	free(other);
	free(tune);
}

static void a_base_far_away_is_still_found(void **state)
{
	struct fixture *f = *state;
	struct sketched_model *base = model(&right), *tune = model(&drifted);

	put(f, base);
	struct base_search *s = search(f, tune);
	size_t requests = crowded_store_requests(&f->store);
	print_message("%zu requests\n", requests);
	assert_int_equal(found_in(s, tune, base), SKETCHED_TENSORS);
	assert_true(requests < 400);
	base_search_free(s);
	free(base);
	free(tune);
}

static void a_base_in_thirty_files_is_found_whole(void **state)
{
	struct fixture *f = *state;
	struct sketched_model *base = model(&right), *tune = model(&tuned),
			      *shard = malloc(sizeof(*shard));
	struct err err = ERR_INIT;
	enum { SHARDS = 30, EACH = SKETCHED_TENSORS / SHARDS };

	assert_non_null(shard);
	for (unsigned i = 0; i < SHARDS; i++) {
		const struct extent *solos[EACH];
		sketched_model_part(shard, &right, i * EACH, EACH);
		memcpy(solos, shard->wanted, sizeof(solos));
		assert_true(base_markers_put(&f->transfer, &shard->manifest.oid, solos,
		                             base_markers_choose(solos, EACH), &err) > 0);
		assert_int_equal(manifest_put(f->memory, &shard->manifest, NULL, &err),
		                 0);
	}
	struct base_search *s = search(f, tune);
	size_t requests = crowded_store_requests(&f->store);
	unsigned found = found_in(s, tune, base);
	print_message("%u of %d, %zu requests\n", found, SKETCHED_TENSORS, requests);
	assert_true(found * 100 >= SKETCHED_TENSORS * 98 && requests < 400);
	base_search_free(s);
	free(shard);
	free(base);
	free(tune);
}

/* ---------------------------------------------------------------- bad stores */

static void markers_that_lead_nowhere_are_passed_over(void **state)
{
	struct fixture *f = *state;
	struct sketched_model *base = model(&right), *tune = model(&tuned);
	const struct extent *solos[SKETCHED_TENSORS];
	struct err err = ERR_INIT;
	char key[KEY_MAX];

	/* Of an object that never came, of one whose manifest is damaged. */
	memcpy(solos, base->wanted, sizeof(solos));
	size_t chosen = base_markers_choose(solos, SKETCHED_TENSORS);
	base_markers_put(&f->transfer, &tune->list[7].id, solos, chosen, &err);
	key_object(&tune->list[8].id, key);
	assert_int_equal(store_put_all(f->memory, key, "junk", 4, &err), 0);
	base_markers_put(&f->transfer, &tune->list[8].id, solos, chosen, &err);
	struct base_search *s = search(f, tune);
	assert_int_equal(found_in(s, tune, base), 0);
	assert_true(crowded_store_requests(&f->store) < 400);
	base_search_free(s);

	put(f, base);
	s = search(f, tune);
	assert_int_equal(found_in(s, tune, base), SKETCHED_TENSORS);
	base_search_free(s);
	free(base);
	free(tune);
}

static void junk_among_the_markers_is_passed_over(void **state)
{
	struct fixture *f = *state;
	struct sketched_model *base = model(&right), *tune = model(&tuned);
	struct err err = ERR_INIT;
	char key[KEY_MAX];

	put(f, base);
	for (size_t i = 0; i < SKETCHED_TENSORS; i++) {
		struct key_marker marker;
		base_marker_make(tune->wanted[i], &base->manifest.oid, &marker);
		key_marker_band(marker.name, marker.band, key);
		strcat(key, "0");
		assert_int_equal(store_put_all(f->memory, key, NULL, 0, &err), 0);
	}
	struct base_search *s = search(f, tune);
	assert_int_equal(found_in(s, tune, base), SKETCHED_TENSORS);
	base_search_free(s);
	free(base);
	free(tune);
}

#define RULE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RULE(a_base_among_ten_thousand_is_found_without_a_hint),
		RULE(a_renamed_model_among_ten_thousand_finds_its_base),
		RULE(a_renamed_model_with_layers_gone_and_turned_round_finds_its_base),
		RULE(a_model_without_a_base_costs_less_than_400_requests),
		RULE(a_good_hint_costs_less_than_20_requests),
		RULE(a_wrong_hint_does_not_hide_the_right_base),
		RULE(the_nearest_of_several_relatives_ranks_first),
		RULE(a_base_far_away_is_still_found),
		RULE(a_base_in_thirty_files_is_found_whole),
		RULE(markers_that_lead_nowhere_are_passed_over),
		RULE(junk_among_the_markers_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
