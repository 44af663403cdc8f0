/* What gc does to records: what nothing needs goes out of sight, ages, and is destroyed;
 * what is needed comes back; and each rule that keeps something has its test here. */
#include "index/blob/transfer.h"
#include "tests/unit/gc_store.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, gc_begin, gc_end)

static void what_is_needed_stays_where_it_is(void **state)
{
	struct gc_store *w = *state;

	solo(w, "a");
	push_delta(w, "b", "a");
	collect_later(w);
	assert_int_equal(sum_of(w, "trash/").count, 0);
	assert_true(reads(w, "b"));
	assert_int_equal(counted(w, GC_RECORDS, GC_KEPT), 2);
}

static void what_nothing_needs_goes_out_of_sight_ages_and_is_destroyed(void **state)
{
	struct gc_store *w = *state;

	push_solo(w, "a");
	solo(w, "b");
	collect_later(w);
	assert_false(has_record(w, "b"));
	assert_true(has_record_entry(w, "b"));
	collect(w);
	assert_true(has_record_entry(w, "b"));
	w->clock += GC_TEST_GRACE + gc_step_limit(GC_TEST_GRACE);
	collect(w);
	assert_true(has_record_entry(w, "b"));
	w->clock++;
	collect(w);
	assert_false(has_record_entry(w, "b"));
	assert_true(reads(w, "a"));
}

static void a_record_that_has_just_come_is_left_to_its_push(void **state)
{
	struct gc_store *w = *state;

	solo(w, "a");
	w->clock += GC_TEST_GRACE / 24 - 1;
	collect(w);
	assert_true(has_record(w, "a"));
	assert_int_equal(counted(w, GC_RECORDS, GC_LEFT), 1);
	w->clock += 2;
	collect(w);
	assert_false(has_record(w, "a"));
}

static void what_a_push_came_to_need_is_given_back(void **state)
{
	struct gc_store *w = *state;

	solo(w, "a");
	collect_later(w);
	assert_false(has_record(w, "a"));
	owner(w, "a", ours);
	object(w, "a");
	collect(w);
	assert_true(has_record(w, "a"));
	assert_true(has_record_entry(w, "a")); /* a restore copies */
	assert_true(reads(w, "a"));
}

/* In a bucket a restore cannot renew its entry's time: the live value is what is young. */
static void an_entry_that_was_restored_is_young_again(void **state)
{
	struct gc_store *w = *state;

	push_solo(w, "a");
	move_record(w, "a");
	collect_later(w);
	assert_true(has_record(w, "a"));
	w->clock += GC_TEST_GRACE;
	collect(w);
	assert_true(has_record_entry(w, "a"));
	collect_later(w);
	assert_false(has_record_entry(w, "a"));
	assert_true(reads(w, "a"));
}

static void the_youngest_entry_of_a_key_is_the_age_of_all(void **state)
{
	struct gc_store *w = *state;

	push_solo(w, "b");
	solo(w, "a");
	move_record(w, "a");
	wait_long(w);
	solo(w, "a");
	move_record(w, "a");
	collect(w);
	assert_int_equal(counted(w, GC_RECORDS, GC_DESTROYED), 0);
	collect_later(w);
	assert_int_equal(counted(w, GC_RECORDS, GC_DESTROYED), 2);
}

static void a_base_of_a_needed_delta_stays_though_no_manifest_lists_it(void **state)
{
	struct gc_store *w = *state;

	push_solo(w, "a");
	push_delta(w, "b", "a");
	give_up(w, "a");
	for (int i = 0; i < 6; i++) {
		collect_later(w);
		assert_true(has_record(w, "a"));
		assert_true(reads(w, "b"));
	}
	assert_false(has_object(w, "a"));
	assert_false(has_object_entry(w, "a"));
}

/* b, which is needed, is in trash as a delta, and its base a too: no live record says that a
 * is of use, and a is older than b. */
static void the_base_of_a_record_in_trash_of_a_missed_blob_is_not_destroyed(void **state)
{
	struct gc_store *w = *state;

	solo(w, "a");
	push_delta(w, "b", "a");
	move_record(w, "b~a");
	move_record(w, "a");
	collect_later(w);
	assert_true(has_record(w, "a"));
	assert_true(has_record(w, "b~a"));
	assert_true(reads(w, "b"));
}

static void the_base_of_a_live_delta_comes_back(void **state)
{
	struct gc_store *w = *state;

	solo(w, "a");
	push_delta(w, "b", "a");
	move_record(w, "a");
	collect_later(w);
	assert_int_equal(w->summary.missed, 1);
	assert_int_equal(w->summary.lost, 0);
	assert_true(has_record(w, "a"));
	assert_true(has_record_entry(w, "a"));
	assert_int_equal(counted(w, GC_RECORDS, GC_RESTORED), 1);
}

static void a_solo_record_comes_back_before_a_delta(void **state)
{
	struct gc_store *w = *state;

	push_solo(w, "b");
	solo(w, "a");
	delta(w, "b", "a");
	move_record(w, "b");
	move_record(w, "b~a");
	move_record(w, "a");
	collect(w);
	assert_true(has_record(w, "b"));
	assert_false(has_record(w, "b~a"));
	assert_false(has_record(w, "a"));
}

/* A base that has only deltas does not decode at the depth that writers keep to. */
static void a_delta_on_a_delta_is_missed(void **state)
{
	struct gc_store *w = *state;

	solo(w, "ab");
	delta(w, "c", "b");
	delta(w, "b", "a");
	owner(w, "c", ours);
	object(w, "c");
	move_record(w, "b");
	collect_later(w);
	assert_int_equal(w->summary.missed, 1);
	assert_true(has_record(w, "b"));
	assert_true(reads(w, "c"));
}

/* Of a blob that a mark misses nothing is destroyed that any of its records stands on,
 * though another record gives it back in the same run. */
static void what_a_missed_blob_might_need_stays_in_trash(void **state)
{
	struct gc_store *w = *state;

	solo(w, "ab");
	push_delta(w, "b", "a");
	move_record(w, "b");
	move_record(w, "b~a");
	move_record(w, "a");
	collect_later(w);
	assert_true(has_record(w, "b"));
	assert_true(has_record_entry(w, "a"));
	assert_true(has_record_entry(w, "b~a"));
	collect(w);
	assert_false(has_record_entry(w, "a")); /* nothing is missed any more */
}

static void what_a_live_delta_of_a_missed_blob_stands_on_stays_in_trash(void **state)
{
	struct gc_store *w = *state;

	solo(w, "ab");
	push_delta(w, "b", "a");
	move_record(w, "b");
	move_record(w, "a");
	collect_later(w);
	assert_true(has_record(w, "b"));
	assert_true(has_record_entry(w, "a"));
}

static void what_a_missed_blob_might_need_is_not_moved(void **state)
{
	struct gc_store *w = *state;

	solo(w, "ab");
	push_delta(w, "b", "a");
	move_record(w, "b");
	move_record(w, "b~a");
	collect_later(w);
	assert_true(has_record(w, "b"));
	assert_true(has_record(w, "a"));
	collect(w);
	assert_false(has_record(w, "a"));
}

/* What is damaged, or another's, lies in trash as well: it was moved there for that. */
static void what_is_given_back_was_read_to_its_last_byte(void **state)
{
	struct gc_store *w = *state;
	struct buf bytes = BUF_INIT;
	char key[KEY_MAX], trash[KEY_MAX];

	push_solo(w, "a");
	record_key(w, "a", key);
	move(w, key);
	assert_true(find_entry(w, key, trash));
	assert_int_equal(store_get_all(w->store, trash, 1 << 20, &bytes, NULL), 0);
	bytes.data[bytes.size - 5] ^= 1;
	assert_int_equal(store_remove(w->store, trash, NULL), 0);
	assert_int_equal(store_put_all(w->store, trash, bytes.data, bytes.size, NULL), 0);
	collect_later(w);
	assert_false(has_record(w, "a"));
	assert_true(
		has_record_entry(w, "a")); /* nobody decides here that it is worthless */
	assert_int_equal(w->summary.lost, 1);
	assert_non_null(strstr(w->told.text, "no record of it is right"));
	solo(w, "a");
	assert_true(reads(w, "a"));
	buf_wipe(&bytes);
}

static void damage(struct gc_store *w, const char *key, size_t keep)
{
	struct buf bytes = BUF_INIT;

	assert_int_equal(store_get_all(w->store, key, 1 << 20, &bytes, NULL), 0);
	assert_int_equal(store_remove(w->store, key, NULL), 0);
	assert_int_equal(store_put_all(w->store, key, bytes.data, keep, NULL), 0);
	buf_wipe(&bytes);
}

static void an_entry_stays_while_what_replaces_it_is_not_sound(void **state)
{
	struct gc_store *w = *state;
	char key[KEY_MAX];

	push_solo(w, "a");
	move_record(w, "a");
	solo(w, "a");
	record_key(w, "a", key);
	damage(w, key, 40);
	collect_later(w);
	assert_true(has_record_entry(w, "a"));
	assert_non_null(strstr(w->told.text, "not sound"));
	assert_int_equal(store_remove(w->store, key, NULL), 0);
	assert_true(reads(w, "a"));
}

/* The base's entry is the last good copy that a needed delta stands on. */
static void a_base_in_trash_stays_while_the_live_one_is_not_sound(void **state)
{
	struct gc_store *w = *state;
	char key[KEY_MAX];

	solo(w, "a");
	push_delta(w, "b", "a");
	move_record(w, "a");
	solo(w, "a");
	record_key(w, "a", key);
	damage(w, key, 40);
	collect_later(w);
	assert_true(has_record_entry(w, "a"));
}

static void an_entry_stays_while_the_base_of_what_replaces_it_is_not_sound(void **state)
{
	struct gc_store *w = *state;
	char key[KEY_MAX];

	solo(w, "ab");
	push_delta(w, "b", "a");
	move_record(w, "b");
	record_key(w, "a", key);
	damage(w, key, 40);
	collect_later(w);
	assert_true(has_record_entry(w, "b"));
	move_record(w, "a"); /* as fsck does */
	collect(w);
	assert_true(has_record(w, "b"));
	assert_true(reads(w, "b"));
}

static void a_needless_delta_of_a_base_goes_while_the_base_stays(void **state)
{
	struct gc_store *w = *state;

	solo(w, "ac");
	delta(w, "a", "c");
	push_delta(w, "b", "a");
	collect_later(w);
	assert_true(has_record(w, "a"));
	assert_false(has_record(w, "a~c"));
	assert_false(has_record(w, "c"));
	for (int i = 0; i < 3; i++)
		collect_later(w);
	assert_int_equal(sum_of(w, "trash/").count, 0);
	assert_true(reads(w, "b"));
}

static void an_edge_means_every_blob_whose_id_begins_so(void **state)
{
	struct gc_store *w = *state;
	struct oid twin;
	char key[KEY_MAX];

	solo(w, "a");
	push_delta(w, "b", "a");
	twin = *blob(w, 'a');
	twin.bytes[SHA256_SIZE - 1] ^= 1;
	key_blob(&twin, key);
	assert_int_equal(store_put_all(w->store, key, "x", 1, NULL), 0);
	collect_later(w);
	assert_true(is_live(w, key));
	assert_true(has_record(w, "a"));
	assert_true(reads(w, "b"));
}

/* Which of the two is meant is not known: nothing is concluded from one of them. */
static void an_edge_that_may_mean_a_blob_without_a_solo_record_decodes_nothing(
	void **state)
{
	struct gc_store *w = *state;
	struct oid twin = *blob(w, 'a');
	char key[KEY_MAX], trash[KEY_MAX];

	solo(w, "a");
	push_delta(w, "b", "a");
	twin.bytes[SHA256_SIZE - 1] ^= 1;
	key_delta(&twin, blob(w, 'c'), key);
	assert_int_equal(store_put_all(w->store, key, "x", 1, NULL), 0);
	collect(w);
	assert_int_equal(w->summary.missed, 1);
	assert_int_equal(store_set_aside(w->store, key, trash, NULL), 0);
	collect(w);
	assert_int_equal(w->summary.missed, 1);
	assert_int_equal(store_remove(w->store, trash, NULL), 0);
	collect(w);
	assert_int_equal(w->summary.missed, 0);
	assert_true(reads(w, "b"));
}

static void another_blob_of_the_same_first_bytes_is_not_the_needed_one(void **state)
{
	struct gc_store *w = *state;
	struct oid twin;
	char key[KEY_MAX];

	push_solo(w, "a");
	twin = *blob(w, 'a');
	twin.bytes[SHA256_SIZE - 1] ^= 1;
	key_blob(&twin, key);
	assert_int_equal(store_put_all(w->store, key, "x", 1, NULL), 0);
	collect_later(w);
	assert_false(is_live(w, key));
	assert_true(has_record(w, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_needed_stays_where_it_is),
		TEST(what_nothing_needs_goes_out_of_sight_ages_and_is_destroyed),
		TEST(a_record_that_has_just_come_is_left_to_its_push),
		TEST(what_a_push_came_to_need_is_given_back),
		TEST(an_entry_that_was_restored_is_young_again),
		TEST(the_youngest_entry_of_a_key_is_the_age_of_all),
		TEST(a_base_of_a_needed_delta_stays_though_no_manifest_lists_it),
		TEST(the_base_of_a_record_in_trash_of_a_missed_blob_is_not_destroyed),
		TEST(the_base_of_a_live_delta_comes_back),
		TEST(a_solo_record_comes_back_before_a_delta),
		TEST(a_delta_on_a_delta_is_missed),
		TEST(what_a_missed_blob_might_need_is_not_moved),
		TEST(what_a_live_delta_of_a_missed_blob_stands_on_stays_in_trash),
		TEST(what_a_missed_blob_might_need_stays_in_trash),
		TEST(what_is_given_back_was_read_to_its_last_byte),
		TEST(an_entry_stays_while_what_replaces_it_is_not_sound),
		TEST(a_base_in_trash_stays_while_the_live_one_is_not_sound),
		TEST(an_entry_stays_while_the_base_of_what_replaces_it_is_not_sound),
		TEST(a_needless_delta_of_a_base_goes_while_the_base_stays),
		TEST(an_edge_means_every_blob_whose_id_begins_so),
		TEST(an_edge_that_may_mean_a_blob_without_a_solo_record_decodes_nothing),
		TEST(another_blob_of_the_same_first_bytes_is_not_the_needed_one),
	};

	return cmocka_run_group_tests_name("gc: records", tests, NULL, NULL);
}
