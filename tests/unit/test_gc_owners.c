/* What gc does to manifests and owners: a manifest is given up only where the trace of an
 * expired owner says so and nobody owns it any more; looks go live first, then trash; and
 * what leads nowhere is swept. */
#include "tests/unit/gc_store.h"
#include "tests/unit/store_hooked.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, gc_begin, gc_end)

static void collect_for_long(struct gc_store *w)
{
	for (int i = 0; i < 6; i++)
		collect_later(w);
}

static void what_is_given_up_is_gone_after_a_while_to_its_last_byte(void **state)
{
	struct gc_store *w = *state;

	push_solo(w, "ab");
	push_solo(w, "bc");
	give_up(w, "ab");
	collect_later(w);
	assert_false(has_object(w, "ab"));
	assert_true(has_object_entry(w, "ab"));
	assert_true(reads(w, "ab"));
	collect_for_long(w);
	assert_false(has_object_entry(w, "ab"));
	assert_false(has_record(w, "a"));
	assert_true(reads(w, "bc"));
	assert_int_equal(sum_of(w, "trash/").count, 0);
	assert_int_equal(sum_of(w, "blobs/").count, 2);
	/* What gc says is kept is what the manifests need, to the byte. */
	assert_int_equal(w->counts.of[GC_RECORDS][GC_KEPT].bytes,
	                 sum_of(w, "blobs/").bytes);
	assert_int_equal(w->counts.of[GC_MANIFESTS][GC_KEPT].bytes,
	                 sum_of(w, "objects/").bytes);
	assert_int_equal(counted(w, GC_OWNERS, GC_KEPT), 1);
}

static void who_else_owns_it_keeps_it(void **state)
{
	struct gc_store *w = *state;

	push_solo(w, "a");
	owner(w, "a", theirs);
	give_up(w, "a");
	collect_for_long(w);
	assert_true(has_object(w, "a"));
	assert_true(reads(w, "a"));
}

static void an_owner_in_trash_owns(void **state)
{
	struct gc_store *w = *state;
	char key[KEY_MAX];

	push_solo(w, "a");
	trace(w, "a", theirs);
	owner_key(w, "a", ours, key);
	move(w, key);
	collect_for_long(w);
	assert_true(has_object(w, "a"));
	assert_int_equal(counted(w, GC_OWNERS, GC_WAITING), 1);
}

static void what_nobody_ever_owned_is_kept_until_that_is_asked_for(void **state)
{
	struct gc_store *w = *state;

	solo(w, "a");
	object(w, "a");
	collect_for_long(w);
	assert_true(has_object(w, "a"));
	assert_int_equal(w->summary.unowned, 1);
	collect_as(w, GC_UNOWNED);
	assert_false(has_object(w, "a"));
	assert_true(reads(w, "a"));
}

/* Given back once it is aged: another push came between. */
static void a_manifest_that_somebody_owns_again_comes_back(void **state)
{
	struct gc_store *w = *state;

	push_solo(w, "a");
	give_up(w, "a");
	collect(w);
	assert_false(has_object(w, "a"));
	owner(w, "a", theirs);
	collect(w);
	assert_false(has_object(w, "a"));
	collect_later(w);
	assert_true(has_object(w, "a"));
	assert_true(has_object_entry(w, "a"));
	assert_int_equal(counted(w, GC_MANIFESTS, GC_RESTORED), 1);
}

/* Without this the model breaks in 20 steps. */
static void an_entry_goes_only_when_the_live_key_is_old_too(void **state)
{
	struct gc_store *w = *state;
	char key[KEY_MAX];

	push_solo(w, "a");
	object_key(w, "a", key);
	move(w, key);
	wait_long(w);
	object(w, "a");
	collect(w);
	assert_true(has_object_entry(w, "a"));
	collect_later(w);
	assert_false(has_object_entry(w, "a"));
	assert_true(has_object(w, "a"));
}

static void put_bytes(struct gc_store *w, const char *key, const char *text)
{
	store_remove(w->store, key, NULL);
	assert_int_equal(store_put_all(w->store, key, text, strlen(text), NULL), 0);
}

static void a_manifest_that_cannot_be_read_stops_what_is_done_to_records(void **state)
{
	struct gc_store *w = *state;
	char key[KEY_MAX];

	push_solo(w, "a");
	push_solo(w, "b");
	solo(w, "cd");
	move_record(w, "c");
	give_up(w, "b");
	object_key(w, "a", key);
	put_bytes(w, key, "not a manifest");
	collect_for_long(w);
	assert_int_equal(w->summary.blind_count, 1);
	assert_non_null(strstr(w->summary.blind.text, key));
	assert_true(has_record(w, "a") && has_record(w, "b") && has_record(w, "d"));
	assert_true(has_record_entry(w, "c"));
	/* The other layers are collected. */
	assert_false(has_object_entry(w, "b"));
}

static void a_damaged_manifest_in_trash_needs_nothing(void **state)
{
	struct gc_store *w = *state;
	char key[KEY_MAX], trash[KEY_MAX];

	push_solo(w, "a");
	solo(w, "b");
	object_key(w, "b", key);
	assert_true(key_trash(key, "00000000000000000000000000000001", trash));
	put_bytes(w, trash, "not a manifest");
	collect_later(w);
	assert_int_equal(w->summary.blind_count, 0);
	assert_false(has_record(w, "b"));
}

/* What a mender moved away is the last good one as long as what is at the key is not. */
static void an_entry_stays_while_the_live_manifest_is_damaged(void **state)
{
	struct gc_store *w = *state;
	char key[KEY_MAX];

	push_solo(w, "a");
	object_key(w, "a", key);
	move(w, key);
	put_bytes(w, key, "not a manifest");
	collect_for_long(w);
	assert_true(has_object_entry(w, "a"));
	assert_true(reads(w, "a"));
}

/* It lists other blobs, which are right, than those of its name: fsck set it aside. */
static void a_false_manifest_is_not_given_back(void **state)
{
	struct gc_store *w = *state;
	char key[KEY_MAX];

	solo(w, "ab");
	owner(w, "a", ours);
	put_object(w, "b", "a");
	object_key(w, "a", key);
	move(w, key);
	collect_for_long(w);
	assert_false(has_object(w, "a"));
	assert_true(has_object_entry(w, "a"));
}

static void two_manifests_that_disagree_do_not_keep_a_blob_from_coming_back(void **state)
{
	struct gc_store *w = *state;
	struct extent x = { .kind = EXTENT_CHUNK, .size = GC_BYTES + 1 };
	struct manifest m = { .extents = { .model = MODEL_OPAQUE,
		                           .size = GC_BYTES + 1,
		                           .list = &x,
		                           .count = 1 } };
	struct err err = ERR_INIT;

	push_solo(w, "a");
	x.id = *blob(w, 'a');
	m.oid.bytes[0] = 7;
	if (manifest_put(w->store, &m, NULL, &err))
		fail_msg("%s", err.text);
	move_record(w, "a");
	collect(w);
	assert_true(has_record(w, "a"));
	collect_for_long(w);
	assert_false(has_record_entry(w, "a"));
	assert_true(reads(w, "a"));
}

/* ---------------------------------------------------------------- traces */

static void a_trace_goes_with_its_object(void **state)
{
	struct gc_store *w = *state;

	push_solo(w, "a");
	give_up(w, "a");
	collect(w);
	assert_int_equal(counted(w, GC_TRACES, GC_WAITING), 1);
	collect_for_long(w);
	assert_int_equal(sum_of(w, "").count, 0);
}

static void a_trace_goes_when_the_owner_is_back_for_long(void **state)
{
	struct gc_store *w = *state;

	push_solo(w, "a");
	give_up(w, "a");
	owner(w, "a", ours);
	collect(w);
	assert_int_equal(sum_of(w, "trash/").count, 1);
	collect_later(w);
	assert_int_equal(sum_of(w, "trash/").count, 0);
	assert_true(has_object(w, "a"));
}

static void another_s_owner_does_not_end_a_trace(void **state)
{
	struct gc_store *w = *state;

	push_solo(w, "a");
	give_up(w, "a");
	owner(w, "a", theirs);
	collect_for_long(w);
	assert_int_equal(sum_of(w, "trash/").count, 1);
	assert_true(has_object(w, "a"));
}

/* ---------------------------------------------------------------- the order of looks */

/* What others do in the middle of a look, once, before its nth listing. */
struct meanwhile {
	struct gc_store *w;
	int nth;
	void (*happens)(struct gc_store *w);
};

static void when_listed(void *ctx, const char *verb, const char *what)
{
	struct meanwhile *m = ctx;

	(void)what;
	if (m->nth && strcmp(verb, "list") == 0 && --m->nth == 0)
		m->happens(m->w);
}

/* False when there were not so many listings. */
static bool collect_while(struct gc_store *w, int nth,
                          void (*happens)(struct gc_store *w))
{
	struct store_hooked *h = store_hooked_new(w->store);
	struct meanwhile m = { w, nth, happens };

	h->hook = when_listed;
	h->ctx = &m;
	w->transfer.store = &h->base;
	w->transfer.lanes = 1;
	collect(w);
	w->transfer.store = w->store;
	store_close(&h->base);
	return m.nth == 0;
}

/* Makes a world, and lets something happen to it before the nth listing of a run of gc;
 * for each n. After that, and later runs, the object must be there. */
static void whenever(const char *letters, void (*prepare)(struct gc_store *w),
                     void (*happens)(struct gc_store *w))
{
	bool more = true;
	int n = 0;

	while (more) {
		struct gc_store w;
		gc_store_open(&w);
		w.transfer.lanes = 1;
		prepare(&w);
		more = collect_while(&w, ++n, happens);
		if (more && !reads(&w, letters))
			fail_msg("lost at listing %d", n);
		collect_for_long(&w);
		if (more && (!reads(&w, letters) || !has_object(&w, letters)))
			fail_msg("lost after listing %d", n);
		gc_store_close(&w);
	}
	assert_true(n > 100); /* sixteen for each of six, and what follows */
}

static void move_the_owner(struct gc_store *w)
{
	char key[KEY_MAX];

	owner_key(w, "a", ours, key);
	move(w, key);
}

static void move_the_manifest(struct gc_store *w)
{
	char key[KEY_MAX];

	object_key(w, "a", key);
	move(w, key);
}

static void restore_the_manifest(struct gc_store *w)
{
	char key[KEY_MAX];

	object_key(w, "a", key);
	restore_key(w, key);
}

static void restore_the_owner(struct gc_store *w)
{
	char key[KEY_MAX];

	owner_key(w, "a", ours, key);
	restore_key(w, key);
}

/* It is owned, and its manifest is in trash for long: who sees no owner would destroy it. */
static void with_its_manifest_in_trash(struct gc_store *w)
{
	push_solo(w, "a");
	trace(w, "a", theirs);
	move_the_manifest(w);
	wait_long(w);
}

static void with_all_in_trash(struct gc_store *w)
{
	with_its_manifest_in_trash(w);
	move_the_owner(w);
	wait_long(w);
}

static void an_owner_that_moves_during_the_look_is_seen(void **state)
{
	(void)state;
	whenever("a", with_its_manifest_in_trash, move_the_owner);
	whenever("a", with_all_in_trash, restore_the_owner);
}

static void a_manifest_that_moves_during_the_look_is_seen(void **state)
{
	(void)state;
	whenever("a", with_its_manifest_in_trash, restore_the_manifest);
	whenever("a", with_all_in_trash, restore_the_manifest);
}

static void put_the_manifest(struct gc_store *w)
{
	object(w, "a");
}

/* It is younger than the mark, which so concludes nothing from it: a push that saw none may
 * still be at work. (The model of two pushes, a prune and a gc breaks without this.) */
static void a_manifest_that_comes_during_the_look_ends_no_entry(void **state)
{
	bool more = true;

	(void)state;
	for (int n = 1; more; n++) {
		struct gc_store w;
		gc_store_open(&w);
		w.transfer.lanes = 1;
		with_its_manifest_in_trash(&w);
		more = collect_while(&w, n, put_the_manifest);
		assert_true(!more || has_object_entry(&w, "a"));
		gc_store_close(&w);
	}
}

static void delta_whose_base_is_in_trash(struct gc_store *w)
{
	solo(w, "a");
	push_delta(w, "b", "a");
	move_record(w, "a");
	wait_long(w);
}

static void move_the_delta(struct gc_store *w)
{
	move_record(w, "b~a");
}

static void restore_the_base(struct gc_store *w)
{
	char key[KEY_MAX];

	record_key(w, "a", key);
	restore_key(w, key);
}

/* Its edge must be seen, wherever it is. */
static void a_record_that_moves_during_the_look_keeps_its_base(void **state)
{
	(void)state;
	whenever("b", delta_whose_base_is_in_trash, move_the_delta);
	whenever("b", delta_whose_base_is_in_trash, restore_the_base);
}

static void live_for_long(struct gc_store *w)
{
	push_solo(w, "a");
	trace(w, "a", theirs);
	wait_long(w);
}

static void move_the_record(struct gc_store *w)
{
	move_record(w, "a");
}

static void what_is_live_may_be_moved_at_any_moment(void **state)
{
	(void)state;
	whenever("a", live_for_long, move_the_record);
	whenever("a", live_for_long, move_the_manifest);
	whenever("a", live_for_long, move_the_owner);
}

/* Needless for long: a push finds nothing live, and puts all of it anew. */
static void in_trash_for_long(struct gc_store *w)
{
	push_solo(w, "b");
	solo(w, "a");
	move_record(w, "a");
	wait_long(w);
}

static void push_a(struct gc_store *w)
{
	push_solo(w, "a");
}

/* As above, but the push reuses what is live and young. */
static void live_and_in_trash(struct gc_store *w)
{
	in_trash_for_long(w);
	solo(w, "a");
}

static void commit_a(struct gc_store *w)
{
	owner(w, "a", ours);
	object(w, "a");
}

static void a_push_during_the_look_loses_nothing(void **state)
{
	(void)state;
	whenever("a", in_trash_for_long, push_a);
	whenever("a", live_and_in_trash, commit_a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_given_up_is_gone_after_a_while_to_its_last_byte),
		TEST(who_else_owns_it_keeps_it),
		TEST(an_owner_in_trash_owns),
		TEST(what_nobody_ever_owned_is_kept_until_that_is_asked_for),
		TEST(a_manifest_that_somebody_owns_again_comes_back),
		TEST(an_entry_goes_only_when_the_live_key_is_old_too),
		TEST(a_manifest_that_cannot_be_read_stops_what_is_done_to_records),
		TEST(a_damaged_manifest_in_trash_needs_nothing),
		TEST(an_entry_stays_while_the_live_manifest_is_damaged),
		TEST(a_false_manifest_is_not_given_back),
		TEST(two_manifests_that_disagree_do_not_keep_a_blob_from_coming_back),
		TEST(a_trace_goes_with_its_object),
		TEST(a_trace_goes_when_the_owner_is_back_for_long),
		TEST(another_s_owner_does_not_end_a_trace),
		cmocka_unit_test(an_owner_that_moves_during_the_look_is_seen),
		cmocka_unit_test(a_manifest_that_moves_during_the_look_is_seen),
		cmocka_unit_test(a_manifest_that_comes_during_the_look_ends_no_entry),
		cmocka_unit_test(a_record_that_moves_during_the_look_keeps_its_base),
		cmocka_unit_test(what_is_live_may_be_moved_at_any_moment),
		cmocka_unit_test(a_push_during_the_look_loses_nothing),
	};

	return cmocka_run_group_tests_name("gc: owners and manifests", tests, NULL, NULL);
}
