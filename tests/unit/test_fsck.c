/* What a check finds, whom it touches, and that a repair mends each thing for which there
 * is a copy: whatever call of the store fails, and however often it is begun. */
#include "tests/unit/fsck_damage.h"

#include "index/store/store_metered.h"
#include "index/work/budget.h"
#include "tests/unit/store_faulty.h"

/* ---------------------------------------------------------------- checking */

static void a_whole_store_has_nothing_to_be_found(void **state)
{
	struct world w;
	struct run r;

	(void)state;
	world_begin(&w);
	for (unsigned how = 0; how <= QUICK; how += QUICK) {
		fsck(&w, how, &r);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.result.findings.count, 0);
		assert_int_equal(r.result.whole, FILES);
		assert_int_equal(r.result.not_whole, 0);
		assert_true(r.result.complete);
		assert_int_equal(r.result.listing.foreign_count, 0);
		run_wipe(&r);
	}
	assert_int_equal(count(w.store, "trash/"), 0);
	world_end(&w);
}

/* The base of a fine-tune touches both, the delta one; and their owner is named. */
static void a_finding_names_objects_tensors_and_repositories(void **state)
{
	struct world w;
	struct run r;

	(void)state;
	world_begin(&w);
	struct one base = record_of(&w, BASE, 1), delta = record_of(&w, TUNE, 0);
	assert_non_null(strchr(delta.key, '~'));
	turn(w.store, base.key, 9);
	turn(w.store, delta.key, 9);
	fsck(&w, 0, &r);
	assert_int_equal(found(&r, FSCK_RECORD_WRONG), 2);
	assert_int_equal(r.result.findings.count, 2);
	assert_int_equal(r.result.not_whole, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct fsck_finding *one = &r.result.findings.list[i];
		struct buf uses = BUF_INIT;
		size_t owners;
		assert_true(one->set_aside);
		assert_true(one->hurts);
		bool is_base = strcmp(one->key, base.key) == 0;
		assert_string_equal(one->key, is_base ? base.key : delta.key);
		assert_int_equal(fsck_touched_by(&r.touch, one, &uses, NULL), 0);
		assert_int_equal(uses.size / sizeof(void *), is_base ? 2 : 1);
		for (size_t k = 0; k < uses.size / sizeof(void *); k++) {
			const struct fsck_use *use =
				((const struct fsck_use **)(void *)uses.data)[k];
			assert_string_equal(use->tensor,
			                    is_base ? "t1.weight" : "t0.weight");
			const struct fsck_owner *owner = fsck_owners_of(
				&r.touch, &fsck_touched(&r.touch, use->object)->oid,
				&owners);
			assert_int_equal(owners, 1);
			assert_string_equal(owner->repo, OUR_REPO);
		}
		buf_wipe(&uses);
	}
	run_wipe(&r);
	world_end(&w);
}

static void quick_finds_what_heads_edges_and_keys_tell(void **state)
{
	static const char *const foreign[] = { "datasets/a", "blobs/ab/cd/short",
		                               "objects/readme", "trash/notes" };
	struct world w;
	struct run r;
	char key[KEY_MAX];

	(void)state;
	world_begin(&w);
	struct one base = record_of(&w, BASE, 0), delta = record_of(&w, TUNE, 1);
	struct one chunk = record_of(&w, CHUNKS, 0);
	assert_int_equal(store_remove(w.store, base.key, NULL), 0); /* and a base */
	struct buf b = BUF_INIT;
	assert_int_equal(store_get_all(w.store, delta.key, 1 << 24, &b, NULL), 0);
	write_over(w.store, delta.key, b.data, b.size - 1);
	buf_wipe(&b);
	write_over(w.store, chunk.key, "", 0);
	manifest_key(&w, SMALL, key);
	turn(w.store, key, 20);
	for (size_t i = 0; i < COUNT(foreign); i++)
		assert_int_equal(store_put_all(w.store, foreign[i], "x", 1, NULL), 0);
	size_t before = count(w.store, "");
	fsck(&w, QUICK, &r);
	assert_int_equal(r.rc, 0);
	assert_int_equal(found(&r, FSCK_RECORD_WRONG), 2);
	assert_int_equal(found(&r, FSCK_RECORD_MISSING) + found(&r, FSCK_BASE_MISSING),
	                 1);
	assert_int_equal(found(&r, FSCK_MANIFEST_DAMAGED), 1);
	assert_int_equal(found(&r, FSCK_FOREIGN), COUNT(foreign));
	assert_int_equal(r.result.findings.count, 4 + COUNT(foreign));
	assert_int_equal(r.result.not_whole, FILES);
	assert_int_equal(count(w.store, ""), before);
	assert_int_equal(count(w.store, "trash/"), 1); /* the foreign one */
	run_wipe(&r);
	world_end(&w);
}

/* A bit behind the head is deep's affair. */
static void quick_decodes_nothing(void **state)
{
	struct world w;
	struct run r;

	(void)state;
	world_begin(&w);
	struct one one = record_of(&w, BASE, 0);
	turn(w.store, one.key, 9);
	fsck(&w, QUICK, &r);
	assert_int_equal(r.result.findings.count, 0);
	run_wipe(&r);
	fsck(&w, 0, &r);
	assert_int_equal(r.result.findings.count, 1);
	run_wipe(&r);
	world_end(&w);
}

/* Records that no manifest lists, a second record of a blob: deep proves them too. */
static void records_that_no_object_is_read_by_are_proved_by_deep(void **state)
{
	struct world w;
	struct run r;
	char key[KEY_MAX];

	(void)state;
	world_begin(&w);
	struct one base = record_of(&w, BASE, 0), other = record_of(&w, BASE, 1);
	struct buf b = BUF_INIT;
	struct oid nobody = base.id;
	nobody.bytes[31] ^= 1;
	assert_int_equal(store_get_all(w.store, base.key, 1 << 24, &b, NULL), 0);
	key_blob(&nobody, key);
	assert_int_equal(store_put_all(w.store, key, b.data, b.size, NULL), 0);
	buf_wipe(&b);
	fsck(&w, 0, &r);
	assert_int_equal(r.result.findings.count, 1);
	assert_string_equal(r.result.findings.list[0].key, key);
	assert_true(r.result.findings.list[0].set_aside);
	assert_false(r.result.findings.list[0].hurts);
	assert_int_equal(r.result.whole, FILES);
	run_wipe(&r);
	assert_false(has(w.store, key));

	/* A delta whose base is nowhere, that nobody needs: a remark. */
	struct key_record what = { .id = other.id, .base_count = 1 };
	memset(what.bases[0], 0x55, KEY_BASE_PREFIX);
	key_record(&what, key);
	assert_int_equal(store_put_all(w.store, key, "", 0, NULL), 0);
	fsck(&w, QUICK, &r);
	assert_int_equal(found(&r, FSCK_BASE_MISSING), 1);
	assert_int_equal(r.result.whole, FILES);
	run_wipe(&r);
	world_end(&w);
}

static void what_lies_in_trash_is_a_remark_where_it_is_right(void **state)
{
	struct world w;
	struct run r;
	char trash[KEY_MAX], key[KEY_MAX];

	(void)state;
	for (unsigned how = 0; how <= QUICK; how += QUICK) {
		world_begin(&w);
		struct one base = record_of(&w, BASE, 0),
			   chunk = record_of(&w, CHUNKS, 0);
		assert_int_equal(store_set_aside(w.store, base.key, trash, NULL), 0);
		assert_int_equal(store_set_aside(w.store, chunk.key, trash, NULL), 0);
		manifest_key(&w, SMALL, key);
		assert_int_equal(store_set_aside(w.store, key, trash, NULL), 0);
		fsck(&w, how, &r);
		assert_int_equal(r.result.not_whole, 0);
		assert_int_equal(r.result.whole, FILES);
		assert_int_equal(found(&r, FSCK_IN_TRASH), 3);
		run_wipe(&r);
		/* One that is wrong is none. */
		turn(w.store, trash, 20);
		fsck(&w, how, &r);
		assert_int_equal(found(&r, FSCK_MANIFEST_MISSING), 1);
		run_wipe(&r);
		world_end(&w);
	}
}

static void an_owner_without_a_manifest_is_named_and_hurts_nobody(void **state)
{
	struct world w;
	struct run r;
	char key[KEY_MAX];

	(void)state;
	world_begin(&w);
	manifest_key(&w, SMALL, key);
	assert_int_equal(store_remove(w.store, key, NULL), 0);
	fsck(&w, 0, &r);
	assert_int_equal(r.result.findings.count, 1);
	assert_int_equal(found(&r, FSCK_MANIFEST_MISSING), 1);
	assert_true(oid_equal(&r.result.findings.list[0].id, &w.files[SMALL].oid));
	assert_false(r.result.findings.list[0].hurts);
	run_wipe(&r);
	fsck(&w, REPAIR, &r);
	assert_int_equal(r.mended, 1);
	run_wipe(&r);
	assert_sound(&w);
	world_end(&w);
}

/* ---------------------------------------------------------------- budgets */

struct walk {
	char place[KEY_MAX];
	size_t whole, not_whole, runs;
};

/* One request at a time, until the round is complete. */
static void walk(struct world *w, unsigned how, struct walk *out)
{
	struct fsck_result result = { .complete = false };
	struct transfer t;

	*out = (struct walk){ .runs = 0 };
	while (!result.complete) {
		struct budget b;
		struct store *s;
		budget_begin(&b, &(struct budget_limits){ .requests = 1 }, 0);
		assert_int_equal(store_metered_new(w->store, &b, &s, NULL), 0);
		assert_int_equal(transfer_init(&t, s, 1, NULL), 0);
		struct fsck_request request = { .transfer = &t,
			                        .mode = how ? FSCK_QUICK : FSCK_DEEP,
			                        .from = out->place,
			                        .budget = &b };
		/* The listing took the first; a step is allowed for the second. */
		b.limits.requests = 2 + out->runs % 40;
		assert_int_equal(fsck_run(&request, &result, NULL), 0);
		if (*result.place)
			memcpy(out->place, result.place, KEY_MAX);
		out->whole += result.whole;
		out->not_whole += result.not_whole;
		fsck_result_wipe(&result);
		transfer_wipe(&t);
		store_close(s);
		assert_true(++out->runs < 1000);
	}
}

static void a_check_with_a_budget_goes_on_where_it_was(void **state)
{
	struct world w;
	struct walk walked;

	(void)state;
	for (unsigned how = 0; how <= QUICK; how += QUICK) {
		world_begin(&w);
		walk(&w, how, &walked);
		assert_int_equal(walked.whole, FILES);
		assert_int_equal(walked.not_whole, 0);
		assert_true(walked.runs > 2);
		manifest_key(&w, SMALL, walked.place);
		turn(w.store, walked.place, 20);
		walk(&w, how, &walked);
		assert_int_equal(walked.whole, FILES - 1);
		assert_int_equal(walked.not_whole, 1);
		world_end(&w);
	}
}

/* ---------------------------------------------------------------- repair */

static void each_damage_is_mended_from_files(void **state)
{
	(void)state;
	for (unsigned how = 0; how <= QUICK; how += QUICK)
		for (enum damage d = TURN_BASE; d < DAMAGES; d++) {
			struct world w;
			struct run r;
			if (how && (d == TURN_BASE || d == TURN_DELTA || d == SWAP))
				continue; /* deep's affair, or seen by a sum */
			world_begin(&w);
			struct buf before = keys_of(w.store, "blobs/");
			damage(&w, d);
			fsck(&w, how | REPAIR, &r);
			assert_int_equal(r.rc, 0);
			assert_true(r.mended >= 1);
			run_wipe(&r);
			assert_sound(&w);
			/* Records are as they were: solo, or a delta on the same base. */
			struct buf after = keys_of(w.store, "blobs/");
			assert_int_equal(before.size, after.size);
			assert_memory_equal(before.data, after.data, after.size);
			buf_wipe(&before);
			buf_wipe(&after);
			world_end(&w);
		}
}

/* From another store, and from a cache, which has solo records alone. */
static void each_damage_is_mended_from_another_store(void **state)
{
	struct world other;

	(void)state;
	world_begin(&other);
	for (enum damage d = TURN_BASE; d < DAMAGES; d++) {
		struct world w;
		struct run r;
		struct transfer t;
		world_begin(&w);
		memset(w.here, 0, sizeof(w.here));
		assert_int_equal(transfer_init(&t, other.store, 1, NULL), 0);
		w.other = (struct fsck_other){ &t, FSCK_FROM_STORE };
		w.others = 1;
		damage(&w, d);
		fsck(&w, REPAIR, &r);
		assert_true(r.mended >= 1);
		run_wipe(&r);
		assert_sound(&w);
		transfer_wipe(&t);
		world_end(&w);
	}
	world_end(&other);
}

static void without_a_copy_it_is_named_and_nothing_is_lost(void **state)
{
	(void)state;
	for (enum damage d = TURN_BASE; d < TRASH_BASE; d++) {
		struct world w;
		struct run r;
		world_begin(&w);
		memset(w.here, 0, sizeof(w.here));
		damage(&w, d);
		size_t before = count(w.store, "");
		fsck(&w, REPAIR, &r);
		assert_int_equal(r.rc, 0);
		assert_int_equal(r.mended, 0);
		assert_true(r.result.findings.count >= 1);
		for (size_t i = 0; i < r.result.findings.count; i++)
			assert_false(r.result.findings.list[i].repaired);
		run_wipe(&r);
		assert_int_equal(count(w.store, ""), before);
		/* And mended once there is one. */
		memset(w.here, 1, sizeof(w.here));
		fsck(&w, REPAIR, &r);
		assert_true(r.mended >= 1);
		run_wipe(&r);
		assert_sound(&w);
		world_end(&w);
	}
}

/* Of a base that is gone but for a delta of it, a solo record is made. */
static void a_base_that_is_not_solo_becomes_solo(void **state)
{
	struct world w;
	struct run r;
	struct key_record what = { .base_count = 1 };
	char key[KEY_MAX];

	(void)state;
	world_begin(&w);
	struct one tune = record_of(&w, TUNE, 0);
	/* A delta that stands on the fine-tune's tensor, itself a delta. */
	memset(what.id.bytes, 0x77, sizeof(what.id.bytes));
	memcpy(what.bases[0], tune.id.bytes, KEY_BASE_PREFIX);
	key_record(&what, key);
	assert_int_equal(store_put_all(w.store, key, "", 0, NULL), 0);
	memset(w.here, 0, sizeof(w.here));
	fsck(&w, QUICK | REPAIR, &r);
	assert_int_equal(found(&r, FSCK_BASE_NOT_SOLO), 1);
	run_wipe(&r);
	key_blob(&tune.id, key);
	assert_true(has(w.store, key));
	world_end(&w);
}

/* Whether the nth call came. Whatever fails, the same command then completes. */
static bool repair_with_fault(struct world *w, const struct snapshot *damaged,
                              const struct store_fault_plan plan)
{
	struct store *faulty;
	struct transfer t;
	struct run r;

	w->store = store_of(damaged);
	assert_int_equal(
		store_faulty_new(w->store, plan, FAULT_KEEP_INNER, &faulty, NULL), 0);
	assert_int_equal(transfer_init(&t, faulty, 1, NULL), 0);
	fsck_with(w, &t, REPAIR, &r);
	run_wipe(&r);
	transfer_wipe(&t);
	bool came = store_faulty_calls(faulty) >= plan.nth;
	store_close(faulty);
	fsck(w, REPAIR, &r);
	assert_int_equal(r.rc, 0);
	run_wipe(&r);
	assert_sound(w);
	store_close(w->store);
	return came;
}

static void whatever_call_fails_the_same_command_completes(void **state)
{
	static const enum store_fault faults[] = { FAULT_FAIL, FAULT_LOSE_REPLY,
		                                   FAULT_CRASH, FAULT_FLIP };
	static const enum damage damages[] = { TURN_BASE, LOSE_DELTA, TURN_MANIFEST,
		                               TRASH_BASE };
	const char *all = getenv("ZLLM_ALL_FAULTS");
	uint64_t step = all && *all ? 1 : 7, points = 0;

	(void)state;
	for (size_t k = 0; k < COUNT(damages); k++) {
		struct snapshot damaged;
		struct world w;
		world_begin(&w);
		damage(&w, damages[k]);
		snapshot_take(&damaged, w.store);
		store_close(w.store);
		for (size_t i = 0; i < COUNT(faults); i++) {
			/* Every seventh, from another beginning each; all of them by
			 * ZLLM_ALL_FAULTS. */
			struct store_fault_plan plan = { faults[i], 1 + (i + k) % step };
			while (repair_with_fault(&w, &damaged, plan)) {
				plan.nth += step;
				points++;
			}
		}
		w.store = store_of(&damaged);
		snapshot_wipe(&damaged);
		world_end(&w);
	}
	print_message("%llu points\n", (unsigned long long)points);
	assert_true(points > 100);
}

/* In a bucket what seems damaged is opened once more: that may fail, too. */
static void a_look_at_damage_that_fails_is_an_error(void **state)
{
	struct snapshot damaged;
	struct world w;
	struct run r;
	bool came = true;
	uint64_t nth;

	(void)state;
	world_begin(&w);
	damage(&w, TURN_BASE);
	snapshot_take(&damaged, w.store);
	for (nth = 1; came; nth++) {
		const struct store_fault_plan plan = { FAULT_FAIL, nth };
		struct store *faulty;
		struct transfer t;
		store_close(w.store);
		w.store = store_of(&damaged);
		w.store->remote = true;
		assert_int_equal(
			store_faulty_new(w.store, plan, FAULT_KEEP_INNER, &faulty, NULL),
			0);
		assert_int_equal(transfer_init(&t, faulty, 1, NULL), 0);
		fsck_with(&w, &t, REPAIR, &r);
		run_wipe(&r);
		transfer_wipe(&t);
		came = store_faulty_calls(faulty) >= nth;
		store_close(faulty);
	}
	print_message("%llu calls\n", (unsigned long long)nth);
	assert_true(nth > 40);
	snapshot_wipe(&damaged);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_store_has_nothing_to_be_found),
		cmocka_unit_test(a_finding_names_objects_tensors_and_repositories),
		cmocka_unit_test(quick_finds_what_heads_edges_and_keys_tell),
		cmocka_unit_test(quick_decodes_nothing),
		cmocka_unit_test(records_that_no_object_is_read_by_are_proved_by_deep),
		cmocka_unit_test(what_lies_in_trash_is_a_remark_where_it_is_right),
		cmocka_unit_test(an_owner_without_a_manifest_is_named_and_hurts_nobody),
		cmocka_unit_test(a_check_with_a_budget_goes_on_where_it_was),
		cmocka_unit_test(each_damage_is_mended_from_files),
		cmocka_unit_test(each_damage_is_mended_from_another_store),
		cmocka_unit_test(without_a_copy_it_is_named_and_nothing_is_lost),
		cmocka_unit_test(a_base_that_is_not_solo_becomes_solo),
		cmocka_unit_test(whatever_call_fails_the_same_command_completes),
		cmocka_unit_test(a_look_at_damage_that_fails_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
