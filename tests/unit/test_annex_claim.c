/* What docs/store.md, "Claims", promises: each key of git-annex owns by itself; what it claims
 * stays whatever a prune of git-lfs's gives up, and the other way round; what is removed goes
 * after a while; and the marker by which a key is found is there as long as its claim. */
#include "index/manifest/annex_claim.h"
#include "tests/unit/gc_store.h"
#include "tests/unit/store_faulty.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, gc_begin, gc_end)
#define UUID "6d0ebef0-2d7b-43c5-a6dc-152e68e8f1a1"

/* A key, under which id it owns, and the object of some letters. */
struct claimed {
	struct key_annex key;
	char owner[REPO_ID_HEX + 1];
	struct oid oid;
};

static struct claimed key_of(const struct gc_store *w, const char *text,
                             const char *letters)
{
	struct claimed c;

	assert_int_equal(annex_key_of(UUID, text, strlen(text), &c.key, NULL), 0);
	assert_int_equal(annex_claim_owner(&c.key, c.owner, NULL), 0);
	object_oid(w, letters, &c.oid);
	return c;
}

static void claim(struct gc_store *w, const struct claimed *c)
{
	assert_int_equal(annex_claim_put(w->store, c->owner, &c->oid, NULL), 0);
}

static void drop(struct gc_store *w, const struct claimed *c)
{
	assert_int_equal(annex_claim_drop(w->store, c->owner, &c->oid, NULL), 0);
}

/* As a STORE does: the marker, the records, the claim, the manifest. */
static struct claimed store_as(struct gc_store *w, const char *text, const char *letters)
{
	struct claimed c = key_of(w, text, letters);

	assert_int_equal(annex_content_put(w->store, &c.key, &c.oid, NULL), 0);
	solo(w, letters);
	claim(w, &c);
	object(w, letters);
	return c;
}

static enum annex_claim state_of(struct gc_store *w, const struct claimed *c)
{
	enum annex_claim state;

	assert_int_equal(annex_claim_look(w->store, c->owner, &c->oid, &state, NULL), 0);
	return state;
}

static size_t contents_of(struct gc_store *w, const struct claimed *c)
{
	struct annex_contents found;

	assert_int_equal(annex_content_find(w->store, &c->key, &found, NULL), 0);
	if (found.count == 1)
		assert_true(oid_equal(&found.list[0], &c->oid));
	return found.count;
}

static void marker_key(const struct claimed *c, char key[KEY_MAX])
{
	key_annex(&c->key, &c->oid, key);
}

static void collect_for_long(struct gc_store *w)
{
	for (int i = 0; i < 6; i++) {
		wait_long(w);
		collect(w);
	}
}

/* ---------------------------------------------------------------- claims */

static void no_two_keys_own_under_one_id_and_no_repository_does(void **state)
{
	struct gc_store *w = *state;
	struct claimed a = key_of(w, "MD5-s3--x", "a"), b = key_of(w, "MD5-s3--y", "a");

	assert_true(annex_claim_is(a.owner) && annex_claim_is(b.owner));
	assert_false(annex_claim_is(ours));
	assert_string_not_equal(a.owner, b.owner);
	assert_true(key_repo_id_valid(a.owner));
	assert_int_equal(annex_key_of("another uuid", "MD5-s3--x", 9, &b.key, NULL), 0);
	assert_int_equal(annex_claim_owner(&b.key, b.owner, NULL), 0);
	assert_string_not_equal(a.owner, b.owner);
}

static void the_end_of_one_key_takes_nothing_from_another_with_its_content(void **state)
{
	struct gc_store *w = *state;
	struct claimed md5 = store_as(w, "MD5E-s1024--x.bin", "a");
	struct claimed sha = key_of(w, "SHA256E-s1024--x.txt", "a");

	claim(w, &sha);
	drop(w, &md5);
	assert_int_equal(state_of(w, &md5), ANNEX_CLAIM_GONE);
	collect_for_long(w);
	assert_int_equal(state_of(w, &sha), ANNEX_CLAIM_LIVE);
	assert_true(reads(w, "a"));
	assert_int_equal(contents_of(w, &md5), 0);
}

static void what_is_removed_is_gone_after_a_while_to_its_last_byte(void **state)
{
	struct gc_store *w = *state;
	struct claimed c = store_as(w, "WORM-s1024-m1--a", "a");

	collect_for_long(w);
	assert_true(reads(w, "a"));
	drop(w, &c);
	collect(w);
	assert_true(reads(w, "a")); /* it owns in trash, until it is aged */
	collect_for_long(w);
	assert_false(has_object(w, "a"));
	assert_int_equal(sum_of(w, "trash/").count, 0);
	assert_int_equal(sum_of(w, "annexes/").count, 0);
	assert_int_equal(sum_of(w, "owners/").count, 0);
	assert_int_equal(sum_of(w, "blobs/").count, 0);
}

static void a_prune_takes_nothing_that_an_annex_claims(void **state)
{
	struct gc_store *w = *state;
	struct claimed c = key_of(w, "SHA256-s1024--a", "a");

	push_solo(w, "a");
	claim(w, &c);
	give_up(w, "a");
	collect_for_long(w);
	assert_true(has_object(w, "a"));
	assert_true(reads(w, "a"));
}

static void an_annex_takes_nothing_that_a_repository_needs(void **state)
{
	struct gc_store *w = *state;
	struct claimed c = key_of(w, "SHA256-s1024--a", "a");

	push_solo(w, "a");
	claim(w, &c);
	drop(w, &c);
	collect_for_long(w);
	assert_true(has_object(w, "a"));
	assert_true(reads(w, "a"));
	/* And it is still known that the key was removed: it is not claimed again. */
	assert_int_equal(state_of(w, &c), ANNEX_CLAIM_GONE);
}

static void what_never_was_claimed_can_be_removed_and_then_is_gone(void **state)
{
	struct gc_store *w = *state;
	struct claimed c = key_of(w, "SHA256-s1024--a", "a");

	drop(w, &c);
	assert_int_equal(sum_of(w, "trash/").count, 0); /* there is nothing of it */
	push_solo(w, "a");
	assert_int_equal(state_of(w, &c), ANNEX_CLAIM_NEVER);
	drop(w, &c);
	assert_int_equal(state_of(w, &c), ANNEX_CLAIM_GONE);
	drop(w, &c);
	assert_int_equal(sum_of(w, "trash/").count, 1); /* once is enough */
}

static void what_is_stored_again_is_present_again(void **state)
{
	struct gc_store *w = *state;
	struct claimed c = store_as(w, "WORM-s1024-m1--a", "a");

	drop(w, &c);
	wait_long(w);
	collect(w);
	store_as(w, "WORM-s1024-m1--a", "a");
	assert_int_equal(state_of(w, &c), ANNEX_CLAIM_LIVE);
	collect_for_long(w);
	assert_true(reads(w, "a"));
	assert_int_equal(contents_of(w, &c), 1);
	assert_int_equal(sum_of(w, "trash/").count, 0);
}

static void a_claim_that_went_lately_is_not_ended(void **state)
{
	struct gc_store *w = *state;
	struct claimed c = store_as(w, "WORM-s1024-m1--a", "a");

	wait_long(w);
	drop(w, &c);
	collect(w);
	assert_int_equal(counted(w, GC_TRACES, GC_MADE), 0);
	assert_int_equal(counted(w, GC_OWNERS, GC_WAITING), 1);
	assert_true(has_object(w, "a"));
}

/* A repository's owner in trash is its prune's, and stays as long as it wants. */
static void only_claims_end_without_a_prune(void **state)
{
	struct gc_store *w = *state;
	char key[KEY_MAX];

	push_solo(w, "a");
	owner_key(w, "a", ours, key);
	move(w, key);
	collect_for_long(w);
	assert_true(has_object(w, "a"));
	assert_int_equal(counted(w, GC_OWNERS, GC_WAITING), 1);
}

/* ---------------------------------------------------------------- markers */

static void a_marker_in_trash_is_found_and_comes_back(void **state)
{
	struct gc_store *w = *state;
	struct claimed c = store_as(w, "MD5-s1024--a", "a");
	char key[KEY_MAX];

	marker_key(&c, key);
	move(w, key);
	assert_int_equal(contents_of(w, &c), 1);
	wait_long(w);
	wait_long(w);
	collect(w);
	assert_true(is_live(w, key));
	collect_for_long(w);
	assert_true(is_live(w, key));
	assert_int_equal(sum_of(w, "trash/").count, 0);
}

/* Whoever stores sees a marker that a gc then moves by an old view: his claim brings it
 * back, for it is not destroyed before he has ended. */
static void a_marker_that_a_store_relied_on_is_not_lost(void **state)
{
	struct gc_store *w = *state;
	struct claimed c = key_of(w, "MD5-s1024--a", "a");
	char key[KEY_MAX];

	assert_int_equal(annex_content_put(w->store, &c.key, &c.oid, NULL), 0);
	wait_long(w);
	collect(w); /* nobody claims it: it goes to trash */
	marker_key(&c, key);
	assert_false(is_live(w, key));
	solo(w, "a");
	claim(w, &c);
	object(w, "a");
	assert_int_equal(contents_of(w, &c), 1);
	collect_for_long(w);
	assert_true(is_live(w, key));
}

static void two_contents_of_one_key_are_both_found(void **state)
{
	struct gc_store *w = *state;
	struct claimed a = store_as(w, "URL--http&c%%x", "a");
	struct claimed b = store_as(w, "URL--http&c%%x", "b");

	assert_int_equal(contents_of(w, &a), 2);
	drop(w, &a);
	collect_for_long(w);
	assert_int_equal(contents_of(w, &b), 1);
	assert_true(reads(w, "b"));
}

static void another_annex_with_such_a_key_is_not_meant(void **state)
{
	struct gc_store *w = *state;
	struct claimed a = store_as(w, "WORM-s1024-m1--a", "a"), other = a;
	char key[KEY_MAX];

	assert_int_equal(annex_key_of("other", "WORM-s1024-m1--a", 16, &other.key, NULL),
	                 0);
	assert_int_equal(contents_of(w, &other), 0);
	marker_key(&a, key);
	move(w, key);
	assert_int_equal(contents_of(w, &other), 0);
	assert_int_equal(contents_of(w, &a), 1);
}

/* ---------------------------------------------------------------- what fails */

/* One call of the store fails, or all do from then on, while a key is removed and a gc runs;
 * then another comes to an end. False when there was no such call. */
static bool survives(enum store_fault fault, uint64_t nth)
{
	struct store_fault_plan plan = { fault, nth };
	struct store *memory, *faulty = NULL;
	struct err err = ERR_INIT;
	struct gc_store w;

	gc_store_open(&w);
	struct claimed gone = store_as(&w, "MD5-s1024--a", "a");
	struct claimed kept = store_as(&w, "MD5-s1024--b", "b");
	memory = w.store;
	assert_int_equal(store_faulty_new(memory, plan, 0, &faulty, NULL), 0);
	w.store = w.transfer.store = faulty;
	wait_long(&w);
	if (!annex_claim_drop(faulty, gone.owner, &gone.oid, &err))
		wait_long(&w);
	else
		assert_true(*err.text);
	(void)try_collect(&w, 0, &err);
	bool hit = store_faulty_calls(faulty) >= nth;

	w.store = w.transfer.store = memory;
	assert_int_equal(state_of(&w, &kept), ANNEX_CLAIM_LIVE);
	assert_int_equal(contents_of(&w, &kept), 1);
	assert_true(reads(&w, "b"));
	drop(&w, &gone);
	collect_for_long(&w);
	assert_false(has_object(&w, "a"));
	assert_int_equal(contents_of(&w, &gone), 0);
	assert_int_equal(contents_of(&w, &kept), 1);
	assert_true(reads(&w, "b"));
	w.store = faulty; /* which owns the other */
	gc_store_close(&w);
	return hit;
}

static void whatever_fails_nothing_claimed_is_lost(void **state)
{
	static const enum store_fault faults[] = { FAULT_FAIL, FAULT_LOSE_REPLY,
		                                   FAULT_CRASH };

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		uint64_t nth = 1;
		while (survives(faults[i], nth))
			nth++;
		assert_in_range(nth, 30, 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_two_keys_own_under_one_id_and_no_repository_does),
		TEST(the_end_of_one_key_takes_nothing_from_another_with_its_content),
		TEST(what_is_removed_is_gone_after_a_while_to_its_last_byte),
		TEST(a_prune_takes_nothing_that_an_annex_claims),
		TEST(an_annex_takes_nothing_that_a_repository_needs),
		TEST(what_never_was_claimed_can_be_removed_and_then_is_gone),
		TEST(what_is_stored_again_is_present_again),
		TEST(a_claim_that_went_lately_is_not_ended),
		TEST(only_claims_end_without_a_prune),
		TEST(a_marker_in_trash_is_found_and_comes_back),
		TEST(a_marker_that_a_store_relied_on_is_not_lost),
		TEST(two_contents_of_one_key_are_both_found),
		TEST(another_annex_with_such_a_key_is_not_meant),
		cmocka_unit_test(whatever_fails_nothing_claimed_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
