/* Recompaction of real stores: the bytes that a plan promises, and nothing lost. */
#include "tests/unit/recompact_world.h"

#include "index/blob/transfer.h"

/* ---------------------------------------------------------------- rules */

static void fine_tunes_that_came_first_stand_on_their_base(void **state)
{
	struct world w;

	(void)state;
	begin_world(&w);
	add_family(&w, 1, 4);
	push_backwards(&w);
	uint64_t before = bytes_of_records(w.store), best = bytes_at_best(&w);
	struct recompact_result r = recompact_all(w.store);
	uint64_t after = bytes_of_records(w.store);
	print_message("%llu bytes, then %llu; with hints, in the best order %llu; "
	              "%zu made, %zu retired, %zu trials\n",
	              (unsigned long long)before, (unsigned long long)after,
	              (unsigned long long)best, r.made, r.retired, r.trials);
	assert_int_equal(r.before, before);
	assert_int_equal(r.after, after);
	assert_true(after * 100 <= best * 102);
	assert_true(after * 100 < before * 60);
	struct counted_records n = records_of(w.store);
	assert_int_equal(n.solos, TENSORS);
	assert_int_equal(n.deltas, 4 * TENSORS);
	assert_all_come_back(&w);
	end_world(&w);
}

static void what_was_recompacted_is_left_alone(void **state)
{
	struct world w;

	(void)state;
	begin_world(&w);
	add_family(&w, 1, 4);
	add_family(&w, 2, 3);
	push_backwards(&w);
	recompact_all(w.store);
	struct recompact_result r = recompact_all(w.store);
	assert_int_equal(r.made, 0);
	assert_int_equal(r.retired, 0);
	assert_int_equal(r.before, r.after);
	end_world(&w);
}

static void strangers_stay_as_they_are(void **state)
{
	struct world w;

	(void)state;
	begin_world(&w);
	for (uint64_t i = 0; i < 4; i++)
		add_kin(&w, (struct kin){ .family = i + 1 });
	push_backwards(&w);
	struct recompact_result r = recompact_all(w.store);
	assert_int_equal(r.made, 0);
	assert_int_equal(r.retired, 0);
	end_world(&w);
}

/* A store that an older program wrote: `bitx` where there is a base, else raw. */
static void a_store_of_bitx_alone_falls_as_the_codec_promises(void **state)
{
	struct world w;

	(void)state;
	begin_world(&w);
	add_family(&w, 1, 3);
	for (size_t i = 0; i < w.count; i++)
		push_with(w.store, &w.models[i], i ? &w.models[0] : NULL,
		          codec_by_id(CODEC_BITX));
	uint64_t before = bytes_of_records(w.store), best = bytes_at_best(&w);
	recompact_all(w.store);
	uint64_t after = bytes_of_records(w.store);
	print_message("%llu bytes, then %llu; written today %llu\n",
	              (unsigned long long)before, (unsigned long long)after,
	              (unsigned long long)best);
	assert_true(before * 100 > best * 120);
	assert_true(after * 100 <= best * 102);
	assert_all_come_back(&w);
	end_world(&w);
}

/* A merged adapter that was pushed in a hurry: it stands on its base, without the product. */
static void what_was_pushed_in_a_hurry_is_done_well(void **state)
{
	const struct manner hurry = { NULL, &effort_fast };
	struct world w;

	(void)state;
	begin_world(&w);
	add_kin(&w, (struct kin){ .family = 1 });
	add_kin(&w, (struct kin){ .family = 1, .own = 5, .merged = 0.02f });
	push_in(w.store, &w.models[0], NULL, hurry);
	push_in(w.store, &w.models[1], &w.models[0], hurry);
	uint64_t before = bytes_of_records(w.store), best = bytes_at_best(&w);
	struct recompact_result r = recompact_all(w.store);
	uint64_t after = bytes_of_records(w.store);
	print_message("%llu bytes, then %llu; by a normal push %llu; %zu trials\n",
	              (unsigned long long)before, (unsigned long long)after,
	              (unsigned long long)best, r.trials);
	assert_true(before * 100 > best * 105);
	assert_true(after * 100 <= best * 101);
	assert_all_come_back(&w);
	end_world(&w);
}

static void retire_manifest(const struct world *w, size_t i)
{
	char key[KEY_MAX];

	key_object(&w->models[i].oid, key);
	assert_int_equal(store_remove(w->store, key, NULL), 0);
}

/* The base was pruned; two fine-tunes of one parent of theirs are left. */
static void a_base_that_only_deltas_keep_alive_goes(void **state)
{
	struct world w;

	(void)state;
	begin_world(&w);
	add_kin(&w, (struct kin){ .family = 1 });
	for (uint64_t i = 1; i <= 3; i++)
		add_kin(&w, (struct kin){ .family = 1,
		                          .own = i,
		                          .step = 2e-5f,
		                          .path = 9,
		                          .along = 4e-3f });
	for (size_t i = 0; i < w.count; i++)
		push_with(w.store, &w.models[i], i ? &w.models[0] : NULL, NULL);
	retire_manifest(&w, 0);
	uint64_t before = bytes_of_records(w.store);
	recompact_all(w.store);
	uint64_t after = bytes_of_records(w.store);
	print_message("%llu bytes, then %llu\n", (unsigned long long)before,
	              (unsigned long long)after);
	assert_true(after < before);
	assert_int_equal(records_of(w.store).solos, TENSORS);
	for (size_t i = 1; i < w.count; i++)
		assert_true(comes_back(w.store, &w.models[i]));
	end_world(&w);
}

/* Two pushed at once, one blob as a delta and solo. */
static void of_two_records_the_dearer_one_goes(void **state)
{
	struct world w;
	struct store *other;
	struct buf bytes = BUF_INIT;
	struct stock stock;
	char key[KEY_MAX];

	(void)state;
	begin_world(&w);
	add_family(&w, 1, 1);
	push_blindly(w.store, &w.models[0]);
	push_with(w.store, &w.models[1], &w.models[0], NULL);
	uint64_t best = bytes_of_records(w.store);
	assert_int_equal(store_memory_new(&other, NULL), 0);
	push_blindly(other, &w.models[1]);
	assert_true(stock_take(other, &stock));
	for (size_t i = 0; i < stock.blobs.size / sizeof(struct stock_blob); i++) {
		key_blob(&stock_blob_at(&stock, i)->id, key);
		bytes.size = 0;
		assert_int_equal(store_get_all(other, key, 1 << 24, &bytes, NULL), 0);
		assert_int_equal(
			store_put_all(w.store, key, bytes.data, bytes.size, NULL), 0);
	}
	assert_true(bytes_of_records(w.store) > best);
	struct recompact_result r = recompact_all(w.store);
	assert_int_equal(r.made, 0);
	assert_int_equal(r.retired, TENSORS);
	assert_int_equal(bytes_of_records(w.store), best);
	assert_all_come_back(&w);
	buf_wipe(&bytes);
	stock_wipe(&stock);
	store_close(other);
	end_world(&w);
}

/* Stopped after a few steps, again and again: whole each time, and the next run goes on.
 * What was measured is kept between runs, so that even a budget of a few trials is enough. */
static void a_run_that_is_stopped_is_gone_on_with(void **state)
{
	struct world w;
	struct trial_memory *memory;
	unsigned runs = 0;

	(void)state;
	begin_world(&w);
	add_family(&w, 1, 3);
	push_backwards(&w);
	uint64_t best = bytes_at_best(&w);
	assert_int_equal(trial_memory_new(&memory, NULL), 0);
	for (;; runs++) {
		struct patience p = { .steps = 3, .memory = memory, .loud = true };
		struct recompact_result r;
		assert_true(runs < 50);
		assert_int_equal(recompact_with(w.store, &p, &r), 0);
		assert_all_come_back(&w);
		if (!r.left)
			break;
	}
	print_message("%u runs\n", runs + 1);
	assert_true(runs > 0);
	assert_true(bytes_of_records(w.store) * 100 <= best * 102);
	trial_memory_free(memory);
	end_world(&w);
}

/* What did not pay is not tried again, nor what a stopped run measured. */
static void what_was_tried_is_not_tried_again(void **state)
{
	struct world w;
	struct patience p = { .steps = -1 };
	struct recompact_result r;
	char path[] = "/tmp/zllm-trials-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	begin_world(&w);
	add_family(&w, 1, 3);
	for (size_t i = 0; i < w.count; i++)
		push_with(w.store, &w.models[i], i ? &w.models[0] : NULL,
		          codec_by_id(i ? CODEC_ULP : CODEC_FLOAT));
	assert_int_equal(trial_memory_new(&p.memory, NULL), 0);
	assert_int_equal(recompact_with(w.store, &p, &r), 0);
	print_message("%zu trials of what another effort wrote\n", r.trials);
	assert_true(r.trials > 0);
	size_t count = trial_memory_count(p.memory);
	assert_int_equal(trial_memory_save(p.memory, path, NULL), 0);
	trial_memory_free(p.memory);
	assert_int_equal(trial_memory_new(&p.memory, NULL), 0);
	trial_memory_load(p.memory, path);
	assert_int_equal(trial_memory_count(p.memory), count);
	assert_int_equal(recompact_with(w.store, &p, &r), 0);
	assert_int_equal(r.trials, 0);
	assert_int_equal(r.made, 0);
	trial_memory_free(p.memory);
	close(fd);
	unlink(path);
	end_world(&w);
}

/* Any bytes for a file: each cut, each turned bit adds nothing. */
static void a_damaged_memory_remembers_nothing(void **state)
{
	struct oid a = { { 1 } }, b = { { 2 } };
	struct trial_memory *m, *other;
	struct buf bytes = BUF_INIT;
	char path[] = "/tmp/zllm-trials-XXXXXX";
	int fd = mkstemp(path);
	uint32_t permille;

	(void)state;
	assert_int_equal(trial_memory_new(&m, NULL), 0);
	trial_memory_add(m, &a, &b, 123);
	trial_memory_add(m, &b, &b, UINT32_MAX);
	assert_int_equal(trial_memory_save(m, path, NULL), 0);
	close(fd);
	fd = open(path, O_RDONLY);
	assert_true(buf_reserve(&bytes, 4096));
	bytes.size = (size_t)read(fd, bytes.data, 4096);
	assert_int_equal(trial_memory_new(&other, NULL), 0);
	for (size_t n = 0; n < bytes.size; n++)
		trial_memory_parse(other, bytes.data, n);
	for (size_t i = 0; i < 8 * bytes.size; i++) {
		bytes.data[i / 8] ^= (uint8_t)(1 << i % 8);
		trial_memory_parse(other, bytes.data, bytes.size);
		bytes.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(trial_memory_count(other), 0);
	trial_memory_parse(other, bytes.data, bytes.size);
	assert_int_equal(trial_memory_count(other), 2);
	assert_true(trial_memory_find(other, &a, &b, &permille));
	assert_int_equal(permille, 123);
	assert_false(trial_memory_find(other, &b, &a, &permille));
	close(fd);
	unlink(path);
	buf_wipe(&bytes);
	trial_memory_free(m);
	trial_memory_free(other);
}

/* Several groups at once, frames on several threads. */
static void lanes_work_on_groups_at_once(void **state)
{
	struct world w;
	struct patience p = { .steps = -1, .loud = true };
	struct recompact_result r;
	struct stock stock;
	struct transfer t;
	struct err err = ERR_INIT;

	(void)state;
	begin_world(&w);
	for (uint64_t i = 0; i < 3; i++) {
		const struct kin k = { .family = 1, .own = i, .step = i ? 2e-4f : 0 };
		w.models[w.count++] = kin_file(&k, 6, 128);
	}
	push_backwards(&w);
	const struct retiring retiring = { retire_aside, w.store };
	assert_int_equal(trial_memory_new(&p.memory, NULL), 0);
	assert_int_equal(transfer_init(&t, w.store, 3, &err), 0);
	t.lanes = 4;
	const struct recompact_request request = { .transfer = &t,
		                                   .retiring = &retiring,
		                                   .memory = p.memory,
		                                   .may_go_on = patience_lasts,
		                                   .failed = note_failure,
		                                   .ctx = &p };
	assert_true(stock_take(w.store, &stock));
	assert_int_equal(recompact(&request, &stock, &r, &err), 0);
	assert_int_equal(r.made, 12);
	assert_int_equal(p.failures, 0);
	assert_all_come_back(&w);
	stock_wipe(&stock);
	transfer_wipe(&t);
	trial_memory_free(p.memory);
	end_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fine_tunes_that_came_first_stand_on_their_base),
		cmocka_unit_test(what_was_recompacted_is_left_alone),
		cmocka_unit_test(strangers_stay_as_they_are),
		cmocka_unit_test(a_store_of_bitx_alone_falls_as_the_codec_promises),
		cmocka_unit_test(what_was_pushed_in_a_hurry_is_done_well),
		cmocka_unit_test(a_base_that_only_deltas_keep_alive_goes),
		cmocka_unit_test(of_two_records_the_dearer_one_goes),
		cmocka_unit_test(a_run_that_is_stopped_is_gone_on_with),
		cmocka_unit_test(what_was_tried_is_not_tried_again),
		cmocka_unit_test(lanes_work_on_groups_at_once),
		cmocka_unit_test(a_damaged_memory_remembers_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
