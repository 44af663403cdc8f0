/* What leads nowhere is swept when it is old, and no earlier. */
#include "tests/unit/gc_store.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, gc_begin, gc_end)

static void collect_for_long(struct gc_store *w)
{
	for (int i = 0; i < 6; i++)
		collect_later(w);
}

static void put_bytes(struct gc_store *w, const char *key, const char *text)
{
	store_remove(w->store, key, NULL);
	assert_int_equal(store_put_all(w->store, key, text, strlen(text), NULL), 0);
}

static void an_owner_of_nothing_goes_out_of_sight_and_is_destroyed(void **state)
{
	struct gc_store *w = *state;
	char key[KEY_MAX];

	owner(w, "a", ours);
	collect(w);
	assert_int_equal(sum_of(w, "owners/").count, 1);
	collect_later(w);
	owner_key(w, "a", ours, key);
	assert_false(is_live(w, key));
	assert_int_equal(sum_of(w, "trash/").count, 1);
	collect_later(w);
	assert_int_equal(sum_of(w, "").count, 0);
}

/* An owner's marker that a push put again is young, and what it owns may come any moment. */
static void an_owner_in_trash_of_nothing_stays_while_the_live_one_is_young(void **state)
{
	struct gc_store *w = *state;

	owner(w, "a", ours);
	collect_later(w);
	wait_long(w);
	owner(w, "a", ours);
	collect(w);
	assert_int_equal(sum_of(w, "trash/").count, 1);
}

static void name_key(const char *repo, char key[KEY_MAX])
{
	struct oid hash = { { 5 } };

	key_name(&hash, repo, key);
}

static void a_name_of_who_owns_nothing_is_swept(void **state)
{
	struct gc_store *w = *state;
	char key[KEY_MAX], other[KEY_MAX];

	push_solo(w, "a");
	name_key(ours, key);
	name_key(theirs, other);
	put_bytes(w, key, "");
	put_bytes(w, other, "");
	collect(w);
	assert_true(is_live(w, other));
	collect_for_long(w);
	assert_true(is_live(w, key));
	assert_false(is_live(w, other));
	assert_int_equal(sum_of(w, "trash/").count, 0);
}

static void marker_key(struct gc_store *w, const char *letters, char key[KEY_MAX])
{
	struct key_marker marker = { .name = 1, .id = *blob(w, *letters) };

	object_oid(w, letters, &marker.object);
	key_marker(&marker, key);
}

static void a_base_marker_that_leads_nowhere_is_swept(void **state)
{
	struct gc_store *w = *state;
	char good[KEY_MAX], no_object[KEY_MAX], no_record[KEY_MAX];

	push_solo(w, "a");
	push_solo(w, "c");
	solo(w, "b");
	marker_key(w, "a", good);
	marker_key(w, "b", no_object);
	marker_key(w, "c", no_record);
	put_bytes(w, good, "");
	put_bytes(w, no_object, "");
	put_bytes(w, no_record, "");
	delta(w, "c", "a");
	char key[KEY_MAX];
	record_key(w, "c", key);
	assert_int_equal(store_remove(w->store, key, NULL), 0);
	collect(w);
	assert_true(is_live(w, no_object));
	collect_later(w);
	assert_true(is_live(w, good));
	assert_false(is_live(w, no_object));
	assert_false(is_live(w, no_record));
	assert_int_equal(counted(w, GC_BASES, GC_DESTROYED), 2);
}

static void an_old_probe_is_swept(void **state)
{
	struct gc_store *w = *state;

	put_bytes(w, "probe/0123", "x");
	collect(w);
	assert_true(is_live(w, "probe/0123"));
	collect_later(w);
	assert_false(is_live(w, "probe/0123"));
}

static void things_in_trash_that_are_not_ours_stay(void **state)
{
	struct gc_store *w = *state;

	put_bytes(w, "trash/00/00/from-the-future@00000000000000000000000000000000", "x");
	put_bytes(w, "trash/elsewhere", "x");
	put_bytes(w, "trash/00/11", "x");
	collect_for_long(w);
	assert_int_equal(sum_of(w, "trash/").count, 3);
	assert_true(w->summary.strange >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_owner_of_nothing_goes_out_of_sight_and_is_destroyed),
		TEST(an_owner_in_trash_of_nothing_stays_while_the_live_one_is_young),
		TEST(a_name_of_who_owns_nothing_is_swept),
		TEST(a_base_marker_that_leads_nowhere_is_swept),
		TEST(an_old_probe_is_swept),
		TEST(things_in_trash_that_are_not_ours_stay),
	};

	return cmocka_run_group_tests_name("gc: sweeping", tests, NULL, NULL);
}
