/* Which remotes a store knows of, and whether it knows that these are all. */
#include "index/store/remote_marks.h"

#include "tests/unit/prune_world.h"

static struct oid place(uint8_t n)
{
	struct oid oid;

	memset(oid.bytes, n, sizeof(oid.bytes));
	return oid;
}

static struct remote_marks read_marks(struct store *s, const char *repo)
{
	struct remote_marks m;

	assert_int_equal(remote_marks_read(s, repo, &m, NULL), 0);
	return m;
}

static void remotes_are_known_from_the_first_owner_on(void **state)
{
	struct world *w = *state;
	struct oid one = place(1), two = place(2), three = place(3);

	assert_int_equal(remote_marks_put(w->store, ours, &one, "org/one", NULL), 0);
	own(w, ours, "a");
	assert_int_equal(remote_marks_put(w->store, ours, &two, "org/two", NULL), 0);
	struct remote_marks m = read_marks(w->store, ours);
	assert_true(m.whole);
	assert_int_equal(m.count, 2);
	assert_string_equal(remote_marks_find(&m, &two)->name, "org/two");
	assert_null(remote_marks_find(&m, &three));
	assert_int_equal(remote_marks_forget(w->store, ours, m.list[0].url, NULL), 0);
	remote_marks_wipe(&m);
	m = read_marks(w->store, ours);
	assert_int_equal(m.count, 1);
	remote_marks_wipe(&m);
}

static void a_store_from_before_does_not_know_them_all(void **state)
{
	struct world *w = *state;
	struct oid one = place(1);

	own(w, ours, "a");
	assert_int_equal(remote_marks_put(w->store, ours, &one, "org/one", NULL), 0);
	struct remote_marks m = read_marks(w->store, ours);
	assert_false(m.whole);
	assert_int_equal(m.count, 1);
	remote_marks_wipe(&m);
	assert_int_equal(remote_marks_say_whole(w->store, ours, NULL), 0);
	m = read_marks(w->store, ours);
	assert_true(m.whole);
	remote_marks_wipe(&m);
}

static void a_copy_knows_what_its_source_knows(void **state)
{
	struct world *w = *state, other;
	struct oid one = place(1), two = place(2);
	struct remote_marks m;

	world_open(&other);
	assert_int_equal(remote_marks_put(w->store, ours, &one, "org/one", NULL), 0);
	assert_int_equal(remote_marks_copy(w->store, other.store, ours, NULL), 0);
	m = read_marks(other.store, ours);
	assert_true(m.whole && m.count == 1);
	assert_string_equal(m.list[0].name, "org/one");
	remote_marks_wipe(&m);

	own(w, theirs, "a"); /* a repository from before there were markers */
	assert_int_equal(remote_marks_put(other.store, theirs, &two, "org/two", NULL), 0);
	m = read_marks(other.store, theirs);
	assert_true(m.whole);
	remote_marks_wipe(&m);
	assert_int_equal(remote_marks_copy(w->store, other.store, theirs, NULL), 0);
	m = read_marks(other.store, theirs);
	assert_true(!m.whole && m.count == 1);
	remote_marks_wipe(&m);
	world_close(&other);
}

static void a_name_that_another_wrote_is_only_a_name(void **state)
{
	struct world *w = *state;
	char text[2 * REMOTE_MARK_NAME], key[KEY_MAX];
	struct oid one = place(1);

	memset(text, 'x', sizeof(text));
	key_remote(ours, &one, key);
	assert_int_equal(store_put_all(w->store, key, text, sizeof(text), NULL), 0);
	struct remote_marks m = read_marks(w->store, ours);
	assert_int_equal(m.count, 1);
	assert_string_equal(m.list[0].name, "");
	remote_marks_wipe(&m);
}

int main(void)
{
#define RULE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		RULE(remotes_are_known_from_the_first_owner_on),
		RULE(a_store_from_before_does_not_know_them_all),
		RULE(a_copy_knows_what_its_source_knows),
		RULE(a_name_that_another_wrote_is_only_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
